/** Tests what orchestrators are answered, on a real Postgres: exactly what they ask for, and always an answer. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toChecksum } from '../../core/chain/checksums.js';
import { addOverride, withdrawOverride } from '../../core/guard/store/overrides.js';
import { createLog } from '../../start/log.js';
import {
  createTestDatabase,
  TEST_POOL_ID,
  type TestDatabase,
} from '../../test/harness/database.js';
import { ingestSaid, openWorld, payeeOf, type Said } from '../../test/harness/event-world.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { startPreferred } from './serve.js';

const [ANN, BEN] = [payeeOf(1), payeeOf(2)];
const ASKED = '/preferred-workers?pipeline=llm&modelID=own%2Fer';
let database: TestDatabase;
let preferred: Awaited<ReturnType<typeof startPreferred>>;

beforeEach(async () => {
  database = await createTestDatabase();
  await openWorld(database.db);
});
afterEach(async () => {
  await preferred.stop();
  await database.close();
});

async function start(): Promise<void> {
  const config = testConfig();
  const preferredWorkers = { host: '127.0.0.1', port: 0, refreshMs: 100 };
  const guard = { ...config.guard, mode: 'exclude' as const, preferredWorkers };
  preferred = await startPreferred({
    config: { ...config, guard },
    db: database.db,
    ledger: { poolId: TEST_POOL_ID },
    log: createLog({ level: 'fatal' }),
    signal: new AbortController().signal,
  });
}

const connection = (id: number, payee: string, isUp = true): Said => ({
  id,
  atMs: Date.now() - 60_000 + id,
  type: isUp ? 'worker-connected' : 'worker-disconnected',
  fields: { ethAddress: payee, connection: `10.0.0.${id}:1` },
});

async function ask(path: string) {
  const answer = await fetch(`${preferred.url}${path}`);
  return { status: answer.status, text: await answer.text() };
}

const listOf = (...payees: readonly `0x${string}`[]) =>
  JSON.stringify(payees.map((payee) => ({ ethAddress: toChecksum(payee) })));

it('answers with the addresses of those who are connected, from the first request on', async () => {
  await ingestSaid(database.db, 'a', [connection(1, ANN), connection(2, BEN)]);
  await start();
  expect(await ask(ASKED)).toEqual({ status: 200, text: listOf(ANN, BEN) });
  await ingestSaid(database.db, 'a', [
    { ...connection(3, BEN, false), fields: { ethAddress: BEN, connection: '10.0.0.2:1' } },
  ]);
  await expect.poll(() => ask(ASKED)).toEqual({ status: 200, text: listOf(ANN) });
});

it('leaves out who is excluded, by the guard or by an operator until that is withdrawn', async () => {
  await ingestSaid(database.db, 'a', [connection(1, ANN), connection(2, BEN)]);
  await database.db.$client.query(`
    INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, figures, decided_by, judged_at)
    SELECT id, 'llm', 'own/er', 'excluded', now(), 'slow', 'null', 'guard', now() FROM remote_worker WHERE payee = '${ANN}'`);
  await start();
  expect((await ask(ASKED)).text).toBe(listOf(BEN));
  expect((await ask('/preferred-workers?pipeline=llm&modelID=other')).text).toBe(listOf(ANN, BEN));
  const who = { payee: ANN, nodeType: null, region: null, pipeline: 'llm', modelId: null };
  const decision = { actor: 'ann', reason: 'a new machine' };
  const until = new Date(Date.now() + 3_600_000);
  const made = await addOverride(database.db, {
    ...who,
    ...decision,
    state: 'good',
    from: null,
    until,
  });
  await expect.poll(async () => (await ask(ASKED)).text).toBe(listOf(ANN, BEN));
  await withdrawOverride(database.db, made.id, decision);
  await expect.poll(async () => (await ask(ASKED)).text).toBe(listOf(BEN));
  const log = await database.db.$client.query('SELECT action, subject FROM audit_log ORDER BY id');
  expect(log.rows.filter(({ subject }) => subject === ANN).map(({ action }) => action)).toEqual([
    'guard.override',
    'guard.withdraw',
  ]);
});

it('answers whatever is asked, with the last list while Postgres is away, and says how old that is', async () => {
  await ingestSaid(database.db, 'a', [connection(1, ANN)]);
  await start();
  await database.db.$client.query('ALTER TABLE remote_worker RENAME TO lost');
  const odd = [
    '/',
    '/x?pipeline=%E0%A4%A',
    `/y?modelID=${'m'.repeat(3_000)}`,
    '/preferred-workers?a=1&a=2',
  ];
  for (const path of [ASKED, ...odd])
    expect(await ask(path)).toEqual({ status: 200, text: listOf(ANN) });
  await expect
    .poll(async () => (JSON.parse((await ask('/health')).text) as { listAgeMs: number }).listAgeMs)
    .toBeGreaterThan(500);
  expect((await ask('/metrics')).text).toMatch(
    /openpool_preferred_requests_total{pool="test-pool"} \d+/,
  );
  await database.db.$client.query('ALTER TABLE lost RENAME TO remote_worker');
  await expect
    .poll(async () => (JSON.parse((await ask('/health')).text) as { listAgeMs: number }).listAgeMs)
    .toBeLessThan(500);
});
