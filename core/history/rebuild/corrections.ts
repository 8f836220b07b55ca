/**
 * Corrects what a rebuild found, by new postings for the differences that its snapshot showed. Postings since then do not
 * matter, because only differences are posted. What events say, and what is already in the ledger, is never rewritten.
 */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import { onConnection } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { rows } from '../../db/query.js';
import { identifyWorkers } from '../../events/store/ingest/batch-writes.js';
import { addHours, bucketsOf, HOUR_FIGURES } from '../../events/store/ingest/hour-writes.js';
import type { Decision } from '../../ledger/store/audit-log.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { RebuildReport } from '../rules/reports.js';
import { type Comparison, readBalances } from './comparison.js';
import { nameOf, type WorkerNames } from './difference-words.js';

export interface ApplyOrder extends Decision {
  /** Also corrects a payee that was already paid too much. It then has a debt, which later fees pay off. */
  readonly allowDebt: boolean;
}

export interface ApplyResult {
  readonly written: NonNullable<RebuildReport['corrections']>;
  /** Findings about what was not corrected; each says what the operator can do. */
  readonly left: readonly RebuildFinding[];
}

interface Correcting {
  readonly rebuildId: string;
  readonly schema: string;
  readonly found: Comparison;
  readonly names: WorkerNames;
  /** Workers that events name but the tables do not know yet; their ids here are negative. */
  readonly unknown: ReadonlyMap<number, RemoteWorker>;
  readonly order: ApplyOrder;
}

/** Writes all corrections in one transaction, with locks in the order of the ingest, against deadlocks. */
export async function applyCorrections(
  client: PoolClient,
  correcting: Correcting,
): Promise<ApplyResult> {
  await client.query('BEGIN');
  const { schema, order, rebuildId, found } = correcting;
  // While the sources are locked, no batch comes in, so no AI job is matched with its other half.
  await client.query('SELECT FROM source ORDER BY id FOR UPDATE');
  const before = await readUnattributed(client);
  await storeUnknown(client, correcting);
  // Locks the payees, to keep payouts of theirs from being reserved meanwhile.
  await client.query(`SELECT FROM payee WHERE address IN (
      SELECT payee FROM remote_worker WHERE id IN (SELECT worker_id FROM ${schema}.balance_difference))
    ORDER BY address FOR NO KEY UPDATE`);
  await client.query(FIGURES(schema));
  await client.query(COUNTS(schema));
  const { groups, left } = await decideGroups(client, correcting);
  if (groups.size > 0) {
    await client.query(POSTINGS(schema), [[...groups], `rebuild ${rebuildId}`, order.reason]);
  }
  const kept = (await readBalances(client, schema)).flatMap(({ group }) =>
    groups.has(group) ? [] : group,
  );
  await client.query(DAYS(schema), [kept]);
  await client.query(SUMS_OF_DAYS);
  await client.query(HOURS(schema), [kept]);
  const { rowCount } = await client.query(ROWS(schema));
  await client.query(WAITING(schema));
  const { driftWei } = await readUnattributed(client);
  if (driftWei !== 0n && driftWei !== before.driftWei) {
    await client.query('ROLLBACK');
    const written = { postings: 0, figures: 0, days: 0, hours: 0, counts: 0, rows: 0 };
    return { written, left: [{ code: 'CORRECTION_LEFT', message: driftWords(driftWei) }] };
  }
  const figures = found.figures.length;
  const counts = found.counts.length;
  const days = found.days.length;
  const hours = found.hours.length;
  const written = { postings: groups.size, figures, days, hours, counts, rows: rowCount ?? 0 };
  const detail = { rebuildId, ...written, left: left.length };
  const { rows: mended } = await client.query(`SELECT coalesce(jsonb_agg(d), '[]') AS rows FROM (
    SELECT * FROM ${schema}.row_difference WHERE NOT is_archived ORDER BY source_id, dt LIMIT 1000) d`);
  await client.query(
    `INSERT INTO audit_log (actor, action, subject, reason, detail)
     VALUES ($1, 'rebuild.apply', $2, $3, $4)`,
    [order.actor, `rebuild ${rebuildId}`, order.reason, { ...detail, mended: mended[0]?.rows }],
  );
  await client.query('COMMIT');
  return { written, left };
}

