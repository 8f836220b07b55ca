import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiDeps } from '../client/deps.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { lookAtSources } from '../core/sentinel/looking.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { TEST_SENTINEL, TEST_TOKEN, testConfig } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const OLD = 'http://10.0.0.1:7935/pool/events';
const NEW = 'http://10.0.0.2:7935/pool/events';
const WHY = 'source "b" gives the events of source "a": at least 3 events';

let database: TestDatabase;
let app: ReturnType<typeof createApp>;

async function post(path: string, body: object, token: string | null = TEST_TOKEN) {
  const response = await app.request(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

const sources = async () => {
  const answer = (await (
    await app.request('/v1/sources', {
      headers: { authorization: `Bearer ${TEST_TOKEN}` },
    })
  ).json()) as {
    readonly sources: readonly Readonly<Record<string, unknown>>[];
  };
  return answer.sources;
};

describe('deciding about a source over the API', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    const { db } = database;
    const rest = { kind: 'orchestrator-http', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(db, [
      { id: 'a', readsFrom: OLD, ...rest },
      { id: 'b', readsFrom: 'http://10.0.0.9:1/pool/events', ...rest },
    ]);
    app = createApp({ db, config: testConfig({ token: TEST_TOKEN }) } as ApiDeps);
  });
  afterEach(() => database.close());

  it('moves it with the token alone, once, and keeps who and why', async () => {
    const order = { to: NEW, reason: 'new machine' };
    expect(await post('/v1/sources/a/move', order, null)).toMatchObject({ status: 401 });
    const rehearsed = await post('/v1/sources/a/move', { ...order, dryRun: true });
    expect(rehearsed).toMatchObject({ status: 200, answer: { changed: true, applied: false } });
    expect(await listAuditLog(database.db, { limit: 10, cursor: null })).toMatchObject({
      items: [],
    });
    expect(await post('/v1/sources/a/move', order)).toMatchObject({
      answer: { from: OLD, to: NEW, applied: true, mustProve: false },
    });
    expect(await post('/v1/sources/a/move', order)).toMatchObject({ answer: { changed: false } });
    expect(await listAuditLog(database.db, { limit: 10, cursor: null })).toMatchObject({
      items: [{ actor: 'api', action: 'source.move', subject: 'a', reason: 'new machine' }],
    });
    expect(await post('/v1/sources/a/move', { to: NEW })).toMatchObject({ status: 400 });
    expect(await post('/v1/sources/z/move', order)).toMatchObject({ status: 404 });
    expect(await post('/v1/sources/b/move', order)).toMatchObject({
      answer: { code: 'SOURCE_READ_TWICE' },
    });
  });

  it('shows which is stopped, tells of it as a finding, and lets it go on', async () => {
    const { db } = database;
    await db.$client.query(
      `UPDATE source SET stopped_at = now(), stopped_why = $1 WHERE id = 'b'`,
      [WHY],
    );
    expect(await sources()).toMatchObject([{ stopped: null }, { stopped: { why: WHY } }]);
    const look = () =>
      lookAtSources({ db, settings: TEST_SENTINEL, sources: [], roundIntervalMs: null });
    expect((await look()).findings).toMatchObject([
      { code: 'SOURCE_READ_TWICE', sourceId: 'b', words: `it is stopped: ${WHY}` },
    ]);
    const reason = 'it begins later now';
    expect(await post('/v1/sources/b/resume', { reason }, null)).toMatchObject({ status: 401 });
    expect(await post('/v1/sources/b/resume', { reason })).toMatchObject({ status: 200 });
    expect(await post('/v1/sources/b/resume', { reason })).toMatchObject({ status: 409 });
    expect(await look()).toMatchObject({ resolved: 1, open: 0 });
    expect(await sources()).toMatchObject([{ stopped: null }, { stopped: null }]);
  });
});
