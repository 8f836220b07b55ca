import { Hono } from 'hono';
import { toErrorAnswer } from '../../client/error-answers.js';
import type { RunningPool } from '../../client/running-pool.js';
import { pingTemporal } from '../../client/workflow-calls.js';
import type { PoolErrorCode } from '../../core/base/errors/catalogue.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { lastTurn } from '../../core/ledger/store/worker-processes.js';
import { isWorkerSilent } from '../../core/standing/rules/pool-standing.js';
import { pingDatabase } from '../../core/standing/store/pool-reads.js';

const PATIENCE_MS = 3_000;

export function healthRoutes(deps: RunningPool): Hono {
  const app = new Hono();
  // Tells of this process alone: restarting it fixes nothing that is down elsewhere.
  app.get('/health', (c) => c.json({ status: 'ok', version: deps.version }));
  // Asks once for all who wait: however many ask, they take one connection.
  const ask = shared(() =>
    Promise.all([
      probe(pingDatabase(deps.db), 'DATABASE_UNREACHABLE'),
      probe(pingTemporal(deps), 'TEMPORAL_UNREACHABLE'),
      probe(requireTurn(deps), 'WORKER_SILENT'),
    ]),
  );
  app.get('/ready', async (c) => {
    const [database, temporal, worker] = await ask();
    // The API answers without a worker, so a silent one does not make it unready.
    const isReady = database === 'ok' && temporal === 'ok';
    const body = { status: isReady ? 'ok' : 'unavailable', database, temporal, worker };
    return c.json(body, isReady ? 200 : 503);
  });
  return app;
}

/** Shares one call among all who ask before it has ended. */
function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= call().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Throws when no worker has reported lately that its loops turn. */
async function requireTurn(deps: RunningPool): Promise<void> {
  const turn = await lastTurn(deps.db);
  if (isWorkerSilent(turn?.ageMs ?? null)) {
    throw new PoolError('WORKER_SILENT', 'No worker gets on.');
  }
}

/** `ok`, or the code of what is wrong. */
async function probe(call: Promise<void>, whenSilent: PoolErrorCode): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, whenSilent);
  });
  const outcome = call.then(
    () => 'ok',
    (error: unknown) => toErrorAnswer(error).body.code,
  );
  try {
    return await Promise.race([outcome, patience]);
  } finally {
    clearTimeout(timer);
  }
}
