import { setTimeout } from 'node:timers/promises';
import { toErrorAnswer } from '../../client/error-answers.js';
import type { RunningPool } from '../../client/running-pool.js';
import { pingTemporal } from '../../client/workflow-calls.js';
import type { PoolErrorCode } from '../../core/base/errors/catalogue.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { lastTurn } from '../../core/ledger/store/worker-processes.js';
import { isWorkerSilent } from '../../core/standing/rules/pool-standing.js';
import { pingDatabase } from '../../core/standing/store/pool-reads.js';
import type { Routes } from '../request.js';
import { PROBES } from '../schemas/plain.js';

const PATIENCE_MS = 3_000;

export function healthRoutes(routes: Routes, pool: RunningPool): void {
  // Reports only on this process, because a health check restarts it, and that fixes nothing that is down elsewhere.
  routes.raw('/v1/health', PROBES.health, ({ c }) =>
    c.json({ status: 'ok', version: pool.version }),
  );
  const ask = () =>
    Promise.all([
      probe(pingDatabase(pool.db), 'DATABASE_UNREACHABLE'),
      probe(pingTemporal(pool), 'TEMPORAL_UNREACHABLE'),
      probe(requireTurn(pool), 'WORKER_SILENT'),
    ]);
  // One check serves all requests that wait for it, so that they take one connection however many there are.
  let asked: ReturnType<typeof ask> | undefined;
  routes.raw('/v1/ready', PROBES.ready, async ({ c }) => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    const [database, temporal, worker] = await asked;
    // The API works without a worker, so a silent worker does not make it unready.
    const isReady = database === 'ok' && temporal === 'ok';
    const body = { status: isReady ? 'ok' : 'unavailable', database, temporal, worker };
    return c.json(body, isReady ? 200 : 503);
  });
}

/** Throws WORKER_SILENT when no worker has recently reported that its loops make progress. */
async function requireTurn(pool: RunningPool): Promise<void> {
  const turn = await lastTurn(pool.db);
  if (isWorkerSilent(turn?.ageMs ?? null)) {
    throw new PoolError('WORKER_SILENT', 'No worker gets on.');
  }
}

/** Returns `ok`, or the code of the error. */
function probe(call: Promise<void>, whenSilent: PoolErrorCode): Promise<string> {
  const outcome = call.then(
    () => 'ok',
    (error: unknown) => toErrorAnswer(error).body.code,
  );
  return Promise.race([outcome, setTimeout(PATIENCE_MS, whenSilent, { ref: false })]);
}
