/** The sweep of open payouts and their sagas, on a real Postgres, a real Temporal server and a real chain. */
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createApp } from '../api/app.js';
import { query } from '../core/db/query.js';
import { createSender } from '../core/payouts/sending/sending.js';
import { Settler } from '../core/payouts/settling/settler.js';
import { cancelPayout } from '../core/payouts/store/payout-messages.js';
import { openPayouts } from '../core/payouts/store/payout-progress.js';
import { lookAtSources } from '../core/sentinel/looking.js';
import { recordStuckSagas } from '../core/sentinel/store/stuck-sagas.js';
import { createSuspectRounds } from '../core/sentinel/sweeping.js';
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
import { TEST_SENTINEL, testConfig } from '../test/kit/test-pool.js';
import { registerSearchAttributes } from '../worker/temporal/register-search-attributes.js';
import {
  laneQueue,
  payoutWorkflowId,
  poolIdKey,
  type StuckSaga,
  taskQueueOf,
} from '../workflows/contract.js';
import { createPayoutActivities, createRoundActivities } from './payouts.js';
import { type SagaDeps, startSagas, tellSagas } from './sagas.js';
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

const sagas = () => ({ client: space.workerClient, poolId: TEST_POOL_ID });
const sweep = () => sweepSagas({ ...sagas(), db: database.db });
const look = () =>
  lookAtSources({ db: database.db, settings: TEST_SENTINEL, sources: [], roundIntervalMs: null });
