/** Every decision of the API that Postgres alone carries out has a dry run, which says the same and changes nothing. */
import { sql } from 'drizzle-orm';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from '../core/db/query.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { addPayout, addressOf, addTerms, addWallet, TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

let database: TestDatabase;
let app: Hono;
const ids = new Map<string, string>();

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  app = createApp(poolOf(db));
  await addWallet(db);
  await addTerms(db, 1n);
  const createdAt = new Date();
  for (const [n, name] of ['reserved', 'held', 'signed'].entries()) {
    const payee = addressOf(n);
    await db.execute(sql`INSERT INTO payee (address) VALUES (${payee})`);
    const payout = { payee, amountWei: 5n, createdAt, state: 'reserved' } as const;
    const signed = { ...payout, state: 'signed', nonce: 1 } as const;
    const held = { ...payout, holdReason: 'a doubt' };
    const made = { reserved: payout, held, signed }[name] ?? payout;
    ids.set(`:${name}`, await addPayout(db, made));
  }
  await db.execute(sql`
    INSERT INTO source (id, kind, reads_from, stopped_at, stopped_why)
    VALUES ('north', 's3', 'somewhere', now(), 'it reads what another one has')`);
  await db.execute(sql`
    INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at)
    VALUES ('SOURCE_FAILING', 'north', '', 'warning', 'it fails', '{}', now(), now())`);
});
afterAll(() => database.close());

async function everything(): Promise<string> {
  const tables = ['payout', 'wallet_halt', 'finding', 'source', 'sync_pause', 'audit_log'];
  const texts = await Promise.all(
    tables.map((table) =>
      query<{ text: string | null }>(
        database.db,
        sql.raw(`SELECT string_agg(t::text, ' ' ORDER BY t::text) AS text FROM ${table} t`),
      ),
    ),
  );
  return JSON.stringify(texts);
}

async function post(path: string, body: object) {
  const [, name = ''] = /(:\w+)/.exec(path) ?? [];
  const response = await app.request(path.replace(name, ids.get(name) ?? name), {
    method: 'POST',
    headers: { authorization: `Bearer ${TEST_TOKEN}` },
    body: JSON.stringify({ reason: 'a trial', ...body }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a dry run', () => {
  it.each([
    '/v1/payouts/:reserved/hold',
    '/v1/payouts/:reserved/approve',
    '/v1/payouts/:held/resume',
    '/v1/payouts/:signed/bump',
    '/v1/payouts/:reserved/cancel',
    '/v1/wallet/halt',
    '/v1/wallet/resume',
    '/v1/findings/1/acknowledge',
    '/v1/sources/north/resume',
    '/v1/sync/pause',
    '/v1/sync/resume',
  ])('of %s says what it comes to and changes nothing', async (path) => {
    const before = await everything();
    const rehearsed = await post(path, { dryRun: true });
    expect(rehearsed).toMatchObject({ status: 200, body: { dryRun: true } });
    expect(await everything()).toBe(before);
    // Those about payouts would wait for a Temporal that is not there.
    if (path.startsWith('/v1/payouts')) return;
    const done = await post(path, {});
    expect(done).toMatchObject({ status: 200, body: { dryRun: false } });
    expect(done.body.words).toEqual(rehearsed.body.words);
    expect(await everything()).not.toBe(before);
  });

  it.each(['/v1/payouts/:signed/hold', '/v1/payouts/:signed/cancel'])(
    'is refused as the act would be: %s',
    async (path) => {
      expect(await post(path, { dryRun: true })).toMatchObject({
        status: 409,
        body: { code: 'PAYOUT_ALREADY_SIGNED' },
      });
    },
  );
});
