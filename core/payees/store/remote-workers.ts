/** Worker rows that a person names. Those that events name come in with their batch. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { type NodeType, type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader, Transaction } from '../../db/database.js';
import { list, query } from '../../db/query.js';

/** A mistyped address would be paid like any other: a new one must be meant. */
export async function requirePayee(
  reader: Reader,
  payee: Address,
  options: { readonly isNewPayee: boolean },
): Promise<void> {
  if (options.isNewPayee) return;
  const known = await query(reader, sql`SELECT FROM payee WHERE address = ${payee}`);
  if (known.length > 0) return;
  const words = `${payee} was never seen; if it is right all the same, say --new-payee`;
  throw new PoolError('PAYEE_UNKNOWN', words, { payee });
}

/** A node type or region that was mistyped must not become a row of its own: throws WORKER_NOT_NAMED. */
export async function requireRow(
  reader: Reader,
  { payee, nodeType, region }: RemoteWorker,
  options: { readonly isNewPayee: boolean },
): Promise<void> {
  if (options.isNewPayee) return;
  const rows = await query<{ node_type: NodeType; region: string }>(
    reader,
    sql`SELECT node_type, region FROM remote_worker WHERE payee = ${payee} ORDER BY 1, 2`,
  );
  if (rows.some((row) => row.node_type === nodeType && row.region === region)) return;
  const all = rows.map((row) => `${row.node_type} in ${row.region}`).join(', ');
  const words =
    `${payee} was never seen as ${nodeType} in ${region}${all === '' ? '' : `, but as ${all}`}; ` +
    'if it is right all the same, say --new-payee';
  throw new PoolError('WORKER_NOT_NAMED', words, { payee });
}

/** The ids of these rows by `remoteWorkerKey`; those that are missing are made, payees included. */
export async function ensureWorkers(
  tx: Transaction,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, number>> {
  if (workers.length === 0) return new Map();
  const named = new Map(workers.map((worker) => [remoteWorkerKey(worker), worker]));
  // In the order of their keys, as events name them: whoever meets the same new rows waits, not in a ring.
  const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, worker]) => worker);
  const rows = sql`unnest(${list(sorted.map(({ payee }) => payee))}::text[],
    ${list(sorted.map(({ nodeType }) => nodeType))}::text[],
    ${list(sorted.map(({ region }) => region))}::text[]) AS k (payee, node_type, region)`;
  await tx.execute(sql`
    INSERT INTO payee (address) SELECT DISTINCT payee FROM ${rows} ORDER BY payee
      ON CONFLICT DO NOTHING`);
  await tx.execute(sql`
    INSERT INTO remote_worker (payee, node_type, region) SELECT * FROM ${rows}
      ON CONFLICT DO NOTHING`);
  const found = await query<{ id: string; payee: Address; node_type: NodeType; region: string }>(
    tx,
    sql`SELECT w.id, w.payee, w.node_type, w.region
          FROM ${rows} JOIN remote_worker w USING (payee, node_type, region)`,
  );
  return new Map(
    found.map(({ id, payee, node_type: nodeType, region }) => [
      remoteWorkerKey({ payee, nodeType, region }),
      Number(id),
    ]),
  );
}
