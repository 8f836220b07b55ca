/** What is wrong in the pool now, in the words of somebody who works for it. */
import type { GateCode } from '../../../core/payouts/rules/gates.js';
import { findingWords } from '../../../core/sentinel/rules/finding-words.js';
import { workerWords } from '../../../core/standing/rules/worker-words.js';
import { counted, shortEth, utc } from '../kit/numbers.js';
import { type Html, Notice } from '../kit/parts.js';
import { isSourceTroubled } from '../kit/source-state.js';
import type { FrontStatus } from './front-status.js';

/** Waits that concern everybody. The others belong to one payout, or to its ordinary way. */
const SHARED_WAITS: readonly GateCode[] = [
  'WALLET_EMPTY',
  'FEE_ABOVE_CAP',
  'DAILY_CAP_REACHED',
  'GAS_SHARE_ABOVE_CAP',
  'RPC_UNREACHABLE',
  'SIGNER_UNREACHABLE',
  'SIGNER_REFUSED',
  'WALLET_REPLACED',
  'BROADCAST_REFUSED',
];

export function Troubles({ status }: { readonly status: FrontStatus }): Html {
  const stops = stopsOf(status);
  const waits = waitsOf(status, stops);
  const counting = countingTroubles(status);
  if (stops.length + waits.length + counting.length === 0) {
    return (
      <Notice tone="good" title="Nothing is wrong">
        <p>
          {status.rounds.length === 0
            ? 'The pool is ready. It has not paid anybody yet.'
            : 'Jobs are counted and payouts are made.'}
        </p>
      </Notice>
    );
  }
  return (
    <>
      {stops.length > 0 && (
        <Notice tone="bad" title="The pool pays nobody right now">
          <Sentences of={stops.map(workerWords)} />
        </Notice>
      )}
      {waits.length + counting.length > 0 && (
        <Notice tone="warn" title="What is not as usual">
          <Sentences of={[...waits, ...counting]} />
        </Notice>
      )}
    </>
  );
}

const Sentences = ({ of }: { readonly of: readonly string[] }): Html => (
  <ul>
    {of.map((words) => (
      <li>{words}</li>
    ))}
  </ul>
);

/** What keeps the pool from paying anybody. */
function stopsOf({ config, wallet, standing }: FrontStatus): readonly GateCode[] {
  const codes: GateCode[] = [];
  if (!config.pool.payoutsEnabled) codes.push('PAYOUTS_OFF');
  if ((wallet?.halts.length ?? 0) > 0) codes.push('WALLET_HALTED');
  return [...codes, ...standing.stops.map(({ code }) => code)];
}

function waitsOf({ waits }: FrontStatus, stops: readonly GateCode[]): readonly string[] {
  const words: string[] = [];
  for (const { code, payouts } of waits) {
    if (code === null || !SHARED_WAITS.includes(code) || stops.includes(code)) continue;
    words.push(
      `${counted(payouts, 'payout')} ${payouts === 1 ? 'waits' : 'wait'}. ${workerWords(code)}`,
    );
  }
  return words;
}

/** What keeps jobs from being counted, or counted for somebody. */
function countingTroubles(status: FrontStatus): readonly string[] {
  const { sources, pause, findings, totals, terms } = status;
  const words: string[] = [];
  const there = sources.filter(({ removedAt }) => removedAt === null);
  const silent = there.filter((source) => isSourceTroubled(source, status));
  if (pause !== undefined) {
    words.push(
      `The pool has paused the counting of jobs since ${utc(pause.at)}. What you do meanwhile is counted afterwards; nothing is lost.`,
    );
  } else if (silent.length > 0) {
    words.push(
      `The pool hears nothing from ${silent.length} of ${counted(there.length, 'orchestrator')}. What you do there is counted as soon as it answers again; nothing is lost.`,
    );
  }
  if (totals.unattributedJobs > 0) {
    words.push(
      `${counted(totals.unattributedJobs, 'job')} worth ${shortEth(totals.unattributedWei)} ETH cannot be credited yet, because nobody is known to have done ${totals.unattributedJobs === 1 ? 'it' : 'them'}. The money is kept.`,
    );
  }
  words.push(...findings.flatMap((code) => findingWords(code) ?? []));
  if (terms === undefined) words.push('The pool has not recorded its terms yet.');
  return words;
}
