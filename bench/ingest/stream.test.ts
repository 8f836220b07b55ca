import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { syncStream } from './stream-sync.js';

describe('an answer of more than a hundred megabytes', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  it('is synced without being held: large events, malformed ones, a huge one, and a storm of the same', async () => {
    const synced = await syncStream(database, {
      small: { events: 60_000, distinct: 20_000 },
      large: { events: 30, malformed: 30 },
      hugeMb: 30,
    });
    expect(synced.sentBytes).toBeGreaterThan(90 * 1_048_576);
    expect(synced.report).toMatchObject({ fresh: 20_031, duplicates: 40_000, setAside: 31 });
    expect(synced.feesWei).toBe(synced.expectedFeesWei);
    expect(synced.peakRssMb).toBeLessThan(250);
  }, 120_000);
});
