/**
 * Says whose clock is wrong. Postgres tells its time; of Temporal it is known what has happened there already and what has
 * not yet; the chain shows the time of its newest block. These are held against this machine's time.
 */
import { duration } from '../../base/duration.js';

export interface ClockEvidence {
  /** This machine's time. */
  readonly nowMs: number;
  /** What Postgres said the time was at that moment; null when it was not asked. */
  readonly postgresMs: number | null;
  /** Temporal's time is later than this: something has happened there then. Null when nothing has. */
  readonly temporalAfterMs: number | null;
  /** Temporal's time is earlier than this: something is due there only then. Null when nothing is. */
  readonly temporalBeforeMs: number | null;
  /** The time of the newest block; null when no endpoint showed one. */
  readonly headMs: number | null;
  /** A newest block may be this old before the chain counts as standing. */
  readonly maxHeadAgeMs: number;
}

export interface ClockFault {
  readonly whose: 'this machine' | 'Postgres' | 'this machine or Postgres' | 'Temporal' | 'chain';
  readonly code: 'CLOCK_OFF' | 'CHAIN_STANDS';
  /** How far the two clocks that are compared differ, at least. */
  readonly offMs: number;
  readonly what: string;
}

/** Clocks that are kept by NTP differ by less than this, measured over a network. */
const TOLERANCE_MS = 5_000;
/** Temporal's schedules may run late by this much when it is busy. */
const LATE_MS = 30_000;

/** Lists what is wrong with the clocks. Where Postgres and this machine differ, Temporal and the chain say who is right. */
export function judgeClocks(evidence: ClockEvidence): readonly ClockFault[] {
  const { nowMs, postgresMs } = evidence;
  const others = [temporalAgainst(evidence, nowMs), chainAgainst(evidence, nowMs)];
  const faults = others.filter((fault) => fault !== undefined);
  if (postgresMs === null)
    return faults.length === others.length ? [ofThisMachine(faults)] : faults;
  const offMs = nowMs - postgresMs;
  if (Math.abs(offMs) <= TOLERANCE_MS) return faults;
  const fitsHere = faults.length === 0;
  const fitsPostgres =
    temporalAgainst(evidence, postgresMs) === undefined &&
    chainAgainst(evidence, postgresMs) === undefined;
  const way = offMs > 0 ? 'ahead of' : 'behind';
  const what = `the clock of this machine is ${duration(Math.abs(offMs))} ${way} Postgres'`;
  const whose =
    fitsHere === fitsPostgres ? 'this machine or Postgres' : fitsHere ? 'Postgres' : 'this machine';
  return [{ whose, code: 'CLOCK_OFF', offMs: Math.abs(offMs), what }];
}

function temporalAgainst(evidence: ClockEvidence, atMs: number): ClockFault | undefined {
  const { temporalAfterMs, temporalBeforeMs } = evidence;
  const behindMs = temporalAfterMs === null ? 0 : temporalAfterMs - atMs;
  const aheadMs = temporalBeforeMs === null ? 0 : atMs - temporalBeforeMs;
  const offMs = Math.max(behindMs, aheadMs);
  if (offMs <= LATE_MS) return undefined;
  const way = behindMs > aheadMs ? 'ahead of' : 'behind';
  const what = `the clock of Temporal is ${duration(offMs)} ${way} this machine's`;
  return { whose: 'Temporal', code: 'CLOCK_OFF', offMs, what };
}

function chainAgainst(
  { headMs, maxHeadAgeMs }: ClockEvidence,
  atMs: number,
): ClockFault | undefined {
  if (headMs === null) return undefined;
  const ageMs = atMs - headMs;
  if (ageMs > maxHeadAgeMs) {
    const what = `the newest block of the chain is ${duration(ageMs)} old`;
    return { whose: 'chain', code: 'CHAIN_STANDS', offMs: ageMs, what };
  }
  if (-ageMs <= 2 * TOLERANCE_MS) return undefined;
  const what = `the newest block of the chain is ${duration(-ageMs)} ahead of this machine's clock`;
  return { whose: 'chain', code: 'CLOCK_OFF', offMs: -ageMs, what };
}

/** Temporal and the chain both differ from this machine, and Postgres cannot be asked. */
function ofThisMachine(faults: readonly ClockFault[]): ClockFault {
  const offMs = Math.max(...faults.map((fault) => fault.offMs));
  const what = `the clock of this machine differs from Temporal's and the chain's by ${duration(offMs)}`;
  return { whose: 'this machine', code: 'CLOCK_OFF', offMs, what };
}
