/** The current and the usual price of a compute unit, over HTTP, on a real Postgres. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const NOW = new Date('2026-03-01T12:10:00Z');
const TOKEN = { authorization: `Bearer ${TEST_TOKEN}` };

let database: TestDatabase;

async function request(path: string, headers = {}): Promise<Response> {
  return createApp(poolOf(database.db, { now: () => NOW })).request(path, { headers });
}

/** Adds twenty jobs of a thousand units each, `hoursAgo` hours ago. */
async function price(model: string, hoursAgo: number, perUnitWei: string, source = 'north') {
  await database.db.execute(sql`
    INSERT INTO job_price VALUES (${source}, date_trunc('hour', ${NOW.toISOString()}::timestamptz)
      - ${hoursAgo} * interval '1 hour', 'ai', 'llm', ${model}, 20, ${perUnitWei}::numeric * 20000, 20000)`);
}

describe('the prices of a source', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    await database.db.execute(sql`
      INSERT INTO source (id, kind, reads_from) VALUES ('north', 's3', 'x'), ('south', 's3', 'y')`);
    for (let h = 1; h <= 6; h += 1) {
      await price('steady', h, '1000');
      await price('cheap of 10.1.2.3', h, '1000');
    }
    await price('steady', 0, '1500');
    await price('cheap of 10.1.2.3', 0, '250.5');
    await price('young', 0, '7');
  });
  afterAll(() => database.close());

  it('are shown next to the usual ones, the farthest from them first', async () => {
    const answer = await (await request('/v1/sources/north/prices')).json();
    const hour = '2026-03-01T12:00:00.000Z';
    const shared = { nodeType: 'ai', pipeline: 'llm', hour, jobs: 20 };
    const usual = { ...shared, usualPerUnitWei: '1000' };
    expect(answer).toEqual({
      ...{ source: 'north', models: 3 },
      prices: [
        { ...usual, modelId: null, pricePerUnitWei: '250.5', changeRatio: 0.2505 },
        { ...usual, modelId: 'steady', pricePerUnitWei: '1500', changeRatio: 1.5 },
        {
          ...{ ...shared, modelId: 'young', pricePerUnitWei: '7' },
          ...{ usualPerUnitWei: null, changeRatio: null },
        },
      ],
    });
    expect(await (await request('/v1/sources/north/prices', TOKEN)).text()).toContain('10.1.2.3');
    expect(await (await request('/v1/sources/south/prices')).json()).toMatchObject({ prices: [] });
    expect((await request('/v1/sources/west/prices')).status).toBe(404);
  });

  it('are two figures of each source for a scraper, without foreign names', async () => {
    const lines = (await (await request('/metrics')).text()).split('\n');
    expect(lines.filter((line) => line.startsWith('openpool_price_change_ratio'))).toEqual([
      'openpool_price_change_ratio{source="north",extreme="highest",pool="test-pool"} 1.5',
      'openpool_price_change_ratio{source="north",extreme="lowest",pool="test-pool"} 0.2505',
    ]);
  });
});
