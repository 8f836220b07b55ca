import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { openWorld } from '../../../test/harness/event-world.js';
import { findSetAside, pagesOfChosen, pagesOfUntried } from './set-aside.js';

const LENGTHS = [10, 400_000, 400_000, 400_000, 2_000_000, 10, 10];

describe('what was set aside and is tried again', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await openWorld(database.db, ['a']);
    await database.db.$client.query(
      `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
       SELECT 'a', 'x', 'EVENT_NOT_JSON', '', repeat('x', length), 'h' || i, '0'
         FROM unnest($1::integer[]) WITH ORDINALITY AS k (length, i)`,
      [LENGTHS],
    );
  });
  afterAll(() => database.close());

  const trial = { version: '1', maxJobFeeWei: 1n, from: null };
  const choice = { ids: [], code: null, sourceId: 'a' };
  it.each([
    ['by a pass', () => pagesOfUntried(database.db, 'a', trial)],
    ['by a person', () => pagesOfChosen(database.db, choice)],
  ])(
    'is read in pages that fit into little memory, however long the events are, %s',
    async (_, readPages) => {
      const pages: number[][] = [];
      for await (const page of readPages()) pages.push(page.map(({ raw }) => raw.length));
      expect(pages).toEqual([[10, 400_000, 400_000], [400_000], [2_000_000], [10, 10]]);
    },
  );

  it.each(['+200000-01-01T00:00:00Z', '-000005-01-01T00:00:00Z', '0000-01-01T00:00:00Z', 'soon'])(
    'can be shown with the time %s',
    async (dtText) => {
      const { rows } = await database.db.$client.query<{ id: string }>(
        `INSERT INTO set_aside (source_id, event_id, dt_text, place, code, reason, raw, raw_hash, tried_version)
         VALUES ('a', '1', $1, 'x', 'EVENT_TIME_MALFORMED', '', 'x', $1, '0') RETURNING id`,
        [dtText],
      );
      const shown = await findSetAside(database.db, Number(rows[0]?.id));
      expect(shown).toMatchObject({ dtText, stored: null });
    },
  );
});