/** Adds the workers that only events name to the tables, and replaces their negative ids in the differences. */
async function storeUnknown(client: PoolClient, { schema, unknown }: Correcting): Promise<void> {
  if (unknown.size === 0) return;
  const made = await identifyWorkers(client, [...unknown.values()]);
  const known = [...unknown].map(([id, worker]) => [id, made.get(remoteWorkerKey(worker)) ?? id]);
  for (const [table, column] of [
    ['row_difference', 'due_worker_id'],
    ['balance_difference', 'grp'],
    ['balance_difference', 'worker_id'],
    ['figure_difference', 'worker_id'],
    ['day_difference', 'worker_id'],
    ['hour_difference', 'worker_id'],
  ]) {
    await client.query(
      `UPDATE ${schema}.${table} SET ${column} = known
         FROM unnest($1::bigint[], $2::bigint[]) AS k (id, known) WHERE ${column} = k.id`,
      [known.map(([id]) => id), known.map(([, id]) => id)],
    );
  }
}

/**
 * Chooses the groups that can be corrected. Two cases are left to a person: a payee that was paid more than it earned would
 * get a debt, and unattributed money that was already assigned cannot be taken back.
 */
async function decideGroups(
  client: PoolClient,
  { schema, order, names }: Correcting,
): Promise<{ readonly groups: ReadonlySet<number>; readonly left: readonly RebuildFinding[] }> {
  const balances = await readBalances(client, schema);
  const groups = new Set(balances.map(({ group }) => group));
  const left: RebuildFinding[] = [];
  const leave = (group: number, message: string): void => {
    if (groups.delete(group)) left.push({ code: 'CORRECTION_LEFT', message });
  };
  await lockBalances(client, schema);
  for (const debt of order.allowDebt ? [] : await findDebts(client, schema)) {
    for (const { group, workerId } of balances) {
      if (!debt.workers.includes(workerId)) continue;
      const words = `${debt.payee} was given ${debt.shortWei} wei more than it has earned and has left: what is correct would make it a debt`;
      leave(group, `${nameOf(group, names)}: ${words}; take it with --allow-debt, or leave it`);
    }
  }
  let { unattributedWei } = await readUnattributed(client);
  const ofNobody = balances.filter(({ account }) => account === 'unattributed');
  const byGain = ofNobody.map((one) => ({ ...one, byWei: one.eventsWei - one.ledgerWei }));
  for (const { group, byWei } of byGain.sort((a, b) => (a.byWei > b.byWei ? -1 : 1))) {
    if (!groups.has(group)) continue;
    if (unattributedWei + byWei < 0n) {
      const words = `unattributed would be ${unattributedWei + byWei} wei: some of it was assigned or absorbed`;
      leave(group, `${nameOf(group, names)}: ${words}; undo that with openpool adjust first`);
    } else {
      unattributedWei += byWei;
    }
  }
  return { groups, left };
}

/** Reads the unattributed balance, and by how much it exceeds the fees of the jobs that still wait to be attributed. */
async function readUnattributed(client: PoolClient) {
  const [found] = await rows(
    onConnection(client),
    { unattributedWei: BigInt, waitingWei: BigInt },
    sql`SELECT (SELECT coalesce(sum(amount_wei), 0) FROM balance WHERE account = 'unattributed') AS "unattributedWei",
               (SELECT coalesce(sum(gross_wei), 0) FROM unmatched_job WHERE role = 'processed') AS "waitingWei"`,
  );
  const { unattributedWei = 0n, waitingWei = 0n } = found ?? {};
  return { unattributedWei, driftWei: unattributedWei - waitingWei };
}

function driftWords(driftWei: bigint): string {
  const words = `${driftWei < 0n ? -driftWei : driftWei} wei ${driftWei < 0n ? 'less' : 'more'}`;
  return (
    `nothing was corrected: unattributed would be ${words} than the jobs that wait. A half may have come ` +
    `meanwhile: rebuild again. If it says so again, an event is a job now that was none, or not all could be corrected`
  );
}