/** How many findings with this code are open in the metrics, from which operators get their alerts. */
async function openFindings(code: string): Promise<number> {
  const deps = {
    db: database.db,
    client: space.client,
    config: testConfig(),
    poolId: TEST_POOL_ID,
    version: '1.2.3',
  };
  const text = await (await createApp(deps).request('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.startsWith('openpool_findings_open'));
  const line = lines.find((one) => one.includes(code) && one.includes('acknowledged="false"'));
  return Number(line?.split(' ').at(-1));
}
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

it('finds sagas that a bad deploy has wedged and restarts them; everybody is paid meanwhile and afterwards', async () => {
  const made = await Promise.all(
    Array.from({ length: 3 }, () => reserveFor(database.db, AMOUNT_WEI)),
  );
  const [signed, late, other] = made.map(({ payoutId }) => payoutId) as [string, string, string];
  const stopFailing = await startFailingWorker();
  await startSagas(sagas(), await openPayouts(database.db, {}));
  // An earlier version that worked has signed this payout: the settler finishes it although no saga can run.
  const sender = createSender(wallet.deps, () => settler.nudge());
  const tell = (payoutIds: readonly string[]) => tellSagas(sagas(), payoutIds);
  const settler: Settler = new Settler(wallet.deps, { sender, tell });
  await sender.send(signed);
  settler.start();
  await expect.poll(() => stateOf(database.db, signed), { timeout: 20_000 }).toBe('paid');
  await expect
    .poll(() => Promise.all([signed, late, other].map(attemptOf)), { timeout: 30_000 })
    .toSatisfy((attempts: readonly number[]) => attempts.every((attempt) => attempt >= 3));
  // A saga takes its first step within seconds. We make these payouts 40 s older, so that they count as late.
  await database.db.execute(sql`UPDATE payout SET created_at = created_at - interval '40 s',
                                                  closed_at = closed_at - interval '40 s'`);
  const runs = await Promise.all([late, other].map(runOf));
  const told: StuckSaga[] = [];
  const onStuckSaga = (saga: StuckSaga) => told.push(saga);
  const { stuck } = await sweepSagas({ ...sagas(), db: database.db, onStuckSaga });
  expect(told).toEqual(stuck);
  expect(await look()).toMatchObject({ findings: [1, 2, 3].map(() => ({ code: 'SAGA_STUCK' })) });
  expect(await openFindings('SAGA_STUCK')).toBe(3);
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
  expect(await look()).toMatchObject({ resolved: 3, findings: [] });
  expect(await openFindings('SAGA_STUCK')).toBe(0);
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
  // The message is lost: as if Temporal had taken it and was then restored from an older backup.
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

const decision = { actor: 'test', reason: 'because' };
/** Cancels the payouts of a test and ends their sagas, so that the next test begins with none. */
async function clear(payoutIds: readonly string[]): Promise<void> {
  for (const payoutId of payoutIds) {
    await cancelPayout(database.db, payoutId, decision);
    await handleOf(payoutId)
      .terminate()
      .catch(() => undefined);
  }
  await database.db.execute(sql`UPDATE payout SET told_at = now() WHERE closed_at IS NOT NULL`);
  await database.db.execute(sql`DELETE FROM stuck_saga`);
}
async function reserveMany(count: number): Promise<readonly string[]> {
  const payoutIds: string[] = [];
  for (let n = 0; n < count; n += 1) {
    payoutIds.push((await reserveFor(database.db, AMOUNT_WEI)).payoutId);
  }
  return payoutIds;
}
const untilRunning = (count: number) =>
  expect
    .poll(
      async () => {
        const query = 'WorkflowType = "payout" AND ExecutionStatus = "Running"';
        return (await space.client.workflow.count(query)).count;
      },
      { timeout: 20_000 },
    )
    .toBe(count);

it('starts, tells and checks the others when Temporal refuses one saga, and names that one', async () => {
  const [ended = '', ...others] = await reserveMany(4);
  await startSagas(sagas(), await openPayouts(database.db, { payoutId: ended }));
  await untilRunning(1);
  await cancelPayout(database.db, ended, decision);
  await database.db.execute(sql`
    UPDATE payout SET closed_at = closed_at - interval '40 s' WHERE id = ${ended}`);
  const [refused = ''] = others;
  const client = new Client({
    connection: space.workerClient.connection,
    namespace: space.namespace,
    interceptors: {
      workflow: [
        {
          start: (input, next) => {
            if (input.options.workflowId.endsWith(refused)) throw new Error('search attribute');
            return next(input);
          },
        },
      ],
    },
  });
  const deps: SagaDeps = { client, poolId: TEST_POOL_ID };
  await expect(sweepSagas({ ...deps, db: database.db })).rejects.toThrow(
    `1 of 3 sagas could not be started: ${refused}: search attribute`,
  );
  const trouble: string[] = [];
  const onTrouble = (error: unknown) => trouble.push(String(error));
  const round = createRoundActivities({ ...wallet.deps, ...deps, onTrouble });
  expect(await round.startSagas({ payoutId: refused })).toEqual({ started: 0 });
  expect(trouble).toEqual([expect.stringContaining(refused)]);
  for (const payoutId of others.slice(1)) {
    expect((await handleOf(payoutId).describe()).status.name).toBe('RUNNING');
  }
  const { events } = await handleOf(ended).fetchHistory();
  expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes)).toHaveLength(1);
  await handleOf(ended).terminate();
  await clear(others);
}, 60_000);

it('finds a stuck saga among many suspects, and one whose payout has waited long', async () => {
  const payoutIds = await reserveMany(62);
  const [late = '', waiting = '', ...others] = payoutIds;
  const open = await openPayouts(database.db, {});
  const stopFailing = await startFailingWorker();
  await startSagas(
    sagas(),
    open.filter(({ payoutId }) => !others.includes(payoutId)),
  );
  await expect
    .poll(() => Promise.all([late, waiting].map(attemptOf)), { timeout: 30_000 })
    .toSatisfy((attempts: readonly number[]) => attempts.every((attempt) => attempt >= 3));
  await stopFailing();
  await startSagas(
    sagas(),
    open.filter(({ payoutId }) => others.includes(payoutId)),
  );
  await untilRunning(62);
  await database.db.execute(sql`
    UPDATE payout SET created_at = created_at - interval '6 min',
           wait_code = CASE WHEN id = ${waiting} THEN 'WALLET_HALTED' END,
           wait_reason = CASE WHEN id = ${waiting} THEN 'lunch' END
     WHERE state = 'reserved'`);
  const rounds = createSuspectRounds();
  const deps = { ...sagas(), db: database.db, rounds };
  const found = [await sweepSagas(deps), await sweepSagas(deps)].flatMap(({ stuck }) =>
    stuck.map(({ payoutId }) => payoutId),
  );
  expect(found.sort()).toEqual([late, waiting].sort());
  // A stuck saga that a sweep did not check stays recorded as stuck; one that was checked and found healthy is removed.
  const kept = [late, waiting].map((payoutId) => ({
    workflowId: payoutWorkflowId(TEST_POOL_ID, payoutId),
    failure: 'a bad deploy',
  }));
  const [one = '', two = ''] = kept.map(({ workflowId }) => workflowId);
  await recordStuckSagas(database.db, kept, { checked: [one, two], running: [one, two] });
  await recordStuckSagas(database.db, [], { checked: [one], running: [one, two] });
  expect(await stuckRows()).toMatchObject([{ workflow_id: two }]);
  await recordStuckSagas(database.db, [], { checked: [], running: [one] });
  expect(await stuckRows()).toEqual([]);
  await clear(payoutIds);
}, 120_000);

it('counts a saga whose tasks time out because workers were killed as stuck only after many tries', async () => {
  const [payoutId = ''] = await reserveMany(1);
  const taskQueue = laneQueue(taskQueueOf(TEST_POOL_ID), 'payouts');
  await space.client.workflow.start('payout', {
    taskQueue,
    workflowId: payoutWorkflowId(TEST_POOL_ID, payoutId),
    args: [{ poolId: TEST_POOL_ID, payoutId }],
    workflowTaskTimeout: '1 s',
    typedSearchAttributes: [{ key: poolIdKey, value: TEST_POOL_ID }],
  });
  await database.db.execute(sql`
    UPDATE payout SET created_at = created_at - interval '40 s' WHERE id = ${payoutId}`);
  // Plays a worker that is killed: it takes the task and never answers, so the task times out and is tried again.
  while ((await attemptOf(payoutId)) < 3) {
    const { connection, namespace } = space;
    const task = { namespace, taskQueue: { name: taskQueue }, identity: 'killed' };
    await connection
      .withDeadline(Date.now() + 5_000, () =>
        connection.workflowService.pollWorkflowTaskQueue(task),
      )
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
  }
  await untilRunning(1);
  expect(await sweep()).toMatchObject({ started: 0, stuck: [] });
  await clear([payoutId]);
}, 60_000);
