/** Every class of fault in the storm by its name, and how often each was really injected. */

/** What goes wrong with a whole request to an RPC endpoint. */
export const TRANSPORT_FAULTS = [
  'answerLost',
  'requestLost',
  'answerLate',
  'http429',
  'http5xx',
  'garbageAnswer',
  'htmlAnswer',
  'rpcDown',
] as const;

/** What one endpoint says that is not so. */
export const LIES = [
  'receiptNull',
  'blockNull',
  'headTooLow',
  'headTooHigh',
  'headGoesBack',
  'nonceTooHigh',
  'nonceTooLow',
  'receiptForged',
  'hundredBehind',
] as const;

export const CHAIN_FAULTS = ['poolEmptied', 'reorg', 'baseFeeJump', 'miningStalled'] as const;
export const FOREIGN_FAULTS = ['foreignToStranger', 'foreignToPayee'] as const;
export const PAYEE_FAULTS = ['payeeReverts', 'payeeBurnsGas'] as const;
export const PROCESS_FAULTS = [
  'workerKilled',
  'postgresBackendKilled',
  'postgresDown',
  'temporalKilled',
] as const;

export const FAULTS = [
  ...TRANSPORT_FAULTS,
  ...LIES,
  ...CHAIN_FAULTS,
  ...FOREIGN_FAULTS,
  ...PAYEE_FAULTS,
  ...PROCESS_FAULTS,
] as const;

export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
export type Lie = (typeof LIES)[number];
export type RpcFault = TransportFault | Lie;
export type Fault = (typeof FAULTS)[number];

export interface FaultTally {
  note(fault: Fault, times?: number): void;
  readonly injected: () => Readonly<Record<Fault, number>>;
  /** Classes that were never injected: a storm without them has shown nothing about them. */
  missing(): readonly Fault[];
}

export function createTally(): FaultTally {
  const counts = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
  return {
    note: (fault, times = 1) => void counts.set(fault, (counts.get(fault) ?? 0) + times),
    injected: () => Object.fromEntries(counts) as Record<Fault, number>,
    missing: () => FAULTS.filter((fault) => counts.get(fault) === 0),
  };
}
