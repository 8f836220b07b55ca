/** The seeded faults that take their time: they wait for time-outs, or for another pool's workers to poll. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { loadConfig } from '../config/config.js';
import { readVersion } from '../config/reading/program.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { openLedger } from '../core/ledger/store/identity.js';
import { noteWorker } from '../core/ledger/store/worker-processes.js';
import { until } from '../dev/kit/until.js';
import { createEmptyDatabase } from '../test/harness/database.js';
import { BEHIND_NAMESPACE, found, nobody, useDoctoredPool } from '../test/harness/doctored-pool.js';
import { createTestWallet, recordTestTerms } from '../test/harness/money.js';
import { polledQueues } from '../worker/temporal/lanes.js';
import { applySchedules } from '../worker/temporal/schedules.js';
import { taskQueueOf } from '../workflows/contract.js';

const { get, fault, run } = useDoctoredPool();
const presence = { id: '00000000-0000-4000-8000-000000000002', host: 'test', sources: ['one'] };

describe('what does not answer', () => {
  fault(
    'is Temporal',
    'temporal.connection TEMPORAL_UNREACHABLE',
    async () => ({
      changes: { temporal: { ...get().healthy.temporal, address: await nobody() } },
    }),
    ['temporal.namespace', ...BEHIND_NAMESPACE],
  );

  fault(
    'are all endpoints',
    ['endpoints.connection ENDPOINT_SILENT', 'endpoints.connection ENDPOINT_SILENT'],
    async () => ({
      changes: {
        chain: {
          ...get().healthy.chain,
          rpcUrls: [`http://${await nobody()}`, `http://${await nobody()}`],
        },
      },
    }),
    [
      ...['endpoints.chain', 'endpoints.answers', 'endpoints.lag', 'endpoints.agreement'],
      'wallet.balance',
    ],
  );
});

describe('what hangs', () => {
  afterEach(() => {
    get().orchestrator.answer = undefined;
  });
  fault('is a source', 'sources.reading EVENT_SOURCE_TIMEOUT', async () => {
    get().orchestrator.answer = () => undefined;
    return {};
  });
});

describe('an endpoint', () => {
  fault('that estimates no gas', 'endpoints.answers ENDPOINT_REFUSES', async () => {
    get().third.setMood({ refuses: { eth_estimateGas: 'not on this plan' } });
    return { undo: async () => get().third.setMood() };
  });
});

describe('workers', () => {
  fault('whose loops stand still', 'temporal.workers WORKER_SILENT', async () => {
    await get().worker.process.stop();
    await noteWorker(get().database.db, { ...presence, version: readVersion() });
    await run(`UPDATE worker_process SET turned_at = now() - interval '5 minutes'`);
    return { undo: () => run('DELETE FROM worker_process') };
  });

  it('that poll all queues but one', async () => {
    const { namespace, client } = get().space;
    const poolId = 'with-a-gap';
    const other = await createEmptyDatabase();
    const { db } = other;
    await openLedger(db, { poolId: null, chainId: get().chain.chainId, newPoolId: poolId });
    await recordTestTerms(db);
    const wallet = await createTestWallet(db, get().chain);
    await get().file('gap.json', wallet.keystore);
    const changes = {
      database: { url: other.url },
      wallet: { keystoreFile: 'gap.json', passphraseFile: 'passphrase' },
    };
    const config = await loadConfig(await get().configure(changes));
    const readsFrom = `${get().orchestrator.url}/pool/events`;
    await registerSources(
      db,
      config.sources.map((one) => ({ ...one, readsFrom })),
    );
    await noteWorker(db, { ...presence, version: readVersion() });
    await applySchedules(client.schedule, { ...config, poolId });
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
    const queues = polledQueues(taskQueueOf(poolId)).filter(
      ({ queue }) => !queue.endsWith('/orders'),
    );
    const workflowBundle = { codePath: inject('workflowBundlePath') };
    const activities = { syncSource: async () => ({}) };
    const workers = await Promise.all(
      queues.map(({ queue: taskQueue, kinds }) => {
        const common = { connection, namespace, taskQueue, activities };
        return Worker.create(kinds.length === 2 ? { ...common, workflowBundle } : common);
      }),
    );
    const runs = workers.map((worker) => worker.run());
    try {
      await until('all but one are polled', async () => {
        const rows = await get().examine(changes);
        return rows.filter(({ code }) => code === 'QUEUE_UNPOLLED').length === 1;
      });
      const rows = await get().examine(changes);
      expect(found(rows)).toEqual(['temporal.workers QUEUE_UNPOLLED']);
      const gap = rows.find(({ code }) => code === 'QUEUE_UNPOLLED');
      expect(gap?.subject).toBe('openpool/with-a-gap/orders');
    } finally {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await connection.close();
      await other.close();
    }
  });
});
