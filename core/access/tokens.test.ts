import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { query } from '../db/query.js';
import { AcceptedTokens } from './accepted-tokens.js';
import { createToken, listTokens, revokeToken } from './store/tokens.js';

const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const make = (name: string, expiresAt: Date | null = null) =>
  createToken(database.db, { ...decision, name, role: 'operate', expiresAt });

/** A list that is read again whenever the test moves its clock. */
function createAccepted() {
  const clock = { ms: 0 };
  return { clock, accepted: new AcceptedTokens(database.db, () => clock.ms) };
}

describe('a token', () => {
  it('is accepted until it is revoked, which is noticed within half a second', async () => {
    const { token, record } = await make('dashboard');
    const { clock, accepted } = createAccepted();
    expect(await accepted.find(token)).toEqual(record);
    expect(await accepted.find(`${token}x`)).toBeUndefined();
    await revokeToken(database.db, { ...decision, name: 'dashboard' });
    clock.ms = 501;
    expect(await accepted.find(token)).toBeUndefined();
  });

  it('is accepted until its time is over', async () => {
    const { token } = await make('intern', new Date(Date.now() + 1_500));
    const { clock, accepted } = createAccepted();
    expect(await accepted.find(token)).toMatchObject({ name: 'intern' });
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    clock.ms = 501;
    expect(await accepted.find(token)).toBeUndefined();
  });

  it('is stored nowhere: neither its row nor the audit log has it', async () => {
    const { token } = await make('secret');
    const [stored] = await query<{ text: string }>(
      database.db,
      sql`SELECT (SELECT string_agg(t::text, ' ') FROM api_token t)
              || (SELECT string_agg(a::text, ' ') FROM audit_log a) AS text`,
    );
    expect(stored?.text).toContain('secret');
    expect(stored?.text).not.toContain(token.replace('openpool_', ''));
  });

  it('has a name that no other accepted one has, and that is free again once it is revoked', async () => {
    await make('bot');
    await expect(make('bot')).rejects.toMatchObject({ code: 'API_TOKEN_NAME_TAKEN' });
    await revokeToken(database.db, { ...decision, name: 'bot' });
    await make('bot');
    const bots = (await listTokens(database.db)).filter(({ name }) => name === 'bot');
    expect(bots.map(({ revokedAt }) => revokedAt === null)).toEqual([false, true]);
  });

  it.each(['', 'Ann', 'a b', '-a', 'a'.repeat(41), 'a\n'])(
    'is refused the name %j',
    async (name) => {
      await expect(make(name)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    },
  );

  it('that nobody made cannot be revoked', async () => {
    const revoked = revokeToken(database.db, { ...decision, name: 'nobody' });
    await expect(revoked).rejects.toMatchObject({ code: 'API_TOKEN_UNKNOWN' });
  });

  it('never changes its role, and no revoked one comes back', async () => {
    await make('fixed');
    const raise = sql`UPDATE api_token SET role = 'admin' WHERE name = 'fixed'`;
    await expect(database.db.execute(raise)).rejects.toThrow();
    await revokeToken(database.db, { ...decision, name: 'fixed' });
    const back = sql`UPDATE api_token SET revoked_at = NULL WHERE name = 'fixed'`;
    await expect(database.db.execute(back)).rejects.toThrow();
  });
});

describe('the list of accepted tokens', () => {
  it('asks Postgres once for all who ask meanwhile, and not at each request', async () => {
    const { token } = await make('many');
    let reads = 0;
    const counting = new Proxy(database.db, {
      get(db, key) {
        if (key === 'select') reads += 1;
        return Reflect.get(db, key);
      },
    });
    const clock = { ms: 0 };
    const accepted = new AcceptedTokens(counting, () => clock.ms);
    await Promise.all(Array.from({ length: 50 }, () => accepted.find(token)));
    await accepted.find('a guess');
    expect(reads).toBe(1);
    clock.ms = 501;
    await accepted.find(token);
    expect(reads).toBe(2);
  });

  it('accepts nothing when Postgres cannot be asked', async () => {
    const { token } = await make('away');
    const away = await createTestDatabase();
    const accepted = new AcceptedTokens(away.db);
    await away.close();
    await expect(accepted.find(token)).rejects.toThrow();
  });
});
