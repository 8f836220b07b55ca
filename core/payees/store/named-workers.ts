/** Payees and worker rows that a person names. Those that events name are created when their batch is stored. */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { type NodeType, type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader, Transaction } from '../../db/database.js';
import { list } from '../../db/query.js';
import { payee as payeeTable, remoteWorker } from '../../ledger/store/tables.js';

const { payee, nodeType, region } = remoteWorker;

/** Throws PAYEE_UNKNOWN for a payee that was never seen, because a mistyped address would be paid like any other. */
export async function requirePayee(
  reader: Reader,
  address: Address,
  options: { readonly isNewPayee: boolean },
): Promise<void> {
  if (options.isNewPayee) return;
  if ((await reader.$count(payeeTable, eq(payeeTable.address, address))) > 0) return;
  const words = `${address} was never seen; if it is right all the same, say --new-payee`;
  throw new PoolError('PAYEE_UNKNOWN', words, { payee: address });
}

export function rowsOfPayee(reader: Reader, address: Address) {
  return reader
    .select({ payee, nodeType, region })
    .from(remoteWorker)
    .where(eq(payee, address))
    .orderBy(asc(nodeType), asc(region));
}

interface Place {
  readonly nodeType: NodeType | null;
  readonly region: string | null;
}

/** Whether a row fits the node type and region that a person named; null fits every row. */
export function fits(row: Place, named: Place): boolean {
  return (
    (named.nodeType === null || named.nodeType === row.nodeType) &&
    (named.region === null || named.region === row.region)
  );
}

/** Lists node types and regions, such as `ai in eu, transcode in eu`. */
export function namesOf(workers: readonly RemoteWorker[]): string {
  return workers.map((one) => `${one.nodeType} in ${one.region}`).join(', ');
}

/** Throws WORKER_NOT_NAMED for a row that was never seen: a mistyped node type or region must not create one. */
export async function requireRow(
  reader: Reader,
  named: RemoteWorker,
  options: { readonly isNewPayee: boolean },
): Promise<void> {
  if (options.isNewPayee) return;
  const known = await rowsOfPayee(reader, named.payee);
  if (known.some((one) => remoteWorkerKey(one) === remoteWorkerKey(named))) return;
  const but = known.length === 0 ? '' : `, but as ${namesOf(known)}`;
  const words =
    `${named.payee} was never seen as ${named.nodeType} in ${named.region}${but}; ` +
    'if it is right all the same, say --new-payee';
  throw new PoolError('WORKER_NOT_NAMED', words, { payee: named.payee });
}

/** Returns the ids of these worker rows by `remoteWorkerKey`, and creates rows and payees that are missing. */
export async function ensureWorkers(
  tx: Transaction,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, number>> {
  if (workers.length === 0) return new Map();
  const named = new Map(workers.map((worker) => [remoteWorkerKey(worker), worker]));
  // Create in the order of their keys, as batches of events do, so two transactions cannot deadlock.
  const sorted = [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, worker]) => worker);
  const asked = sql`unnest(${list(sorted.map((one) => one.payee))}::text[],
    ${list(sorted.map((one) => one.nodeType))}::text[],
    ${list(sorted.map((one) => one.region))}::text[]) AS k (payee, node_type, region)`;
  await tx.execute(sql`
    INSERT INTO payee (address) SELECT DISTINCT payee FROM ${asked} ORDER BY payee
      ON CONFLICT DO NOTHING`);
  await tx.execute(sql`
    INSERT INTO remote_worker (payee, node_type, region) SELECT * FROM ${asked}
      ON CONFLICT DO NOTHING`);
  const found = await tx
    .select({ id: remoteWorker.id, payee, nodeType, region })
    .from(remoteWorker)
    .innerJoin(
      asked,
      and(eq(payee, sql`k.payee`), eq(nodeType, sql`k.node_type`), eq(region, sql`k.region`)),
    );
  return new Map(found.map((worker) => [remoteWorkerKey(worker), worker.id]));
}
