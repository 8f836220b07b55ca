/** Books an import in one transaction, and refuses ledgers in which it would count or pay anything twice. */
import { desc, eq, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { SentTransaction } from '../../chain/wallet-history.js';
import { adoptPayment } from '../../checks/store/foreign-transactions.js';
import type { Reader, Transaction } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { source } from '../../events/store/tables.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { ensureWorkers } from '../../payees/store/named-workers.js';
import type { Acceptable, Difference } from '../rules/differences.js';
import type { Balances, ImportPlan, Opening } from '../rules/import-plan.js';
import { type InJson, importFile, importWorker } from './tables.js';

export interface ImportBooking extends Decision {
  readonly chainId: number;
  readonly file: { readonly name: string; readonly sha256: string };
  readonly balances: Balances;
  /** The time of the last event that the file's balances contain. */
  readonly countedTo: Date;
  readonly plan: ImportPlan;
  readonly planHash: string;
  readonly accepted: readonly Acceptable[];
  readonly sent: ReadonlyMap<string, SentTransaction>;
}

/** The imports so far, the newest first. */
export function listImports(reader: Reader) {
  return reader.select().from(importFile).orderBy(desc(importFile.createdAt));
}

/**
 * Throws IMPORT_DONE when the file was imported before, and IMPORT_LEDGER_UNFIT when this ledger has paid, or has counted or
 * would count events that the file's balances contain, or has not yet read those that it is to count.
 */
export async function requireFit(tx: Transaction, booking: ImportBooking): Promise<void> {
  // Nobody may reserve a payout until the balances are whole.
  await tx.execute(sql`LOCK TABLE payout IN SHARE ROW EXCLUSIVE MODE`);
  const { file, balances } = booking;
  const earlier = await listImports(tx);
  const same = earlier.find(({ sha256 }) => sha256 === file.sha256);
  if (same !== undefined) {
    const words = `${file.name} was imported on ${same.createdAt.toISOString()} by ${same.actor}: nothing was done now`;
    throw new PoolError('IMPORT_DONE', words);
  }
  if (earlier.some((one) => one.balances !== balances)) {
    throw unfit(`another file was imported with --balances ${earlier[0]?.balances}`);
  }
  const [{ payouts } = { payouts: 0 }] = await rows(
    tx,
    { payouts: Number },
    sql`SELECT count(*) AS payouts FROM (SELECT FROM payout LIMIT 1) one`,
  );
  if (payouts > 0) throw unfit('it has reserved payouts of its own already');
  await requireSources(tx, booking);
  await requireUnopened(tx, booking);
}

const unfit = (words: string) => new PoolError('IMPORT_LEDGER_UNFIT', words);

async function requireSources(
  tx: Transaction,
  { balances, countedTo, file }: ImportBooking,
): Promise<void> {
  const to = countedTo.toISOString();
  const wrong = await rows(
    tx,
    { id: source.id },
    balances === 'stated'
      ? sql`SELECT id FROM source
             WHERE (removed_at IS NULL AND (from_dt IS NULL OR from_dt <= ${to}::timestamptz))
                OR EXISTS (SELECT FROM pool_event e WHERE e.source_id = source.id AND e.dt <= ${to}::timestamptz)
             ORDER BY id`
      : sql`SELECT id FROM source
             WHERE removed_at IS NULL AND (stopped_at IS NOT NULL OR deep_from_dt IS NOT NULL
               OR last_success_at IS NULL OR last_success_at <= ${to}::timestamptz) ORDER BY id`,
  );
  if (wrong.length === 0) return;
  const ids = wrong.map(({ id }) => id).join(', ');
  if (balances === 'stated') {
    const words = `the balances of ${file.name} contain events up to ${to}, and ${ids} would count or has counted such events again`;
    throw unfit(
      `${words}: give the sources a \`from\` after it, on a ledger that has none of them`,
    );
  }
  throw unfit(
    `${ids} has not been read up to ${to}, the last event of ${file.name}, yet: try again when it has`,
  );
}

async function requireUnopened(tx: Transaction, { plan }: ImportBooking): Promise<void> {
  const { payee, nodeType, region } = remoteWorker;
  const opened = await tx
    .select({ payee, nodeType, region })
    .from(importWorker)
    .innerJoin(remoteWorker, eq(remoteWorker.id, importWorker.remoteWorkerId));
  const keys = new Set(opened.map(remoteWorkerKey));
  const twice = plan.workers.find((worker) => keys.has(remoteWorkerKey(worker)));
  if (twice === undefined) return;
  const words = `${twice.payee} (${twice.nodeType}, ${twice.region}) was opened by an earlier import`;
  throw unfit(words);
}

/** Books the plan. What was proved as paid is opened first and taken out by its payments, so that each row keeps its own. */
export async function bookImport(tx: Transaction, booking: ImportBooking): Promise<void> {
  const { chainId, file, plan, sent, actor, reason } = booking;
  const ids = await ensureWorkers(tx, plan.workers);
  const idOf = (worker: RemoteWorker) => {
    const id = ids.get(remoteWorkerKey(worker));
    if (id === undefined) throw new RangeError(`${worker.payee} has no worker row`);
    return id;
  };
  const { balances, countedTo, planHash, accepted } = booking;
  const kept = { balances, countedTo, planHash, accepted, actor, reason };
  await tx.insert(importFile).values({
    ...file,
    ...kept,
    totals: inJson(plan.totals),
    differences: plan.differences.map((one: Difference) => inJson(one)),
  });
  const opened = plan.workers.map((worker) => ({
    remoteWorkerId: idOf(worker),
    sha256: file.sha256,
  }));
  if (opened.length > 0) await tx.insert(importWorker).values(opened);
  const ofPart = (part: Opening['part']) => plan.openings.filter((one) => one.part === part);
  await postOpenings(tx, ofPart('paid'), { booking, idOf });
  for (const hash of plan.payments) {
    const transaction = sent.get(hash);
    if (transaction === undefined) throw new RangeError(`${hash} is to be booked and was not read`);
    const { from: sender } = transaction;
    const key = { chainId, address: sender };
    await adoptPayment(tx, key, { transaction: { ...transaction, sender }, actor, reason });
  }
  await postOpenings(tx, ofPart('pending'), { booking, idOf });
  const detail = { sha256: file.sha256, balances, planHash, accepted: accepted.join(' ') };
  await recordDecision(tx, { actor, reason, action: 'ledger.import', subject: file.name, detail });
}

/** The reference of a posting says which file, table and rows it comes from: the proof of an opening entry. */
async function postOpenings(
  tx: Transaction,
  openings: readonly Opening[],
  {
    booking,
    idOf,
  }: { readonly booking: ImportBooking; readonly idOf: (worker: RemoteWorker) => number },
): Promise<void> {
  if (openings.length === 0) return;
  const { file, reason } = booking;
  const place = `sha256 ${file.sha256}, remote_workers row`;
  const references = openings.map(
    (one) => `${file.name}, ${place} ${one.rows.join('+')}, ${one.part}`,
  );
  await tx.execute(sql`
    WITH given AS (
      SELECT * FROM unnest(${list(references)}::text[], ${list(openings.map(idOf))}::bigint[],
                           ${list(openings.map(({ amountWei }) => amountWei))}::numeric[]) AS g (reference, worker, amount)),
    made AS (
      INSERT INTO posting (kind, remote_worker_id, reference, reason)
      SELECT 'opening', worker, reference, ${reason} FROM given RETURNING id, reference)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, side.account, side.worker, side.sign * given.amount
      FROM made JOIN given USING (reference)
     CROSS JOIN LATERAL (VALUES ('opening', 0::bigint, -1), ('pending', given.worker, 1)) AS side (account, worker, sign)`);
}

function inJson<T extends object>(record: T): InJson<T> {
  return JSON.parse(
    JSON.stringify(record, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  ) as InJson<T>;
}
