/** A pool with a quarter of raw events, old enough to be archived, and what archives, restores and rebuilds them. */
import { type ArchiveRun, archiveMonths } from '../../core/history/archive/archiving.js';
import { restoreMonth } from '../../core/history/archive/restore.js';
import { ingestSaid, inventEvents, payeeOf, type Said } from './event-world.js';
import { useHistory } from './history-world.js';

export const JANUARY = Date.parse('2026-01-01T00:00:00Z');
export const FEBRUARY = Date.parse('2026-02-01T00:00:00Z');
export const APRIL = Date.parse('2026-04-01T00:00:00Z');
export const DAY_MS = 86_400_000;
/** The present time of the tests, in April: with one whole month kept, January and February are old enough. */
export const NOW = new Date('2026-04-10T12:00:00Z');

/** Like `useHistory`, with what archives and restores in it. */
export function useArchiveWorld() {
  const { world, rowsOf, rebuild } = useHistory();
  const archive = (changes: Partial<ArchiveRun> = {}) =>
    archiveMonths(world.db, {
      dir: world.dir,
      keepMonths: 1,
      now: NOW,
      onProgress: () => undefined,
      ...changes,
    });
  const restore = (month: number, db = world.db) =>
    restoreMonth(db, {
      dir: world.dir,
      month: new Date(month),
      actor: 'test',
      reason: 'a question',
      onProgress: () => undefined,
    });
  const everything = () =>
    rowsOf(`SELECT count(*)::int AS rows, md5(string_agg(e::text, E'\\n' ORDER BY source_id, dt, event_id)) AS all
              FROM pool_event e`);
  const hasBeenQuiet = () =>
    world.db.$client.query(
      'UPDATE pool_event SET received_at = dt; UPDATE source SET deep_from_dt = NULL',
    );
  return { world, rowsOf, archive, restore, rebuild, everything, hasBeenQuiet, seed };

  /** Takes in a quarter of events, and makes them look as if each had come when it happened. */
  async function seed(): Promise<void> {
    const { db } = world;
    const quarter = { fromMs: JANUARY + 2 * DAY_MS, count: 130, stepMs: 55_000_000 };
    await ingestSaid(db, 'a', inventEvents(5, quarter));
    await ingestSaid(db, 'b', inventEvents(6, { ...quarter, count: 60 }));
    // Texts that COPY has to escape, and an AI job with one half on each side of the end of a month.
    const type = 'moon\t\b\v\f\rlan\\ded';
    const request = { requestID: 'over', ethAddress: payeeOf(2) };
    const processed = { requestID: 'over', fees: 500n };
    await ingestSaid(db, 'a', [
      { id: 9_001, atMs: JANUARY, type, fields: { x: 'a\\b\n\t"' } },
      { id: 9_002, atMs: FEBRUARY - 60_000, type: 'job-received', fields: request },
      { id: 9_003, atMs: FEBRUARY + 60_000, type: 'job-processed', fields: processed },
    ]);
    await hasBeenQuiet();
  }
}

export const job = (id: number, atMs: number, fees = 1_000n): Said => ({
  id,
  atMs,
  type: 'job-processed',
  fields: { ethAddress: payeeOf(1), fees },
});
