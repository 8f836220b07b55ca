import { asc } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { terms } from './schema.js';
import { recordTerms } from './terms.js';

const VALUES = { commissionBps: 2_500, thresholdWei: 5n * 10n ** 15n, minIntervalMs: 3_600_000 };
const NOW = new Date('2026-01-01T00:00:00Z');

let database: TestDatabase;
const versions = async () =>
  (await database.db.select().from(terms).orderBy(asc(terms.fromDt))).map(
    ({ fromDt, commissionBps }) => ({ fromDt, commissionBps }),
  );

describe('recording terms', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  it('lets the first version hold from the beginning, and each change from its own moment on', async () => {
    await recordTerms(database.db, VALUES, NOW);
    await recordTerms(database.db, VALUES, new Date(NOW.getTime() + 1_000));
    const later = new Date(NOW.getTime() + 2_000);
    await recordTerms(database.db, { ...VALUES, commissionBps: 1_000 }, later);
    expect(await versions()).toEqual([
      { fromDt: new Date(0), commissionBps: 2_500 },
      { fromDt: later, commissionBps: 1_000 },
    ]);
  });

  it('never reaches behind the latest version, even when the clock was set back', async () => {
    await recordTerms(database.db, VALUES, NOW);
    await recordTerms(database.db, { ...VALUES, commissionBps: 1_000 }, NOW);
    await recordTerms(database.db, VALUES, new Date(NOW.getTime() - 1e9));
    expect((await versions()).map(({ commissionBps }) => commissionBps)).toEqual([
      2_500, 1_000, 2_500,
    ]);
  });

  it('makes one version when several processes start at once', async () => {
    await Promise.all(Array.from({ length: 6 }, () => recordTerms(database.db, VALUES, NOW)));
    expect(await versions()).toHaveLength(1);
  });
});
