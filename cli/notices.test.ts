/** Notices on the command line, on a real database and a real receiver, with nothing else running. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../api/app.js';
import {
  startTestReceiver,
  type TestReceiver,
} from '../core/notices/notifiers/testing/test-receiver.js';
import { writeNotices } from '../core/notices/store/outbox.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { openQuietPool } from '../test/harness/quiet-pool.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN } from '../test/kit/test-pool.js';

const SECRET = `whsec_${'QUJD'.repeat(10)}`;
const ANN = `0x${'a1'.repeat(20)}`;

describe('openpool notice', () => {
  let pool: Awaited<ReturnType<typeof openQuietPool>>;
  let database: TestDatabase;
  let receiver: TestReceiver;
  beforeAll(async () => {
    database = await createTestDatabase();
    receiver = await startTestReceiver();
    const ops = {
      id: 'ops',
      kind: 'webhook',
      options: { url: receiver.url, secretFile: 'secret' },
    };
    const ann = {
      id: 'ann',
      kind: 'webhook',
      audience: ANN,
      options: { url: 'https://127.0.0.1:9/', secret: SECRET },
    };
    pool = await openQuietPool(database.url, { notices: { targets: [ops, ann] } });
    await pool.write('secret', `${SECRET}\n`);
  });
  afterAll(async () => {
    await receiver.stop();
    await database.close();
    await pool.close();
  });
  const openpool = (...words: readonly string[]) => pool.openpool(...words);

  it('lists what was told, and sends again what is dead', async () => {
    const { db } = database;
    const facts = {
      code: 'HALTED_BY_OPERATOR',
      reason: 'a look',
      wallet: `0x${'b2'.repeat(20)}`,
    } as const;
    await writeNotices(db, [{ key: 'halted/1', kind: 'halted', facts }]);
    expect((await openpool('notice', 'list')).out).toMatch(
      /ntc_[0-9a-f]{32} .*halted .*Payouts are halted: HALTED_BY_OPERATOR .*not told yet/,
    );
    await db.execute(sql`UPDATE notice SET spread_at = now()`);
    await db.execute(sql`INSERT INTO notice_delivery (notice_id, target_id, state, tries, last_error)
      SELECT id, 'ops', 'dead', 7, 'it answered 410' FROM notice`);
    const dead = await openpool('notice', 'list', '--dead');
    expect(dead.out).toContain('ops: dead, 7 tries (it answered 410)');
    const app = createApp(poolOf(db));
    const asked = (headers: Record<string, string>) =>
      app.request('/v1/notices?dead=true', { headers });
    expect((await asked({})).status).toBe(401);
    const answer: unknown = await (await asked({ authorization: `Bearer ${TEST_TOKEN}` })).json();
    expect(answer).toMatchObject({
      notices: [{ kind: 'halted', deliveries: [{ target: 'ops', state: 'dead', tries: 7 }] }],
      undelivered: [{ target: 'ops', state: 'dead', deliveries: 1 }],
    });
    const [id = ''] = /ntc_[0-9a-f]{32}/.exec(dead.out) ?? [];
    expect(await openpool('notice', 'resend', '--reason', 'x')).toMatchObject({ code: 2 });
    const unknown = await openpool('notice', 'resend', `ntc_${'0'.repeat(32)}`, '--reason', 'x');
    expect(unknown.err).toContain('NOTICE_UNKNOWN');
    const again = await openpool('notice', 'resend', id, '--reason', 'it is back');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining('begin anew: 1') });
    expect((await openpool('notice', 'list', '--dead')).out).not.toContain('ntc_');
    const all = await openpool('notice', 'resend', '--all', '--reason', 'it is back');
    expect(all.out).toContain('begin anew: 0');
  });

  it('tries each target, and says which does not get it: a payee has none in a private network', async () => {
    const tried = await openpool('notice', 'test');
    expect(tried.code).toBe(3);
    expect(tried.out).toMatch(/ops +http:\/\/127\.0\.0\.1:\d+ +it arrived/);
    expect(tried.out).toMatch(/ann .*not allowed/);
    expect(JSON.parse(receiver.posted[0]?.body ?? '')).toMatchObject({ type: 'test' });
    expect(await openpool('notice', 'test', '--target', 'ops')).toMatchObject({ code: 0 });
    const none = await openpool('notice', 'test', '--target', 'nobody');
    expect(none.err).toContain('NOTICE_TARGET_UNKNOWN');
  });

  it('finds wrong targets in the configuration, in words', async () => {
    const check = async (target: object) => {
      const wrong = await openQuietPool(database.url, { notices: { targets: [target] } });
      const { code, err, out } = await wrong.openpool('notice', 'test');
      await wrong.close();
      expect(code).not.toBe(0);
      return err + out;
    };
    const ops = { id: 'ops', kind: 'webhook', options: { url: receiver.url, secret: SECRET } };
    expect(await check({ ...ops, kind: 'pigeon' })).toMatch(
      /pigeon.*known: webhook, discord, module/,
    );
    expect(await check({ ...ops, only: ['halted', 'haltd'] })).toContain('give some of: paid');
    expect(await check({ ...ops, audience: 'ann' })).toContain(
      "give operator, or a payee's address",
    );
    expect(await check({ ...ops, offlineAfter: '30m' })).toContain('only a payee is told');
    expect(await check({ ...ops, audience: ANN, only: ['drift'] })).toContain(
      'payees are not told drift',
    );
    expect(await check({ ...ops, audience: ANN })).toContain('begins with https://');
    expect(await check({ ...ops, options: { url: receiver.url } })).toContain('options.secret');
  });
});