/** Locks the payees' pending balances and the pool's accounts: what is decided about them must hold until the commit. */
async function lockBalances(client: PoolClient, schema: string): Promise<void> {
  await client.query(
    `SELECT FROM balance WHERE remote_worker_id = 0 OR (account = 'pending' AND remote_worker_id IN (
       SELECT other.id FROM remote_worker one JOIN remote_worker other USING (payee)
        WHERE one.id IN (SELECT worker_id FROM ${schema}.balance_difference)))
      ORDER BY remote_worker_id, account FOR NO KEY UPDATE`,
  );
}

/** Finds the payees whose pending balance the correction would bring below zero. */
function findDebts(client: PoolClient, schema: string) {
  return rows(
    onConnection(client),
    { payee: String, workers: (ids: readonly string[]) => ids.map(Number), shortWei: BigInt },
    sql.raw(`WITH change AS (
      SELECT worker_id AS id, sum(events_wei - ledger_wei) AS wei
        FROM ${schema}.balance_difference WHERE account = 'pending' GROUP BY worker_id)
    SELECT w.payee, array_agg(w.id ORDER BY w.id) AS workers,
           -sum(coalesce(b.amount_wei, 0) + coalesce(change.wei, 0)) AS "shortWei"
      FROM remote_worker w LEFT JOIN change USING (id)
      LEFT JOIN balance b ON b.remote_worker_id = w.id AND b.account = 'pending'
     WHERE w.payee IN (SELECT payee FROM remote_worker JOIN change USING (id))
     GROUP BY w.payee
    HAVING sum(coalesce(change.wei, 0)) < 0 AND sum(coalesce(b.amount_wei, 0) + coalesce(change.wei, 0)) < 0`),
  );
}

/** SQL that adds a posting for each group of $1 (reference $2, reason $3), in one INSERT for the ledger's trigger. */
const POSTINGS = (schema: string) => `
  WITH entry AS (SELECT * FROM ${schema}.balance_difference WHERE grp = ANY ($1)),
  made AS (
    INSERT INTO posting (kind, remote_worker_id, reference, reason)
    SELECT 'correct', nullif(grp, 0), $2::text, $3::text FROM (SELECT DISTINCT grp FROM entry ORDER BY grp) g
    RETURNING id, coalesce(remote_worker_id, 0) AS grp)
  INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
  SELECT made.id, account, worker_id, events_wei - ledger_wei FROM entry JOIN made USING (grp)`;

const FIGURES = (schema: string) => `
  WITH locked AS MATERIALIZED (
    SELECT id FROM remote_worker WHERE id IN (SELECT worker_id FROM ${schema}.figure_difference)
     ORDER BY id FOR NO KEY UPDATE)
  UPDATE remote_worker w SET jobs = w.jobs + k.due_jobs - k.kept_jobs,
         zero_fee_jobs = w.zero_fee_jobs + k.due_zero - k.kept_zero,
         compute_units = w.compute_units + k.due_units - k.kept_units
    FROM ${schema}.figure_difference k JOIN locked ON locked.id = k.worker_id WHERE w.id = k.worker_id`;

/**
 * SQL that corrects the days, after the balances, but not those of the workers in $1: their balances stay as they are, and their
 * days add up to them.
 */
const DAYS = (schema: string) => `
  INSERT INTO earning_day AS d
    (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
  SELECT worker_id, day, pipeline, model_id, due_jobs - kept_jobs, due_units - kept_units, due_gross - kept_gross,
         due_commission - kept_commission, due_adjusted - kept_adjusted
    FROM ${schema}.day_difference WHERE NOT worker_id = ANY ($1::bigint[]) ORDER BY 1, 2, 3, 4
  ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE
    SET jobs = d.jobs + excluded.jobs, compute_units = d.compute_units + excluded.compute_units,
        gross_wei = d.gross_wei + excluded.gross_wei, commission_wei = d.commission_wei + excluded.commission_wei,
        adjusted_wei = d.adjusted_wei + excluded.adjusted_wei`;

