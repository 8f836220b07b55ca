/** The notices at the top of the page: what an operator must see at once. */
import { toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import { publicHalt } from '../../outside.js';
import { counted, shortEth } from '../kit/numbers.js';
import { type Html, Notice, Pill } from '../kit/parts.js';
import type { PoolStatus } from './pool-status.js';

interface StatusProps {
  readonly status: PoolStatus;
}

export const StandingPill = ({ status: { standing } }: StatusProps): Html => (
  <Pill tone={standing.tone}>{standing.words}</Pill>
);

export function Notices({ status }: StatusProps): Html {
  const { wallet, totals, unaffordable, standing, syncPause } = status;
  const { unattributedJobs, unattributedWei, setAsideEvents } = totals;
  return (
    <>
      {(wallet?.halts ?? []).map(publicHalt).map(({ code, reason }) => (
        <Notice tone="bad" title={`Nothing is paid: the wallet is halted (${code})`}>
          <p>{withChecksums(reason)}</p>
        </Notice>
      ))}
      {syncPause !== undefined && (
        <Notice tone="warn" title="New jobs are not read now: the operator has paused that">
          <p>{syncPause.reason}. Nothing is lost: they are read afterwards.</p>
        </Notice>
      )}
      {standing.stops.map(({ code, short, reason }) => (
        <Notice tone="bad" title={`Nothing is paid: ${short} (${code})`}>
          <p>{sentence(reason)}</p>
        </Notice>
      ))}
      {wallet !== undefined && wallet.replacedBy !== null && (
        <Notice tone="warn" title="Another wallet is to pay from now on">
          <p>It goes on when a worker with its key has started.</p>
        </Notice>
      )}
      {unaffordable.payouts > 0 && (
        <Notice
          tone="bad"
          title={`${counted(unaffordable.payouts, 'payout')} of ${shortEth(unaffordable.amountWei)} ETH ${unaffordable.payouts === 1 ? 'waits' : 'wait'} for the wallet to be topped up`}
        >
          <p>{walletHolds(wallet)}</p>
        </Notice>
      )}
      {unattributedJobs > 0 && (
        <Notice
          tone="warn"
          title={`${counted(unattributedJobs, 'job')} worth ${shortEth(unattributedWei)} ETH unattributed`}
        >
          <p>
            Nobody is known to have done them yet. <a href="/v1/unattributed">See the jobs</a>
          </p>
        </Notice>
      )}
      {setAsideEvents > 0 && (
        <Notice tone="warn" title={`${counted(setAsideEvents, 'event')} set aside`}>
          <p>
            They could not be counted as they came. <a href="/v1/set-aside">See the events</a>
          </p>
        </Notice>
      )}
    </>
  );
}

function walletHolds(wallet: PoolStatus['wallet']): string {
  if (wallet === undefined) return '';
  const { address, balance, replacedBy } = wallet;
  if (replacedBy !== null)
    return `Send ETH to ${toChecksum(replacedBy)}, and start the workers with its key.`;
  const held = balance === null ? '' : `, which holds ${shortEth(balance.wei)} ETH`;
  return `Send ETH to ${toChecksum(address)}${held}. They go on by themselves.`;
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
