/** Inserts the remote workers and payees that events name for the first time. */
import type { PoolClient } from 'pg';
import { type RemoteWorker, remoteWorkerKey } from '../../../base/remote-worker.js';
import { sqlRows } from '../../../db/copy/copy-text.js';

/**
 * Inserts new workers, and returns the ids of all by `remoteWorkerKey`. It inserts in the order of the keys: otherwise
 * two sources that meet the same new workers at once could deadlock.
 */
export async function identifyWorkers(
  client: PoolClient,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, number>> {
  const sorted = [...workers].sort((a, b) => (remoteWorkerKey(a) < remoteWorkerKey(b) ? -1 : 1));
  const unnested = sqlRows(sorted, [
    ['text', ({ payee }) => payee],
    ['text', ({ nodeType }) => nodeType],
    ['text', ({ region }) => region],
  ]);
  const rows = `${unnested} AS k(payee, node_type, region)`;
  const results: unknown = await client.query(`
    INSERT INTO payee (address) SELECT DISTINCT payee FROM ${rows} ORDER BY payee
      ON CONFLICT DO NOTHING;
    INSERT INTO remote_worker (payee, node_type, region) SELECT * FROM ${rows}
      ON CONFLICT DO NOTHING;
    SELECT w.id::float8 AS id, w.payee, w.node_type AS "nodeType", w.region
      FROM ${rows} JOIN remote_worker w USING (payee, node_type, region)`);
  const found = (results as { rows: (RemoteWorker & { readonly id: number })[] }[])[2]?.rows ?? [];
  return new Map(found.map((worker) => [remoteWorkerKey(worker), worker.id]));
}
