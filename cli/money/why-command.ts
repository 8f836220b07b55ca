import { viewClaim } from '../../client/views.js';
import { type GateView, readWhy, viewWhy } from '../../client/why.js';
import { duration } from '../../core/base/duration.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { parseAddress, toChecksum } from '../../core/chain/checksums.js';
import { readClaims } from '../../core/policies/claims/claimed.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';

/** Adds `openpool why`: every gate between a payee and its next payout. */
export function addWhyCommand(program: PoolCommand): void {
  program.add('why <payee>', 'why a payee is paid, or why not: every gate, open or shut').run(tell);
}

async function tell({ db, deps, answer }: CliContext, given: string): Promise<void> {
  const address = parseAddress(given);
  const [found, claimed] = await Promise.all([readWhy(deps, address), readClaims(db, [address])]);
  if (found === undefined) {
    throw new PoolError('PAYEE_UNKNOWN', `${toChecksum(address)} is not known here`);
  }
  const why = viewWhy(found, ({ reason }) => reason);
  const claims = (claimed.get(address) ?? []).map(viewClaim);
  const underWay = why.payoutUnderWay;
  const text = [
    `${toChecksum(address)}: ${VERDICTS[why.verdict]}`,
    ...(why.words === null ? [] : [why.words]),
    `pending ${why.pendingEth} ETH (${why.pendingWei} wei)`,
    why.expected.words,
    '',
    'the pool',
    ...why.pool.map(line),
    'the next round',
    ...why.round.map(line),
    underWay === null
      ? 'the payout that it would make'
      : `payout ${underWay.id}, ${underWay.state}, ${underWay.amountEth} ETH`,
    ...why.payout.map(line),
    ...claims.map(({ asset, amount, words }) => `besides, ${amount} ${asset}: ${words}`),
  ].join('\n');
  answer(text, { payee: address, ...why, claims });
}

const VERDICTS = {
  pays: 'paid by the next round',
  waits: 'the next round reserves a payout, which then waits',
  'not-due': 'not due yet',
  stopped: 'the pool pays nobody now',
  'under-way': 'a payout is under way',
  'held-up': 'a payout is under way, and held up',
};

function line({ name, isOpen, code, reason, opensByItself, opener, usually }: GateView): string {
  if (isOpen) return `  open  ${name}: ${reason}`;
  const whose = opener === 'nobody' ? '' : `; the ${opener} can open it`;
  const itself = opensByItself ? 'opens by itself' : 'does not open by itself';
  const usual =
    usually === null
      ? ''
      : `; usually ${duration(usually.medianMs)}, nine of ten times less than ${duration(usually.p90Ms)}`;
  return `  SHUT  ${name}, ${code}: ${reason}\n        ${itself}${whose}${usual}`;
}
