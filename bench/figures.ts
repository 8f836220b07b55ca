/** Takes figures, and sums up several of them. */
import { readFileSync } from 'node:fs';
import type { Database } from '../core/db/database.js';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Returns the value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rounds to three significant digits, and to whole numbers above a thousand. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}

export const toMb = (bytes: number): number => bytes / 1_048_576;

/** Returns how many milliseconds the work takes. */
export async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** Returns how long the backends of this database have been busy, as Postgres counts it. */
export async function postgresMs(db: Database): Promise<number> {
  await db.$client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await db.$client.query<{ active_time: number }>(
    'SELECT active_time FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.active_time ?? Number.NaN;
}

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;

/** Returns the CPU time of a process since its start. Linux only. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Returns the most memory that a process has held so far, or undefined where there is no /proc. */
export function peakRssMbOf(pid: number | 'self'): number | undefined {
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return mark === null ? undefined : Number(mark[1]) / 1_024;
  } catch {
    return undefined;
  }
}
