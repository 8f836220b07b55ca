/** The classes of fault by name, and a count of how often each really happened. */

/** Faults of the orchestrators. */
const OF_THE_SOURCE = [
  'sameSecondBurst',
  'writtenInTheSecondOfAPoll',
  'lateCommit',
  'lateCommitBeyondOverlap',
  'committedDaysLate',
  'restart',
  'wipe',
  'wipeReusedIdentity',
  'clockAhead',
  'clockBehind',
  'clockBack',
  'outage',
  'oldDialect',
] as const;

/** Faults in the content of their events. */
const OF_THE_EVENTS = [
  'gatewayRetry',
  'requestIdRepeatedWithinWindow',
  'requestIdRepeatedLater',
  'receivedAfterProcessed',
  'receivedInAnotherPoll',
  'receivedNever',
  'receivedAWeekLate',
  'receivedWrittenAWeekLater',
  'jobOfAnHour',
  'receivedWithoutAddress',
  'noAddress',
  'zeroAddress',
  'feeAboveTwoTo53',
  'zeroFee',
  'feeAboveCap',
  'unknownType',
  'unknownVersion',
  'malformedElement',
  'workerConnected',
  'workerDisconnected',
] as const;

/** Faults of answers on their way. */
const OF_THE_WIRE = [
  'connectionBroken',
  'answerWithoutEnd',
  'httpError',
  'duplicatedElement',
  'answerInPieces',
] as const;

/** Faults that hit the manager. */
const OF_THE_MANAGER = [
  'killedBefore',
  'killedDuring',
  'killedAfter',
  'connectionLost',
  'backendTerminated',
  'cancelled',
  'sigkilled',
  'concurrentPasses',
  'managerClockAhead',
  'managerClockBehind',
  'termsChanged',
  'capRaised',
  'versionChanged',
] as const;

const FAULTS = [...OF_THE_SOURCE, ...OF_THE_EVENTS, ...OF_THE_WIRE, ...OF_THE_MANAGER] as const;
export type FaultClass = (typeof FAULTS)[number];
export type FaultCounts = Readonly<Record<FaultClass, number>>;

export interface FaultTally {
  note(fault: FaultClass, times?: number): void;
  counts(): FaultCounts;
}

export function createFaultTally(): FaultTally {
  const counts = new Map<FaultClass, number>(FAULTS.map((fault) => [fault, 0]));
  return {
    note: (fault, times = 1) => void counts.set(fault, (counts.get(fault) ?? 0) + times),
    counts: () => Object.fromEntries(counts) as FaultCounts,
  };
}

/** Adds up the counts of several seeds. */
export function addCounts(all: readonly FaultCounts[]): FaultCounts {
  const tally = createFaultTally();
  for (const counts of all) {
    for (const fault of FAULTS) tally.note(fault, counts[fault]);
  }
  return tally.counts();
}

/** Returns the classes that never happened. The seeds have shown nothing about these. */
export function neverInjected(counts: FaultCounts): readonly FaultClass[] {
  return FAULTS.filter((fault) => counts[fault] === 0);
}
