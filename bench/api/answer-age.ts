/** Measures how old the API's answers are: a worker's last event is moved on all the time, and answers tell how far. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';

const WRITE_EACH_MS = 20;
const READ_EACH_MS = 60;
const BUSY = 503;

interface AgeOptions {
  readonly db: Database;
  readonly url: string;
  /** The payee of the worker that is seen first. */
  readonly payee: string;
  readonly paths: readonly string[];
}

/** Returns the age of the oldest answer in ms, from when what it says was overtaken until it was sent for. */
export async function oldestAnswer(
  { db, url, payee, paths }: AgeOptions,
  until: Promise<unknown>,
): Promise<number> {
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  /** The times that were written, with when each was there for everybody. */
  const written: { readonly said: number; readonly thereMs: number }[] = [];
  const write = async (): Promise<void> => {
    while (!isOver) {
      const said = Date.now();
      await db.execute(sql`
        UPDATE remote_worker SET last_event_at = ${new Date(said).toISOString()} WHERE payee = ${payee}`);
      written.push({ said, thereMs: Date.now() });
      await sleep(WRITE_EACH_MS);
    }
  };
  let oldestMs = 0;
  const read = async (path: string): Promise<void> => {
    while (!isOver) {
      const askedMs = Date.now();
      const answer = await fetch(`${url}${path}`);
      const text = await answer.text();
      await sleep(READ_EACH_MS);
      // A refusal tells nothing that could be old.
      if (answer.status === BUSY) continue;
      const [, at] = /"(?:last_updated|lastEventAt)":"([^"]+)"/.exec(text) ?? [];
      if (at === undefined) throw new Error(`${path} tells no time: ${text.slice(0, 200)}`);
      const next = written.find(({ said }) => said > Date.parse(at));
      if (next !== undefined) oldestMs = Math.max(oldestMs, askedMs - next.thereMs);
    }
  };
  await Promise.all([write(), ...paths.map(read)]);
  return oldestMs;
}
