/** Two pools with the same names in their files share one Temporal namespace; each has its own ledger. */

import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { findLedger } from '../../core/ledger/store/identity.js';
import { payloadText } from '../../dev/kit/event-element.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { laneQueue, poolIdKey, syncWorkflowId, taskQueueOf } from '../../workflows/contract.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../harness/database.js';
import { createTestWallet, randomAddress, type TestWallet } from '../harness/money.js';
import { createTestNamespace, type TestNamespace } from '../harness/namespace.js';
import { judge, NOTHING_WRONG } from './verdict.js';
import { type ManagerProcess, startManagerProcess } from './worker-process.js';

const FEE_WEI = 8_000_000_000_000_000n;
const PAYEES = 5;

interface Pool {
  readonly database: TestDatabase;
  readonly orchestrator: TestOrchestrator;
  readonly wallet: TestWallet;
  readonly payees: readonly string[];
  manager: ManagerProcess;
}

let chain: LocalChain;
let space: TestNamespace;
const pools: Pool[] = [];

async function start(pool: Omit<Pool, 'manager'>): Promise<ManagerProcess> {
  const manager = await startManagerProcess({
    databaseUrl: pool.database.url,
    temporalAddress: inject('temporalAddress'),
    namespace: space.namespace,
    chain,
    keystore: pool.wallet.keystore,
    endpoint: pool.orchestrator.url,
    pool: { payoutInterval: '10s', minPayoutInterval: '1s' },
  });
  await manager.says('openpool worker ready');
  return manager;
}

async function createPool(): Promise<Pool> {
  const [database, orchestrator, elsewhere] = await Promise.all([
    createEmptyDatabase(),
    startTestOrchestrator(),
    createTestDatabase(),
  ]);
  const wallet = await createTestWallet(elsewhere.db, chain);
  await elsewhere.close();
  const payees = Array.from({ length: PAYEES }, randomAddress);
  orchestrator.rows = payees.map((ethAddress, id) => ({
    id: id + 1,
    dt: `2026-01-01T00:00:0${id}Z`,
    payload: payloadText('job-processed', { ethAddress, computeUnits: 1, fees: FEE_WEI }),
  }));
  const made = { database, orchestrator, wallet, payees };
  return { ...made, manager: await start(made) };
}

beforeAll(async () => {
  [chain, space] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    createTestNamespace(),
  ]);
  // One after the other: the second start met the first one's schedules.
  pools.push(await createPool());
  pools.push(await createPool());
}, 120_000);
afterAll(async () => {
  for (const { manager, database, orchestrator } of pools) {
    await manager.stop();
    await Promise.all([database.close(), orchestrator.stop()]);
  }
  await space.close();
  await chain.stop();
});

const paidTo = async ({ database }: Pool) =>
  (await query<{ payee: string }>(database.db, sql`SELECT payee FROM payout WHERE state = 'paid'`))
    .map(({ payee }) => payee)
    .sort();
describe('two pools in one namespace', () => {
  it('have ids of their own although their files say the same', async () => {
    const [one, two] = await Promise.all(pools.map(({ database }) => findLedger(database.db)));
    expect(one?.poolId).toMatch(/^openpool-[0-9a-f]{6}$/);
    expect(two?.poolId).toMatch(/^openpool-[0-9a-f]{6}$/);
    expect(one?.poolId).not.toBe(two?.poolId);
  });

  it('each count their own events and pay their own payees, from their own wallets', async () => {
    for (const pool of pools) {
      await until('every payee paid', async () => (await paidTo(pool)).length >= PAYEES);
      expect(await paidTo(pool)).toEqual([...pool.payees].sort());
      const { database, wallet } = pool;
      await until('nothing wrong', async () => {
        const verdict = await judge(chain, database.db, wallet.address);
        return JSON.stringify(verdict) === JSON.stringify(NOTHING_WRONG);
      });
      expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);
    }
  }, 120_000);

  it('are told apart in Temporal by the id, the queue, the memo and PoolId of every workflow', async () => {
    const ledgers = await Promise.all(pools.map(({ database }) => findLedger(database.db)));
    const ids = ledgers.map((ledger) => ledger?.poolId ?? '');
    const types = new Set<string>();
    for await (const one of space.client.workflow.list()) {
      const poolId = ids.find((id) => one.workflowId.startsWith(`${id}/`));
      expect(poolId, one.workflowId).toBeDefined();
      const { taskQueue, memo, type } = one;
      const claimed = one.typedSearchAttributes.get(poolIdKey);
      expect({ taskQueue, memo, claimed }, one.workflowId).toEqual({
        taskQueue: queueOf(poolId ?? '', type),
        memo: { pool: poolId },
        claimed: poolId,
      });
      types.add(type);
    }
    expect([...types]).toEqual(expect.arrayContaining(['payout', 'payoutRound', 'sync', 'sweep']));
  });

  const queueOf = (poolId: string, type: string) =>
    type === 'payout' ? laneQueue(taskQueueOf(poolId), 'payouts') : taskQueueOf(poolId);

  it('keep their schedules when the other one starts again', async () => {
    const [first, second] = pools;
    if (first === undefined || second === undefined) throw new Error('there are two');
    await second.manager.stop();
    second.manager = await start(second);
    const { poolId = '' } = (await findLedger(first.database.db)) ?? {};
    const sync = space.client.schedule.getHandle(syncWorkflowId(poolId, 'one'));
    const { action } = await sync.describe();
    expect(action).toMatchObject({ taskQueue: taskQueueOf(poolId) });
    const late = randomAddress();
    first.orchestrator.rows.push({
      id: 99,
      dt: '2026-01-01T00:01:00Z',
      payload: payloadText('job-processed', { ethAddress: late, computeUnits: 1, fees: FEE_WEI }),
    });
    await until('the late payee paid', async () => (await paidTo(first)).includes(late));
    expect(await paidTo(second)).not.toContain(late);
  }, 120_000);

  it('refuse each other’s work, whoever asks for it', async () => {
    const [first, second] = await Promise.all(pools.map(({ database }) => findLedger(database.db)));
    const stranger = space.client.workflow.execute('sweep', {
      taskQueue: taskQueueOf(first?.poolId ?? ''),
      workflowId: 'misdirected',
      args: [{ poolId: second?.poolId }],
    });
    await expect(stranger).rejects.toMatchObject({ cause: { cause: { type: 'POOL_WRONG' } } });
  });
});
