/** A worker with the naive saga: started by the harness as its control, and by nothing else. */
import { Client } from '@temporalio/client';
import { createRoundActivities } from '../../activities/payouts.js';
import { findWorkflowBundle } from '../../config/reading/program.js';
import { installRuntime } from '../../start/log.js';
import { runProcess, type Service, type ServiceContext } from '../../start/service.js';
import { connectTemporal, untilTemporalAnswers } from '../../start/temporal-connection.js';
import { createLanes, runLanes, stopLanes } from '../../worker/temporal/lanes.js';
import { registerSearchAttributes } from '../../worker/temporal/register-search-attributes.js';
import { applySchedules } from '../../worker/temporal/schedules.js';
import { startWallet } from '../../worker/wallet-start.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { recordTerms } from '../harness/terms.js';
import { allowNaiveMoves, createNaiveActivities } from './naive-saga.js';

await runProcess({ needsWallet: true, maxConnections: 20, services: [serveNaiveWorker] });

async function serveNaiveWorker(context: ServiceContext): Promise<Service> {
  const { config, db, ledger, log } = context;
  const { poolId } = ledger;
  installRuntime(log);
  const { commissionBps, payoutThresholdWei, minPayoutIntervalMs } = config.pool;
  const thresholds = { thresholdWei: payoutThresholdWei, minIntervalMs: minPayoutIntervalMs };
  await recordTerms(db, { commissionBps, ...thresholds });
  const { money } = await startWallet(context);
  await allowNaiveMoves(money);
  const connection = await connectTemporal(context);
  const { address, namespace } = config.temporal;
  const client = new Client({ connection, namespace });
  await untilTemporalAnswers(context, async () => {
    await registerSearchAttributes({ connection, address, namespace, log });
    await applySchedules(client.schedule, { ...config, poolId, sources: [] });
  });
  const workers = await createLanes({
    mainQueue: taskQueueOf(poolId),
    connection,
    namespace,
    workflows: { workflowBundle: { codePath: findWorkflowBundle() ?? '' } },
    activities: {
      ...createRoundActivities({ ...money, client, poolId }),
      ...createNaiveActivities(money),
    },
  });
  process.stdout.write('openpool worker ready\n');
  const done = runLanes(workers);
  return {
    done,
    async stop() {
      stopLanes(workers);
      await done.catch(() => undefined);
      await connection.close();
    },
  };
}
