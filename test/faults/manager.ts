/** A manager inside the test: a Temporal namespace, a worker with the real activities, its own connections. */

import type { Client } from '@temporalio/client';
import { createCheckActivities } from '../../activities/checks.js';
import { createPayoutActivities, createRoundActivities } from '../../activities/payouts.js';
import { tellSagas } from '../../activities/sagas.js';
import { createChainClient } from '../../core/chain/quorum.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { createSender } from '../../core/payouts/sending/sending.js';
import { Settler } from '../../core/payouts/settling/settler.js';
import { openPayouts } from '../../core/payouts/store/payout-progress.js';
import { until } from '../../dev/kit/until.js';
import { createLog } from '../../start/log.js';
import { registerSearchAttributes } from '../../worker/temporal/register-search-attributes.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { TEST_POOL_ID } from '../harness/database.js';
import type { TestWallet } from '../harness/money.js';
import { createTestNamespace, type TestNamespace } from '../harness/namespace.js';
import { connectTestTemporal } from '../harness/temporal.js';

export interface Manager {
  readonly db: Database;
  readonly client: Client;
  readonly namespace: string;
  /** Starts this workflow of the pool under this id and waits for its end. */
  run<Result>(type: string, workflowId: string, input?: object): Promise<Result>;
  stop(): Promise<void>;
}

/**
 * Shares with other managers only what is named: the database by its URL, the wallet's key, and its
 * Temporal namespace when one is given, which it then leaves open.
 */
export async function startManager(
  databaseUrl: string,
  wallet: TestWallet,
  space?: TestNamespace,
): Promise<Manager> {
  const { client, workerClient, namespace, close } =
    space === undefined
      ? await createManagerNamespace()
      : { ...space, close: () => Promise.resolve() };
  const temporal = await connectTestTemporal(taskQueueOf(TEST_POOL_ID));
  const db = openDatabase({ url: databaseUrl, maxConnections: 8 });
  const deps = { ...wallet.deps, db, rpc: createChainClient(wallet.deps.chain) };
  const sagas = { client: workerClient, poolId: TEST_POOL_ID };
  const sender = createSender(deps, () => settler.nudge());
  const tell = (payoutIds: readonly string[]) => tellSagas(sagas, payoutIds);
  const settler: Settler = new Settler(deps, { sender, tell });
  const activities = {
    ...createRoundActivities({ ...deps, ...sagas }),
    ...createPayoutActivities(sender),
    ...createCheckActivities(deps),
  };
  await temporal.startWorker(activities, { namespace });
  settler.start();
  return {
    db,
    client,
    namespace,
    run: (workflowType, workflowId, input) =>
      client.workflow.execute(workflowType, {
        workflowId,
        taskQueue: taskQueueOf(TEST_POOL_ID),
        args: [{ poolId: TEST_POOL_ID, ...input }],
      }),
    async stop() {
      await temporal.close();
      await settler.stop();
      await close();
      await closeDatabase(db);
    },
  };
}

/** A namespace as a worker's start leaves it. */
export async function createManagerNamespace(): Promise<TestNamespace> {
  const space = await createTestNamespace();
  const log = createLog({ level: 'silent' });
  await registerSearchAttributes({ ...space, address: 'the test server', log });
  return space;
}

/** Resolves when there is at least one payout and none is open. */
export function untilAllEnded(db: Database, timeoutMs = 30_000): Promise<void> {
  const isOver = async () => (await openPayouts(db, {})).length === 0;
  return until('the end of every payout', isOver, { withinMs: timeoutMs });
}
