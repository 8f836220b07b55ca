/** Remote workers and payees that events name for the first time. */
import type { PoolClient } from 'pg';
import { type RemoteWorker, remoteWorkerKey } from '../../../base/remote-worker.js';
import { sqlArray } from '../../../db/copy/copy-text.js';

/**
 * The ids of the workers, new ones inserted. In the order of their keys, so that two sources that
 * meet the same new workers wait for each other and not in a ring.
 */
export async function identifyWorkers(
  client: PoolClient,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, number>> {
  const sorted = [...workers].sort((a, b) => (remoteWorkerKey(a) < remoteWorkerKey(b) ? -1 : 1));
  const texts = (pick: (worker: RemoteWorker) => string): string =>
    sqlArray('text', sorted.map(pick));
  const rows = `unnest(${texts((w) => w.payee)}, ${texts((w) => w.nodeType)},
    ${texts((w) => w.region)}) AS k(payee, node_type, region)`;
  const results: unknown = await client.query(`
    INSERT INTO payee (address) SELECT DISTINCT payee FROM ${rows} ORDER BY payee
      ON CONFLICT DO NOTHING;
    INSERT INTO remote_worker (payee, node_type, region) SELECT * FROM ${rows}
      ON CONFLICT DO NOTHING;
    SELECT w.id::int8, w.payee, w.node_type, w.region
      FROM ${rows} JOIN remote_worker w USING (payee, node_type, region)`);
  const found = (results as { rows: ({ id: string } & RowOfWorker)[] }[])[2]?.rows ?? [];
  return new Map(
    found.map(({ id, payee, node_type: nodeType, region }) => [
      remoteWorkerKey({ payee, nodeType, region }),
      Number(id),
    ]),
  );
}

interface RowOfWorker {
  readonly payee: RemoteWorker['payee'];
  readonly node_type: RemoteWorker['nodeType'];
  readonly region: string;
}
