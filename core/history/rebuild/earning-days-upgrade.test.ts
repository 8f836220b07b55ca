/** Tests what the migration makes of the days of a database that has a history, against what ingest has kept of the same one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FEBRUARY, useArchiveWorld } from '../../../test/harness/archive-world.js';
import { ingestSaid, payeeOf } from '../../../test/harness/event-world.js';
import { adjustPending } from '../../decisions/store/adjustments.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';

const MIGRATION = new URL('../../db/migrations/0031_add_up_earnings_by_day.sql', import.meta.url);
/** Takes everything away that the migration adds. */
const BEFORE = `
  DROP TABLE earning_day, worker_earned, pool_day, connection_change, reset_change, source_day;
  DROP FUNCTION earning_days_added, earning_days_changed, lock_earning_days;
  ALTER TABLE decided_job DROP COLUMN pipeline, DROP COLUMN model_id;
  ALTER TABLE ledger_audit DROP COLUMN day_worker_id`;
const ONES = { actor: 'ann', reason: 'it is right' };

const { world, rowsOf, archive, seed } = useArchiveWorld();
const days = () =>
  rowsOf(`SELECT remote_worker_id, day::text, pipeline, model_id, jobs, compute_units, gross_wei,
    commission_wei, adjusted_wei FROM earning_day ORDER BY 1, 2, 3, 4`);
const sums = async () => [
  await rowsOf('SELECT * FROM worker_earned ORDER BY 1'),
  await rowsOf('SELECT * FROM pool_day ORDER BY 1, 2, 3, 4, 5'),
];
const upgrade = async () => {
  await world.db.$client.query(BEFORE);
  await world.db.$client.query(readFileSync(MIGRATION, 'utf8'));
};

async function liveOn(): Promise<void> {
  const { db } = world;
  await seed();
  await ingestSaid(db, 'a', [
    // A time with a late other half, and texts that Postgres cannot read as JSON.
    {
      id: 8_001,
      atMs: FEBRUARY,
      type: 'transcode',
      fields: { ethAddress: payeeOf(3), fees: 2_000n, encodedPixels: 77 },
    },
    {
      id: 8_002,
      atMs: FEBRUARY,
      type: 'job-processed',
      fields: { requestID: 'z', pipeline: 'llm', modelID: 'own/er', fees: 333n },
    },
  ]);
  const { items } = await listUnmatchedJobs(db, { role: 'processed' }, { limit: 9, cursor: null });
  const keys = [...items, { sourceId: 'a', dt: new Date(FEBRUARY), eventId: '8002' }].map(
    ({ dt, sourceId, eventId }) => ({ sourceId, eventId, dtMs: dt.getTime() }),
  );
  const assignee = { payee: payeeOf(1), nodeType: null, region: null };
  await applyDecision(db, keys, {
    ...ONES,
    assignee,
    isNewPayee: true,
    commandId: 'c',
    dryRun: false,
    maxPerDayWei: 10n ** 30n,
    mayBeGone: false,
  });
  for (const [reference, amountWei] of [
    ['one', -5n],
    ['two', 70n],
  ] as const) {
    await adjustPending(db, {
      ...ONES,
      ...assignee,
      reference,
      amountWei,
      nodeType: 'ai',
      region: 'eu',
      isNewPayee: false,
      allowDebt: true,
      dryRun: false,
      maxPerDayWei: 10n ** 30n,
    });
  }
}

describe('the upgrade of a database with a history', () => {
  it('makes the very days, and their sums, that ingest has kept', async () => {
    await liveOn();
    const [kept, keptSums] = [await days(), await sums()];
    expect(kept.length).toBeGreaterThan(100);
    expect(kept.some(({ pipeline, model_id }) => pipeline === 'llm' && model_id === 'own/er')).toBe(
      true,
    );
    await upgrade();
    expect(await days()).toEqual(kept);
    expect(await sums()).toEqual(keptSums);
    const [changes] = await rowsOf(`SELECT count(*)::int AS n FROM connection_change`);
    expect(changes.n).toBeGreaterThan(0);
    const seen = await rowsOf(`SELECT good_hours FROM source_day WHERE source_id = 'a' LIMIT 1`);
    expect(seen).toHaveLength(1);
  });

  it('puts what it cannot read, because it is in files, on the day before the rest', async () => {
    await liveOn();
    const kept = await days();
    await archive();
    await upgrade();
    const [{ first }] = await rowsOf('SELECT min(dt) AS first FROM pool_event');
    expect(first.getTime()).toBe(FEBRUARY);
    const from = first.toISOString().slice(0, 10);
    const isInTable = ({ day }: { day: string }) => day >= from;
    const now = await days();
    const decided = ({ remote_worker_id, day }: Record<string, string>) =>
      `${remote_worker_id} ${day}`;
    const inTable = now.filter(isInTable).map(decided);
    expect(inTable).toEqual(kept.filter(isInTable).map(decided));
    const total = `SELECT w.id, w.jobs = t.jobs AND w.compute_units = t.compute_units AND (
        SELECT sum(amount_wei) FROM balance b WHERE b.remote_worker_id = w.id AND account IN ('pending', 'reserved', 'paid'))
        = t.gross_wei - t.commission_wei + t.adjusted_wei AS same
      FROM remote_worker w JOIN worker_earned t ON t.remote_worker_id = w.id`;
    const totals = await rowsOf(total);
    expect(totals.length).toBeGreaterThan(5);
    expect(totals.filter(({ same }) => same !== true)).toEqual([]);
  });
});