/** SQL that corrects the hours of all workers but those in $1, of whom neither balances nor days are corrected. */
const HOURS = (schema: string) =>
  addHours(`SELECT worker_id, hour, pipeline, model_id,
      ${HOUR_FIGURES.map(([column]) => `due_${column} - kept_${column}`).join(', ')},
      ${bucketsOf((i) => `due_responses[${i}] - kept_responses[${i}]`)}
    FROM ${schema}.hour_difference WHERE NOT worker_id = ANY ($1::bigint[])`);

const SUMS = `sum(d.jobs), sum(d.compute_units), sum(d.gross_wei), sum(d.commission_wei), sum(d.adjusted_wei)`;
const FROM_EXCLUDED = `SET jobs = excluded.jobs, compute_units = excluded.compute_units, gross_wei = excluded.gross_wei,
  commission_wei = excluded.commission_wei, adjusted_wei = excluded.adjusted_wei`;

/**
 * SQL that adds the days up anew, for workers and for the pool: a trigger keeps these sums, and nothing else corrects them. It
 * takes the lock of whoever writes days, so that no day is added meanwhile.
 */
const SUMS_OF_DAYS = `
  SELECT pg_advisory_xact_lock(${LOCKS.earningDays});
  DELETE FROM worker_earned w WHERE NOT EXISTS (SELECT FROM earning_day d WHERE d.remote_worker_id = w.remote_worker_id);
  INSERT INTO worker_earned AS w (remote_worker_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
  SELECT remote_worker_id, ${SUMS} FROM earning_day d GROUP BY 1 ORDER BY 1
  ON CONFLICT (remote_worker_id) DO UPDATE ${FROM_EXCLUDED} WHERE w IS DISTINCT FROM excluded;
  DELETE FROM pool_day;
  INSERT INTO pool_day (day, node_type, region, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
  SELECT day, node_type, region, pipeline, model_id, ${SUMS}
    FROM earning_day d JOIN remote_worker worker ON worker.id = remote_worker_id GROUP BY 1, 2, 3, 4, 5;
  LOCK TABLE paid_day IN EXCLUSIVE MODE;
  DELETE FROM paid_day;
  INSERT INTO paid_day (day, paid_wei)
  SELECT (p.created_at AT TIME ZONE 'UTC')::date, sum(e.amount_wei)
    FROM ledger_entry e JOIN posting p ON p.id = e.posting_id WHERE e.account = 'paid' GROUP BY 1`;

const COUNTS = (schema: string) => `
  INSERT INTO event_count AS c (source_id, hour, event_type, version, events, zero_fee_events)
  SELECT source_id, hour, event_type, version, due_events - kept_events, due_zero - kept_zero
    FROM ${schema}.count_difference ORDER BY 1, 2, 3, 4
  ON CONFLICT (source_id, hour, event_type, version) DO UPDATE
    SET events = c.events + excluded.events, zero_fee_events = c.zero_fee_events + excluded.zero_fee_events`;

/** SQL that corrects the columns of an event's row that were computed when it came; what the event says stays. */
const ROWS = (schema: string) => `
  UPDATE pool_event p SET gross_wei = d.due_gross_wei, commission_wei = d.due_commission_wei,
         terms_id = d.due_terms_id, rate_id = d.due_rate_id, remote_worker_id = d.due_worker_id
    FROM ${schema}.row_difference d
   WHERE NOT d.is_archived AND p.source_id = d.source_id AND p.dt = d.dt AND p.event_id = d.event_id`;

/**
 * SQL that corrects the rows of jobs that wait for their other half or for a person's decision. They are later credited from
 * these rows, which must therefore say what the event says, even if the event itself is in a file.
 */
const WAITING = (schema: string) => {
  const isIts = `u.source_id = d.source_id AND u.dt = d.dt AND u.event_id = d.event_id`;
  const isJob = `d.due_gross_wei IS NOT NULL AND d.due_worker_id IS NULL`;
  return `
    UPDATE unmatched_job u SET remote_worker_id = d.due_worker_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'received';
    UPDATE unmatched_job u SET gross_wei = d.due_gross_wei, terms_id = d.due_terms_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'processed' AND ${isJob};
    DELETE FROM unmatched_job u USING ${schema}.row_difference d
     WHERE ${isIts} AND u.role = 'processed' AND NOT (${isJob})`;
};
