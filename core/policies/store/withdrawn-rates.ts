/** Finds the rates that were recorded ahead for announced terms which a person withdrew since. */
import { sql } from 'drizzle-orm';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { rateAt } from '../../terms/rules/worker-rates.js';
import { workerRate } from '../../terms/store/tables.js';
import { ratesOf, type WorkerRate } from '../../terms/store/worker-rates.js';

/**
 * Returns, for each worker whose plan still has a step from withdrawn terms, the rate before that step, to go on from there:
 * once recorded it takes the place of the step and of all that follows. The next answer of the policy makes a whole plan again.
 */
export async function ratesInsteadOfWithdrawn(reader: Reader): Promise<readonly WorkerRate[]> {
  const { payee, nodeType, region } = workerRate;
  const found = await rows(
    reader,
    { payee, nodeType, region, fromMs: Number, withdrawnMs: Number },
    sql`SELECT rate.payee, rate.node_type AS "nodeType", rate.region,
               (extract(epoch FROM gone.from_dt) * 1000)::float8 AS "fromMs",
               (extract(epoch FROM max(gone.withdrawn_at)) * 1000)::float8 AS "withdrawnMs"
          FROM terms gone
          JOIN worker_rate rate ON rate.from_dt >= gone.from_dt AND rate.recorded_at < gone.withdrawn_at
         WHERE gone.withdrawn_at IS NOT NULL AND gone.from_dt > now()
         GROUP BY rate.payee, rate.node_type, rate.region, gone.from_dt
         ORDER BY gone.from_dt`,
  );
  if (found.length === 0) return [];
  const held = await ratesOf(reader, found);
  const instead = new Map<string, WorkerRate>();
  for (const { fromMs, withdrawnMs, ...worker } of found) {
    const key = remoteWorkerKey(worker);
    const steps = held.get(key) ?? [];
    const isStale = steps.some(
      (step) => step.fromMs >= fromMs && step.recordedAt.getTime() < withdrawnMs,
    );
    const before = rateAt(steps, fromMs - 1);
    if (isStale && before !== undefined && !instead.has(key)) {
      instead.set(key, goOn(worker, before, fromMs));
    }
  }
  return [...instead.values()];
}

function goOn(
  { payee, nodeType, region }: RemoteWorker,
  rate: Omit<WorkerRate, keyof RemoteWorker | 'from'>,
  fromMs: number,
): WorkerRate {
  const { commissionBps, bonusBps, policy, policyVersion, optionsHash, reason } = rate;
  const said = { commissionBps, bonusBps, policy, policyVersion, optionsHash, reason };
  return { payee, nodeType, region, ...said, from: new Date(fromMs) };
}
