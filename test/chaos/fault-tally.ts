/** The classes of fault in the storm by name, and a count of how often each was really injected. */

/** Faults that hit a whole request to an RPC endpoint. */
export const TRANSPORT_FAULTS = [
  'answerLost',
  'requestLost',
  'answerLate',
  'http429',
  'http5xx',
  'garbageAnswer',
  'htmlAnswer',
  'bytesRefused',
  'rpcDown',
] as const;

/** Wrong answers that one endpoint gives. */
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

export const CHAIN_FAULTS = [
  'poolEmptied',
  'reorg',
  'baseFeeJump',
  'miningStalled',
  'chainStood',
] as const;
export const FOREIGN_FAULTS = ['foreignToStranger', 'foreignToPayee'] as const;
export const PAYEE_FAULTS = ['payeeReverts', 'payeeBurnsGas'] as const;
/** What a stranger does who reaches Temporal, but neither the database nor the API's token. */
export const STRANGER_FAULTS = [
  'strangerStarted',
  'strangerMessaged',
  'strangerTerminated',
] as const;
/** Answers of another chain's node, while all endpoints or most of them are moved to it. */
export const MOVED_FAULTS = ['allEndpointsMoved', 'mostEndpointsMoved'] as const;
/** An operator adopts while every endpoint serves another chain. That is refused, as it is not the ledger's chain. */
export const ADOPTION_FAULTS = ['adoptRefusedElsewhere'] as const;
/** Another pool in the namespace: starts, and kills in the middle of its work. */
export const SECOND_POOL_FAULTS = ['secondPoolStarted', 'secondPoolStopped'] as const;
/** Payouts that were signed by the old key and still open when another key was named. */
export const WALLET_FAULTS = ['walletReplacedUnderWay'] as const;
export const PROCESS_FAULTS = [
  'workerKilled',
  'postgresBackendKilled',
  'postgresDown',
  'connectionsHalfOpen',
  'temporalKilled',
  'sagasWedged',
] as const;

/** Classes of the scripted scenario. The first counts transfers, and the second counts payees. */
export const RESTORE_FAULTS = ['outOfGas', 'paidAfterOutOfGas', 'backupRestored'] as const;

/** The classes that belong to a storm. */
export const FAULTS = [
  ...TRANSPORT_FAULTS,
  ...LIES,
  ...CHAIN_FAULTS,
  ...FOREIGN_FAULTS,
  ...PAYEE_FAULTS,
  ...PROCESS_FAULTS,
  ...STRANGER_FAULTS,
  ...MOVED_FAULTS,
  ...ADOPTION_FAULTS,
  ...SECOND_POOL_FAULTS,
  ...WALLET_FAULTS,
] as const;

export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
export type Lie = (typeof LIES)[number];
export type MovedFault = (typeof MOVED_FAULTS)[number];
export type RpcFault = TransportFault | Lie;
export type Fault = (typeof FAULTS)[number] | (typeof RESTORE_FAULTS)[number];

export interface FaultTally {
  note(fault: Fault, times?: number): void;
  /** Returns the count of each planned class. */
  readonly injected: () => Readonly<Partial<Record<Fault, number>>>;
  /** Returns the planned classes that were never injected. The storm has shown nothing about these. */
  missing(): readonly Fault[];
}

export function createTally(planned: readonly Fault[] = FAULTS): FaultTally {
  const counts = new Map<Fault, number>(planned.map((fault) => [fault, 0]));
  return {
    note: (fault, times = 1) => void counts.set(fault, (counts.get(fault) ?? 0) + times),
    injected: () => Object.fromEntries(counts),
    missing: () => planned.filter((fault) => counts.get(fault) === 0),
  };
}
