/**
 * The gates that money passes on its way to a payee. A round and a saga go through the very lists that a payee is
 * shown, so what is shown is what is done: the first gate that is shut decides.
 */
import type { WaitCode } from './payout.js';

/** Why a payee is not paid for now, whatever is pending: by the pool's policy, or by its own wish. */
export const REFUSAL_CODES = [
  'NOT_INVITED',
  'NOT_ADMITTED',
  'HELD_BY_POLICY',
  'PAUSED_BY_PAYEE',
] as const satisfies readonly WaitCode[];
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why no payout is reserved for a payee. */
export type NotDueCode =
  | RefusalCode
  | 'NOTHING_PENDING'
  | 'NEGATIVE'
  | 'OPEN_PAYOUT'
  | 'UNPAYABLE'
  | 'PAYEE_IS_WALLET'
  | 'BELOW_THRESHOLD'
  | 'TOO_SOON'
  | 'GAS_TOO_DEAR';

/** What stops all payouts of the pool. */
export type PoolStopCode =
  | 'PAYOUTS_OFF'
  | 'WALLET_HALTED'
  | 'WORKER_SILENT'
  | 'TEMPORAL_UNREACHABLE'
  | 'ROUND_LATE'
  | 'WALLET_EMPTY';

export type GateCode = NotDueCode | PoolStopCode | WaitCode;

/** Who can open a gate that is shut: the payee, whoever runs the pool, or nobody. */
export type Opener = 'payee' | 'pool' | 'nobody';

/** What a gate measures, and the limit that it compares it with: amounts in wei, times, or counts. */
export type Measured =
  | { readonly unit: 'wei'; readonly value: bigint; readonly limit: bigint }
  | { readonly unit: 'time'; readonly value: Date; readonly limit: Date }
  | { readonly unit: 'count'; readonly value: number; readonly limit: number };

export interface Gate<Code extends GateCode = GateCode> {
  /** What the gate is about, such as `threshold`; it stays the same whether the gate is open or shut. */
  readonly name: string;
  /** Why it is shut; null while it is open. */
  readonly code: Code | null;
  /** What is true, with the figures, in the operator's words. */
  readonly reason: string;
  readonly measured: Measured | null;
  /** Whether time or what the pool does anyway opens it while it is shut. */
  readonly opensByItself: boolean;
  readonly opener: Opener;
}

/** A gate that is shut. */
export type ShutGate<Code extends GateCode> = Gate<Code> & { readonly code: Code };

/** Returns the first gate that is shut; undefined when all are open. */
export function firstShut<Code extends GateCode>(
  gates: readonly Gate<Code>[],
): ShutGate<Code> | undefined {
  return gates.find((gate): gate is ShutGate<Code> => gate.code !== null);
}
