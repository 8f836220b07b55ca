import { withChecksums } from '../core/chain/checksums.js';
import type { Gate, Measured } from '../core/payouts/rules/gates.js';
import { workerWords } from '../core/standing/rules/worker-words.js';
import type { UsualWait } from '../core/standing/store/why-reads.js';
import { amount } from './views.js';
import type { PayeeWhy } from './why.js';

/**
 * Shows why a payee is paid or not, in `/v1` and on the command line. `said` leaves out of a gate's reason what its
 * reader may not see.
 */
export function viewWhy(why: PayeeWhy, said: (gate: Gate) => string | null) {
  const show = (gate: Gate) => viewGate(gate, why.usual, said);
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

function viewGate(gate: Gate, usual: PayeeWhy['usual'], said: (gate: Gate) => string | null) {
  const { name, code, measured, opensByItself, opener } = gate;
  return {
    name,
    isOpen: code === null,
    code,
    reason: withChecksums(said(gate)),
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
