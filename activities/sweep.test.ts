/** Open payouts and their sagas, on a real Postgres, a real Temporal server and a real chain. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { query } from '../core/db/query.js';
import { createSender } from '../core/payouts/sending/sending.js';
import { Settler } from '../core/payouts/settling/settler.js';
import { openPayouts } from '../core/payouts/store/payout-progress.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createLog } from '../start/log.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import {
  createTestWallet,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  stateOf,
  type TestWallet,
} from '../test/harness/money.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { connectTestTemporal } from '../test/harness/temporal.js';
import { registerSearchAttributes } from '../worker/temporal/search-attributes.js';
import { laneQueue, payoutWorkflowId, taskQueueOf } from '../workflows/contract.js';
import { createPayoutActivities } from './payout.js';
import { startSagas, tellSagas } from './sagas.js';
import { sweepSagas } from './sweep.js';

const AMOUNT_WEI = 5_000_000_000_000_001n;
const FAILING = fileURLToPath(new URL('../test/fixtures/failing-saga.ts', import.meta.url));
let database: TestDatabase;
let chain: LocalChain;
let space: TestNamespace;
let wallet: TestWallet;

beforeAll(async () => {
  [database, chain, space] = await Promise.all([
    createTestDatabase(20),
    startChain({ blockTimeSeconds: 0.25 }),
    createTestNamespace(),
  ]);
  const log = createLog({ level: 'silent' });
  await registerSearchAttributes({ ...space, address: 'the test server', log });
  await recordTestTerms(database.db);
  wallet = await createTestWallet(database.db, chain);
});
afterAll(async () => {
  await space.close();
  await Promise.all([database.close(), chain.stop()]);
});

const sagas = () => ({ client: space.client, poolId: TEST_POOL_ID });
const sweep = () => sweepSagas({ ...sagas(), db: database.db });
const handleOf = (payoutId: string) =>
  space.client.workflow.getHandle(payoutWorkflowId(TEST_POOL_ID, payoutId));
const attemptOf = async (payoutId: string) =>
  (await handleOf(payoutId).describe()).raw.pendingWorkflowTask?.attempt ?? 0;
const runOf = async (payoutId: string) => (await handleOf(payoutId).describe()).runId;
const stuckRows = () =>
  query(database.db, sql`SELECT workflow_id, failure, times FROM stuck_saga ORDER BY workflow_id`);

async function startFailingWorker() {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const worker = await Worker.create({
    ...{ connection, namespace: space.namespace, workflowsPath: FAILING },
    taskQueue: laneQueue(taskQueueOf(TEST_POOL_ID), 'payouts'),
  });
  const done = worker.run();
  return async () => {
    worker.shutdown();
    await done;
    await connection.close();
  };
}

it('finds sagas that a bad deploy has wedged, starts them anew, and everybody is paid meanwhile and after', async () => {
  const made = await Promise.all(
    Array.from({ length: 3 }, () => reserveFor(database.db, AMOUNT_WEI)),
  );
  const [signed, late, other] = made.map(({ payoutId }) => payoutId) as [string, string, string];
  const stopFailing = await startFailingWorker();
  await startSagas(sagas(), await openPayouts(database.db, {}));
  // Signed by a version that worked; what it began goes on, although no saga lives.
  const sender = createSender(wallet.deps, () => settler.nudge());
  const tell = (payoutIds: readonly string[]) => tellSagas(sagas(), payoutIds);
  const settler: Settler = new Settler(wallet.deps, { sender, tell });
  await sender.send(signed);
  settler.start();
  await expect.poll(() => stateOf(database.db, signed), { timeout: 20_000 }).toBe('paid');
  await expect
    .poll(() => Promise.all([signed, late, other].map(attemptOf)), { timeout: 30_000 })
    .toSatisfy((attempts: readonly number[]) => attempts.every((attempt) => attempt >= 3));
  // A saga takes its first step within seconds; these have had a minute.
  await database.db.execute(sql`UPDATE payout SET created_at = created_at - interval '40 s',
                                                  closed_at = closed_at - interval '40 s'`);
  const runs = await Promise.all([late, other].map(runOf));
  const { stuck } = await sweep();
  expect(stuck.map(({ payoutId }) => payoutId).sort()).toEqual([signed, late, other].sort());
  for (const { failure } of stuck) expect(failure).toContain('a bad deploy');
  expect(await stuckRows()).toHaveLength(3);
  expect((await handleOf(signed).describe()).status.name).toBe('TERMINATED');
  for (const [index, payoutId] of [late, other].entries()) {
    expect(await runOf(payoutId)).not.toBe(runs[index]);
  }
  await stopFailing();
  const temporal = await connectTestTemporal(taskQueueOf(TEST_POOL_ID));
  await temporal.startWorker(createPayoutActivities(sender), space);
  await expect
    .poll(() => Promise.all([late, other].map((id) => stateOf(database.db, id))), {
      timeout: 60_000,
    })
    .toEqual(['paid', 'paid']);
  for (const payoutId of [late, other]) {
    expect(await handleOf(payoutId).result()).toMatchObject({ state: 'paid' });
  }
  expect(await sweep()).toMatchObject({ started: 0, stuck: [] });
  expect(await stuckRows()).toEqual([]);
  const paid = await paidByLedger(database.db);
  for (const { payee } of made) expect(paid.get(payee)).toBe(AMOUNT_WEI);
  await settler.stop();
  await temporal.close();
}, 150_000);

it('starts the saga of an open payout that has none, and tells one whose message was lost', async () => {
  const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
  const temporal = await connectTestTemporal(taskQueueOf(TEST_POOL_ID));
  const sender = createSender(wallet.deps);
  await temporal.startWorker(createPayoutActivities(sender), space);
  expect(await sweep()).toMatchObject({ started: 1, told: 0 });
  await expect.poll(() => stateOf(database.db, payoutId), { timeout: 20_000 }).toBe('signed');
  // Temporal takes the message, and loses it: to its own backup, for one.
  const settler = new Settler(wallet.deps, { sender, tell: () => Promise.resolve() });
  settler.start();
  await expect.poll(() => stateOf(database.db, payoutId), { timeout: 20_000 }).toBe('paid');
  expect((await handleOf(payoutId).describe()).status.name).toBe('RUNNING');
  await database.db.execute(sql`UPDATE payout SET closed_at = closed_at - interval '40 s'`);
  expect(await sweep()).toMatchObject({ started: 0, told: 1, stuck: [] });
  expect(await handleOf(payoutId).result()).toMatchObject({ state: 'paid' });
  await settler.stop();
  await temporal.close();
}, 90_000);
