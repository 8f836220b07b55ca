/** Whether Temporal still has a workflow: its namespace keeps closed ones only for a while. */
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { RunningPool } from '../../client/running-pool.js';

const ASKED_EVERY_MS = 300_000;
const PATIENCE_MS = 2_000;
type Kept = Promise<number | null>;
const asked = new WeakMap<object, { readonly atMs: number; readonly kept: Kept }>();

/** Returns how long closed workflows are kept, in ms; null when Temporal does not say. It is asked every five minutes. */
export function keptWorkflowsMs(pool: RunningPool): Kept {
  const { client } = pool;
  const known = asked.get(client);
  if (known !== undefined && performance.now() - known.atMs < ASKED_EVERY_MS) return known.kept;
  const kept = ask(pool).catch(() => {
    asked.delete(client);
    return null;
  });
  asked.set(client, { atMs: performance.now(), kept });
  return kept;
}

async function ask({ client, config }: RunningPool): Promise<number | null> {
  const { namespace } = config.temporal;
  const { config: kept } = await client.withDeadline(Date.now() + PATIENCE_MS, () =>
    client.workflowService.describeNamespace({ namespace }),
  );
  const retention = kept?.workflowExecutionRetentionTtl;
  return retention == null ? null : tsToMs(retention);
}

/** Whether a workflow that ended then is gone; false while it is not known how long they are kept. */
export function isGone(closedAt: Date | null, keptMs: number | null, now: Date): boolean {
  if (closedAt === null || keptMs === null) return false;
  return now.getTime() - closedAt.getTime() > keptMs;
}
