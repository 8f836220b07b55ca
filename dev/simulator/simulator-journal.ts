import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';

/**
 * What an orchestrator emitted, in its own words, and who truly did each job: one JSON object per
 * line, only ever appended. It is both the orchestrator's memory over restarts and the reference
 * that the ledger is compared with.
 */
export type JournalLine = EventLine | WipeLine;

export interface EventLine {
  readonly kind: 'event';
  /** The number of its database. Each wipe begins a new one. */
  readonly db: number;
  readonly id: number;
  /** SQLite's own spelling: `2025-02-03 04:05:06`. */
  readonly dt: string;
  /** The element exactly as it is served. */
  readonly raw: string;
  readonly truth: Truth;
}

export interface WipeLine {
  readonly kind: 'wipe';
  readonly db: number;
}

/** Facts that only the orchestrator knows for sure. */
export interface Truth {
  readonly type: string;
  /** The job's number. Unlike a request id, it is never used again. */
  readonly job?: number;
  /** Who did it, in lower case; empty when the worker gave no address. */
  readonly worker?: string;
  readonly grossWei?: string;
  /** The element is broken: it must be set aside and count for nothing. */
  readonly malformed?: true;
  readonly connection?: string;
}

export function appendJournal(path: string, lines: readonly JournalLine[]): void {
  if (lines.length === 0) return;
  appendFileSync(path, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

/** Reads all whole lines. A last line that a kill cut short was never served either. */
export function readJournal(path: string): readonly JournalLine[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine);
}

/** Reads a journal in order to append to it, and removes a last line that a kill cut short. */
export function reopenJournal(path: string): readonly JournalLine[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  truncateSync(path, bytes.lastIndexOf(NEWLINE) + 1);
  return readJournal(path);
}

const NEWLINE = 10;
