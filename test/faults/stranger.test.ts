/**
 * Somebody reaches Temporal's port, without the API's token and without the database: every workflow and
 * every message is tried from a plain client, and no wei moves.
 */

import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { endOrder } from '../../core/orders/store/orders.js';
import { holdPayout } from '../../core/payouts/store/payout-messages.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { orderWorkflowId, payoutWorkflowId, taskQueueOf } from '../../workflows/contract.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../harness/database.js';
import {
  createTestWallet,
  credit,
  recordTestTerms,
  reserveFor,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import { createTestNamespace, type TestNamespace } from '../harness/namespace.js';
import { giveOrder } from '../harness/orders.js';
import { WORKFLOW_TYPES } from '../harness/workflow-types.js';
import { type ManagerProcess, startManagerProcess } from './worker-process.js';

const ETH = 10n ** 18n;
const taskQueue = taskQueueOf(TEST_POOL_ID);

let chain: LocalChain;
let orchestrator: TestOrchestrator;
let database: TestDatabase;
let space: TestNamespace;
let wallet: TestWallet;
let manager: ManagerProcess;

/** Alice has an ether pending, Bob a payout that a person holds. */
const world = { alice: '', held: '', ended: [] as string[] };

beforeAll(async () => {
  [chain, orchestrator, database, space] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    startTestOrchestrator(),
    createTestDatabase(),
    createTestNamespace(),
  ]);
  const { db } = database;
  wallet = await createTestWallet(db, chain);
  await recordTestTerms(db, { thresholdWei: 1_000n * ETH });
  world.alice = await credit(db, [ETH]);
  world.held = (await reserveFor(db, ETH)).payoutId;
  await holdPayout(db, world.held, { actor: 'ann', reason: 'a look at the address first' });
  for (const state of ['done', 'refused'] as const) {
    const args = { payee: world.alice, belowThreshold: true };
    const { orderId } = await giveOrder(db, 'payout.manual', args);
    await endOrder(db, orderId, { state, result: { payoutId: world.held } });
    world.ended.push(orderId);
  }
  manager = await startManagerProcess({
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    namespace: space.namespace,
    chain,
    keystore: wallet.keystore,
    endpoint: orchestrator.url,
    pool: { payoutThreshold: '1000 ETH' },
  });
  await manager.says('openpool worker ready');
});
afterAll(async () => {
  await manager.stop();
  await space.close();
  await Promise.all([database.close(), chain.stop(), orchestrator.stop()]);
});

/** Everything that says who has what, and what was decided. */
async function moneyOf(): Promise<unknown> {
  const { db } = database;
  return {
    balances: await query(db, sql`SELECT * FROM balance ORDER BY remote_worker_id, account`),
    payouts: await query(db, sql`SELECT id, state, approved_at, held_at FROM payout ORDER BY id`),
    halts: await query(db, sql`SELECT code FROM wallet_halt ORDER BY code`),
    decisions: await query(db, sql`SELECT action, subject FROM audit_log ORDER BY id`),
    sent: await transfersOf(chain, wallet.address),
  };
}

/** What somebody who has read the source would try, of this version and the one before. */
function inputs(): readonly object[] {
  const { alice, held, ended } = world;
  const orders = {
    actor: 'ann',
    reason: 'trust me',
    dryRun: false,
    payee: alice,
    belowThreshold: true,
    amountWei: ETH.toString(),
    reference: 'mine',
    newPayee: true,
    allowDebt: true,
    nodeType: 'ai',
    region: 'r0',
    choice: { jobs: [], before: '2099-01-01T00:00:00Z' },
    vouchedHashes: [],
    payoutId: held,
    txHash: `0x${'ab'.repeat(32)}`,
    apply: true,
    ids: [],
    code: null,
    sourceId: 'one',
    from: null,
    to: null,
    month: '2026-01',
  };
  const order = { kind: 'ledger.adjust', args: orders, ...orders };
  return [
    orders,
    { poolId: TEST_POOL_ID, ...orders },
    { poolId: TEST_POOL_ID, orderId: randomUUID(), ...orders, order },
    { poolId: TEST_POOL_ID, orderId: `' OR '1'='1`, ...orders },
    ...ended.map((orderId) => ({ poolId: TEST_POOL_ID, orderId, ...orders })),
    { poolId: 'another', orderId: ended[0], ...orders },
    { poolId: TEST_POOL_ID, payoutId: randomUUID() },
  ];
}

describe('a stranger who reaches Temporal', () => {
  it('moves no wei by any workflow, whatever its input', async () => {
    const before = await moneyOf();
    expect(WORKFLOW_TYPES.length).toBeGreaterThan(15);
    const { workflow } = space.client;
    const started = [];
    for (const type of WORKFLOW_TYPES) {
      for (const input of inputs()) {
        const options = { taskQueue, workflowId: `mallory/${randomUUID()}`, args: [input] };
        started.push(await workflow.start(type, options));
      }
    }
    const ended = await Promise.all(
      started.map(async (handle) => {
        const patience = new Promise((resolve) => setTimeout(resolve, 10_000));
        await Promise.race([handle.result().catch(() => undefined), patience]);
        await handle.terminate('the test is over').catch(() => undefined);
        return handle.workflowId;
      }),
    );
    expect(ended).toHaveLength(WORKFLOW_TYPES.length * inputs().length);
    expect(await moneyOf()).toEqual(before);
    expect(await checkInvariants(database.db)).toEqual([]);
  }, 120_000);

  it('moves no wei and lifts no hold by any message to a saga', async () => {
    const before = await moneyOf();
    const { workflow } = space.client;
    const saga = await workflow.start('payout', {
      taskQueue,
      workflowId: payoutWorkflowId(TEST_POOL_ID, world.held),
      args: [{ poolId: TEST_POOL_ID, payoutId: world.held }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const message = { actor: 'ann', reason: 'trust me' };
    for (const name of ['hold', 'resume', 'approve', 'bump', 'cancel', 'release', 'poke', 'pay']) {
      await saga.signal(name, message);
      await expect(saga.executeUpdate(name, { args: [message] })).rejects.toThrow();
    }
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await saga.terminate('the test is over');
    expect(await moneyOf()).toEqual(before);
  });

  it('would be seen if an order moved something: the control', async () => {
    const before = await moneyOf();
    const args = { payee: world.alice, belowThreshold: true };
    const { orderId } = await giveOrder(database.db, 'payout.manual', args);
    const workflowId = orderWorkflowId(TEST_POOL_ID, orderId);
    const input = { poolId: TEST_POOL_ID, orderId };
    await space.client.workflow.execute('manualPayout', { taskQueue, workflowId, args: [input] });
    await until(
      'a payout to Alice',
      async () => (await transfersOf(chain, wallet.address)).length > 0,
      { withinMs: 20_000 },
    );
    expect(await moneyOf()).not.toEqual(before);
  });
});
