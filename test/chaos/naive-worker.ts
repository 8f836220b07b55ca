/** A worker with the naive saga: started by the harness as its control, and by nothing else. */
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createRoundActivities } from '../../activities/round.js';
import { findWorkflowBundle } from '../../config/process.js';
import { installRuntime } from '../../worker/log.js';
import { applySchedules } from '../../worker/schedules.js';
import { registerSearchAttributes } from '../../worker/search-attributes.js';
import { runProcess, type Service, type ServiceContext } from '../../worker/service.js';
import { connectTemporal, untilTemporalAnswers } from '../../worker/temporal-connection.js';
import { startWallet } from '../../worker/wallet-start.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { recordTerms } from '../harness/terms.js';
import { createNaiveActivities, prepareNaiveTable } from './naive-saga.js';

await runProcess({ needsWallet: true, maxConnections: 20, services: [serveNaiveWorker] });

async function serveNaiveWorker(context: ServiceContext): Promise<Service> {
  const { config, db, ledger, log } = context;
  const { poolId } = ledger;
  installRuntime(log);
  const { commissionBps, payoutThresholdWei, minPayoutIntervalMs } = config.pool;
  const thresholds = { thresholdWei: payoutThresholdWei, minIntervalMs: minPayoutIntervalMs };
  await recordTerms(db, { commissionBps, ...thresholds });
  const { money } = await startWallet(context);
  await prepareNaiveTable(money);
  const connection = await connectTemporal(context);
  const { address, namespace } = config.temporal;
  const client = new Client({ connection, namespace });
  await untilTemporalAnswers(context, async () => {
    await registerSearchAttributes({ connection, address, namespace, log });
    await applySchedules(client.schedule, { ...config, poolId, sources: [] });
  });
  const worker = await Worker.create({
    ...{ taskQueue: taskQueueOf(poolId), connection, namespace },
    workflowBundle: { codePath: findWorkflowBundle() ?? '' },
    activities: {
      ...createRoundActivities({ ...money, client, poolId }),
      ...createNaiveActivities(money),
    },
  });
  process.stdout.write('openpool worker ready\n');
  const done = worker.run();
  return {
    done,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => undefined);
      await connection.close();
    },
  };
}
