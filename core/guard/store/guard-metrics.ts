/** Reads how the guard works, for the metrics: no figures, and nobody's name. */
import { eq } from 'drizzle-orm';
import type { Reader, Transaction } from '../../db/database.js';
import { remoteWorker, setting } from '../../ledger/store/tables.js';
import { overrideOf } from '../rules/override.js';
import { GUARD_STATES, type GuardState } from '../rules/states.js';
import { readOverrides } from './overrides.js';
import { workerState } from './tables.js';

/** Key of the setting that stores when everybody was judged for the last time. */
const JUDGED_AT = 'guard.judged-at';

/** Records that everybody was judged at this time. */
export async function recordJudging(tx: Transaction, atMs: number): Promise<void> {
  const at = new Date(atMs);
  const value = at.toISOString();
  await tx
    .insert(setting)
    .values({ key: JUDGED_AT, value, changedAt: at })
    .onConflictDoUpdate({ target: setting.key, set: { value, changedAt: at } });
}

/** Reads when everybody was judged for the last time; null: never. */
export async function lastJudging(reader: Reader): Promise<Date | null> {
  const [found] = await reader
    .select({ value: setting.value })
    .from(setting)
    .where(eq(setting.key, JUDGED_AT));
  return found === undefined ? null : new Date(found.value);
}

/** Counts who is in which state, once for each pipeline and model. An override counts instead of the guard. */
export async function countStates(reader: Reader): Promise<ReadonlyMap<GuardState, number>> {
  const { payee, nodeType, region } = remoteWorker;
  const { pipeline, modelId, state } = workerState;
  const overrides = await readOverrides(reader);
  const found = await reader
    .select({ payee, nodeType, region, pipeline, modelId, state })
    .from(workerState)
    .innerJoin(remoteWorker, eq(remoteWorker.id, workerState.remoteWorkerId));
  const counts = new Map<GuardState, number>(GUARD_STATES.map((one) => [one, 0]));
  for (const one of found) {
    const own = overrideOf(one, overrides)?.state ?? one.state;
    counts.set(own, (counts.get(own) ?? 0) + 1);
  }
  return counts;
}
