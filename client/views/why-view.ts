import { withChecksums } from '../../core/chain/checksums.js';
import type { Gate, Measured } from '../../core/payouts/rules/gates.js';
import { workerWords } from '../../core/standing/rules/worker-words.js';
import type { UsualWait } from '../../core/standing/store/why-reads.js';
import type { PayeeWhy } from '../why.js';
import { amount } from './amounts.js';
import { publicWait } from './outside.js';

/** Shows why a payee is paid or not, in `/v1` and on the command line. */
export function viewWhy(why: PayeeWhy, showsWords: boolean) {
  const show = (gate: Gate) => viewGate(gate, why.usual, showsWords);
  const { underWay } = why;
  return {
    at: why.at,
    verdict: why.verdict,
    /** What the gate that decides means to the payee; null when all are open. */
    words: why.decidedBy?.code == null ? null : workerWords(why.decidedBy.code),
    decidedBy: why.decidedBy && show(why.decidedBy),
    ...amount('pending', why.pendingWei),
    payoutUnderWay:
      underWay === undefined
        ? null
        : { id: underWay.id, state: underWay.state, ...amount('amount', underWay.amountWei) },
    pool: why.pool.map(show),
    round: why.round.map(show),
    payout: why.payout.map(show),
  };
}

export type GateView = ReturnType<typeof viewGate>;

function viewGate(gate: Gate, usual: PayeeWhy['usual'], showsWords: boolean) {
  const { name, code, reason, measured, opensByItself, opener } = gate;
  const said = showsWords ? reason : publicWait(code, reason);
  return {
    name,
    isOpen: code === null,
    code,
    reason: withChecksums(said),
    words: code === null ? null : workerWords(code),
    ...viewMeasured(measured),
    opensByItself,
    opener,
    usually: code === null ? null : viewUsual(usual.get(code)),
  };
}

function viewMeasured(measured: Measured | null) {
  if (measured === null) return { unit: null, value: null, limit: null };
  const { unit, value, limit } = measured;
  return unit === 'wei'
    ? { unit, value: value.toString(), limit: limit.toString() }
    : { unit, value, limit };
}

function viewUsual(usual: UsualWait | undefined) {
  if (usual === undefined) return null;
  const { waits, medianMs, p90Ms } = usual;
  return { waits, medianMs: Math.round(medianMs), p90Ms: Math.round(p90Ms) };
}
