import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { syncStream } from './stream-sync.js';

describe('an answer of two gigabytes', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  it('is synced by a process that never holds more than 250 MB', async () => {
    const synced = await syncStream(database, {
      small: { events: 4_000_000, distinct: 200_000 },
      large: { events: 500, malformed: 100 },
      hugeMb: 400,
    });
    process.stderr.write(
      `${Math.round(synced.sentBytes / 1_048_576)} MB in ${Math.round(synced.seconds)} s, peak RSS ${Math.round(synced.peakRssMb)} MB\n`,
    );
    expect(synced.sentBytes).toBeGreaterThan(2 * 1_024 ** 3);
    expect(synced.report).toMatchObject({ fresh: 200_501, duplicates: 3_800_000, setAside: 101 });
    expect(synced.feesWei).toBe(synced.expectedFeesWei);
    expect(synced.peakRssMb).toBeLessThan(250);
  }, 3_600_000);
});
