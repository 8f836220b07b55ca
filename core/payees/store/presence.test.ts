import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingestSaid, openWorld, payeeOf, type Said } from '../../../test/harness/event-world.js';
import {
  beginPass,
  completePass,
  recordFailure,
} from '../../events/store/sources/source-progress.js';
import { endOldRows } from '../../history/archive/expiry.js';
import { readPresence } from './presence.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Noon of the last day. Days are counted from the first one of the strip of eight. */
const NOW_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS + 12 * HOUR_MS;
const at = (day: number, hours = 0) => NOW_MS - 12 * HOUR_MS - (7 - day) * DAY_MS + hours * HOUR_MS;
const ALICE = payeeOf(1);

let database: TestDatabase;
let id = 0;
const say = (type: string, atMs: number, connection: string, ethAddress = ALICE): Said => {
  id += 1;
  return { id, atMs, type: `worker-${type}`, fields: { ethAddress, connection } };
};
const pass = async (sourceId: string, atMs: number) => {
  const time = new Date(atMs);
  const one = { sourceId, from: null, coversFrom: time, isDeep: false, startedAt: time };
  await beginPass(database.db, one);
  await completePass(database.db, one, { cursor: null, endedAt: time });
};
const strip = async (payee = ALICE, days = 8, nowMs = NOW_MS) =>
  (await readPresence(database.db, { payee, days, nowMs })).map(
    ({ presence, connectedMs }) => `${presence} ${connectedMs / HOUR_MS}`,
  );

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await openWorld(db);
  // In no order: what happened follows from the times of the events.
  await ingestSaid(
    db,
    'a',
    [
      say('disconnected', at(2, 6), 'one:1'),
      say('connected', at(4, 23), 'one:1'),
      say('connected', at(1, 18), 'one:1'),
    ],
    2,
  );
  await ingestSaid(db, 'b', [
    // Another machine of the payee, at the same time for some of it.
    say('connected', at(2, 5), 'two:1'),
    say('disconnected', at(2, 8), 'two:1'),
    // A third one, whose end nobody announced before the orchestrator began anew.
    say('connected', at(6, 0), 'three:1'),
  ]);
  await ingestSaid(db, 'b', [{ id: 900, atMs: at(6, 2), type: 'orchestrator-reset', fields: {} }]);
  await db.$client.query(`UPDATE remote_worker SET created_at = $1`, [new Date(at(1))]);
  for (const day of [1, 2, 4, 5, 6, 7]) await pass('a', at(day, 3));
  await pass('a', at(2, 4));
  await recordFailure(db, 'a', { code: 'X', message: 'x', at: new Date(at(3, 1)) });
});
afterAll(() => database.close());

describe('who was there, day by day', () => {
  it('tells days on, in part, away, unseen, and before the payee was known', async () => {
    expect(await strip()).toEqual([
      'before 0',
      'part 6',
      'part 8',
      // It was away, and the pool could not have seen it: its only pass failed.
      'unseen 0',
      'part 1',
      'on 24',
      'on 24',
      // Until now, which is noon.
      'on 12',
    ]);
    await ingestSaid(database.db, 'a', [say('disconnected', at(5, 0), 'one:1')]);
    expect((await strip()).slice(5)).toEqual(['away 0', 'part 2', 'away 0']);
  });

  it('counts a day of work as there, and knows nobody who was never seen', async () => {
    const BOB = payeeOf(2);
    await ingestSaid(database.db, 'a', [
      { id: 901, atMs: at(6, 5), type: 'job-processed', fields: { ethAddress: BOB, fees: 5n } },
    ]);
    expect((await strip(BOB)).slice(5)).toEqual(['before 0', 'part 0', 'before 0']);
    expect(await strip(payeeOf(9), 2)).toEqual(['before 0', 'before 0']);
  });

  it('has the hours in which the pool looked, and the times of the first and last connection', async () => {
    const days = await readPresence(database.db, { payee: ALICE, days: 8, nowMs: NOW_MS });
    expect(days[2]).toMatchObject({
      seenHours: (1 << 3) | (1 << 4),
      firstAt: new Date(at(2)),
      lastAt: new Date(at(2, 8)),
    });
    const { rows } = await database.db.$client.query(
      `SELECT good_passes, failed_passes FROM source_day WHERE source_id = 'a' ORDER BY day`,
    );
    expect(rows.map((row) => [row.good_passes, row.failed_passes]).slice(0, 3)).toEqual([
      [1, 0],
      [2, 0],
      [0, 1],
    ]);
  });

  it('loses what is older than a hundred days, but not that a connection is still up', async () => {
    const { db } = database;
    const CAROL = payeeOf(3);
    await ingestSaid(db, 'a', [
      say('connected', NOW_MS - 150 * DAY_MS, 'old:1', CAROL),
      say('disconnected', NOW_MS - 140 * DAY_MS, 'old:1', CAROL),
      say('connected', NOW_MS - 130 * DAY_MS, 'still:1', CAROL),
    ]);
    const before = [await strip(CAROL, 90), await strip(ALICE, 90)];
    await endOldRows(db);
    expect([await strip(CAROL, 90), await strip(ALICE, 90)]).toEqual(before);
    expect(before[0]?.[0]).toBe('on 24');
    const { rows } = await db.$client.query(
      `SELECT connection FROM connection_change WHERE changed_dt < $1`,
      [new Date(NOW_MS - 100 * DAY_MS)],
    );
    expect(rows).toEqual([{ connection: 'still:1' }]);
  });
});
