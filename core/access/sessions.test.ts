import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import {
  endSession,
  findSession,
  forgetEndedSessions,
  listPastSessions,
  listSessions,
  openSession,
  signOut,
} from './store/sessions.js';
import { createToken, revokeToken } from './store/tokens.js';

const decision = { actor: 'test', reason: 'because' };
const CONFIGURED = 'the-configured-token';
let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
});
afterAll(() => database.close());

async function signIn(name: string, expiresAt: Date | null = null) {
  const request = { ...decision, name, role: 'operate', expiresAt } as const;
  const { record } = await createToken(db, request);
  return openSession(db, { tokenId: record.id });
}

const find = (secret: string) => findSession(db, secret, CONFIGURED);

describe('a session', () => {
  it('stands for its token, and is listed without what would let anybody use it', async () => {
    const { secret, id } = await signIn('ann');
    expect(await find(secret)).toMatchObject({ id, tokenName: 'ann', role: 'operate' });
    const [listed] = await listSessions(db);
    expect(Object.keys(listed ?? {}).sort()).toEqual([
      'createdAt',
      'endsAt',
      'id',
      'seenAt',
      'tokenName',
    ]);
    expect(listed).toMatchObject({ id, tokenName: 'ann' });
  });

  it.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}'`])('is not found by %j', async (secret) => {
    expect(await find(secret)).toBeUndefined();
  });

  it('ends with its token, at once', async () => {
    const { secret } = await signIn('leaver');
    expect(await find(secret)).toBeDefined();
    await revokeToken(db, { ...decision, name: 'leaver' });
    expect(await find(secret)).toBeUndefined();
    const intern = await signIn('intern', new Date(Date.now() + 300));
    expect(await find(intern.secret)).toBeDefined();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await find(intern.secret)).toBeUndefined();
  });

  it('ends when it is ended, once, and never comes back', async () => {
    const { secret, id } = await signIn('bob');
    await endSession(db, id, { ...decision, reason: 'signed out' });
    expect(await find(secret)).toBeUndefined();
    await expect(endSession(db, id, decision)).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    const back = sql`UPDATE operator_session SET ended_at = NULL WHERE id = ${id}`;
    await expect(db.execute(back)).rejects.toThrow();
  });

  it('ends after half an hour without a request, and stays while there are some', async () => {
    const { secret, id } = await signIn('idle');
    const seen = (ago: string) =>
      db.execute(
        sql`UPDATE operator_session SET seen_at = now() - ${ago}::interval WHERE id = ${id}`,
      );
    await seen('29 minutes');
    expect(await find(secret)).toBeDefined();
    // The request was noted, so the next one may come half an hour later.
    const [noted] = (await listSessions(db)).filter((one) => one.id === id);
    expect(Date.now() - (noted?.seenAt.getTime() ?? 0)).toBeLessThan(60_000);
    await seen('31 minutes');
    expect(await find(secret)).toBeUndefined();
  });

  it('ends after twelve hours, however often it is used', async () => {
    const { secret, id } = await signIn('long');
    const [session] = (await listSessions(db)).filter((one) => one.id === id);
    const hours = ((session?.endsAt.getTime() ?? 0) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThanOrEqual(12);
    await db.execute(sql`ALTER TABLE operator_session DISABLE TRIGGER keep_operator_session`);
    await db.execute(sql`UPDATE operator_session SET ends_at = now() WHERE id = ${id}`);
    await db.execute(sql`ALTER TABLE operator_session ENABLE TRIGGER keep_operator_session`);
    expect(await find(secret)).toBeUndefined();
  });

  it('is one of twenty of its token at most: the next one ends the first', async () => {
    const request = { ...decision, name: 'many', role: 'read', expiresAt: null } as const;
    const { record } = await createToken(db, request);
    const open = () => openSession(db, { tokenId: record.id });
    const other = await signIn('other');
    const first = await open();
    const second = await open();
    for (let n = 2; n < 21; n += 1) await open();
    expect(await find(first.secret)).toBeUndefined();
    expect(await find(second.secret)).toBeDefined();
    expect(await find(other.secret)).toBeDefined();
    const own = (await listSessions(db)).filter(({ tokenName }) => tokenName === 'many');
    expect(own).toHaveLength(20);
  });

  it('is kept for ninety days after its end, which is where to look who signed in', async () => {
    const [ended, over, lately] = [await signIn('e'), await signIn('o'), await signIn('l')];
    const change = (what: string, id: string, days: number) =>
      db.execute(
        sql`UPDATE operator_session SET ${sql.raw(what)} = now() - ${`${days} days`}::interval WHERE id = ${id}`,
      );
    await db.execute(sql`ALTER TABLE operator_session DISABLE TRIGGER keep_operator_session`);
    await change('ended_at', ended.id, 91);
    await change('ends_at', over.id, 91);
    await change('ended_at', lately.id, 89);
    await db.execute(sql`ALTER TABLE operator_session ENABLE TRIGGER keep_operator_session`);
    await forgetEndedSessions(db);
    const kept = (await listPastSessions(db, 200)).filter(({ id }) =>
      [ended.id, over.id, lately.id].includes(id),
    );
    expect(kept).toMatchObject([{ id: lately.id, tokenName: 'l', isLive: false }]);
  });

  it('of a token that signs in again and again is one of a thousand that are kept', async () => {
    const { id } = await signIn('restless');
    await db.execute(sql`ALTER TABLE operator_session DISABLE TRIGGER keep_operator_session`);
    await db.execute(sql`
      INSERT INTO operator_session (id, token_id, digest, created_at, ends_at, ended_at)
      SELECT gen_random_uuid(), token_id, decode(md5(n::text) || md5(n::text), 'hex'), now() - n * interval '1 minute', ends_at,
             now() - n * interval '30 seconds' FROM operator_session, generate_series(1, 1100) n WHERE id = ${id}`);
    await db.execute(sql`ALTER TABLE operator_session ENABLE TRIGGER keep_operator_session`);
    await forgetEndedSessions(db);
    const [left] = await query<{ sessions: number; newest: number }>(
      db,
      sql`SELECT count(*)::int AS sessions, count(*) FILTER (WHERE id = ${id})::int AS newest FROM operator_session
           WHERE token_id = (SELECT token_id FROM operator_session WHERE id = ${id})`,
    );
    expect(left).toEqual({ sessions: 1000, newest: 1 });
  });

  it('that its own browser ends leaves no line in the audit log; one that somebody ends does', async () => {
    const [own, other] = [await signIn('own'), await signIn('ends-theirs')];
    expect(await signOut(db, own.id)).toBe(true);
    expect(await signOut(db, own.id)).toBe(false);
    await endSession(db, other.id, { actor: 'cli', reason: 'the laptop is lost' });
    const lines = await query<{ subject: string; action: string }>(
      db,
      sql`SELECT subject, action FROM audit_log WHERE subject = ANY(${sql.param([own.id, other.id])}::text[])`,
    );
    expect(lines).toEqual([{ subject: other.id, action: 'session.end' }]);
    await expect(endSession(db, 'no-such-id', decision)).rejects.toMatchObject({
      code: 'SESSION_ENDED',
    });
  });

  it('of the configured token ends when another one is configured, or none', async () => {
    const { secret } = await openSession(db, { configured: CONFIGURED });
    expect(await find(secret)).toMatchObject({ tokenName: null, role: null });
    expect(await findSession(db, secret, 'another-token-of-the-file')).toBeUndefined();
    expect(await findSession(db, secret, null)).toBeUndefined();
  });

  it('is stored nowhere: neither its row nor the audit log has the secret or the token', async () => {
    const { secret } = await openSession(db, { configured: CONFIGURED });
    const [stored] = await query<{ text: string }>(
      db,
      sql`SELECT (SELECT string_agg(s::text, ' ') FROM operator_session s)
              || (SELECT string_agg(a::text, ' ') FROM audit_log a) AS text`,
    );
    expect(stored?.text).toContain('token.create');
    for (const hidden of [secret, CONFIGURED]) {
      expect(stored?.text).not.toContain(hidden);
      expect(stored?.text).not.toContain(Buffer.from(hidden).toString('hex'));
    }
  });
});
