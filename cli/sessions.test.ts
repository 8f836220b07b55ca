/** Sessions of browsers on the command line, on a real database with nothing else running. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findSession, openSession } from '../core/access/store/sessions.js';
import { createToken } from '../core/access/store/tokens.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { openQuietPool } from '../test/harness/quiet-pool.js';

describe('openpool session', () => {
  let database: TestDatabase;
  let pool: Awaited<ReturnType<typeof openQuietPool>>;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = await openQuietPool(database.url);
  });
  afterAll(async () => {
    await pool.close();
    await database.close();
  });

  it('shows who is signed in, ends one at once, and then shows it among those of before', async () => {
    const { db } = database;
    expect(await pool.openpool('session', 'list')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nobody is signed in.'),
    });
    const request = { actor: 'test', reason: 'x', name: 'ann', expiresAt: null } as const;
    const { record } = await createToken(db, { ...request, role: 'operate' });
    const { id, secret } = await openSession(db, { tokenId: record.id });
    const listed = await pool.openpool('session', 'list');
    expect(listed.out).toMatch(new RegExp(`${id} +ann +signed in`));
    expect(listed.out).not.toContain(secret);
    const revoke = ['session', 'revoke', id, '--reason', 'the laptop is lost'];
    expect(await pool.openpool(...revoke)).toMatchObject({ code: 0 });
    expect(await findSession(db, secret, null)).toBeUndefined();
    expect((await pool.openpool('session', 'list')).out).not.toContain(id);
    const all = await pool.openpool('session', 'list', '--all', '--json');
    expect(JSON.parse(all.out)).toMatchObject({ sessions: [{ id, token: 'ann', state: 'ended' }] });
    const again = await pool.openpool(...revoke);
    expect(again.code).toBe(1);
    expect(again.err).toContain('SESSION_ENDED');
  });
});
