/**
 * Corrects what a rebuild found, by new postings for the differences that its snapshot showed. Postings since then do not
 * matter, because only differences are posted. What events say, and what is already in the ledger, is never rewritten.
 */
import { and, eq, sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { RemoteWorker } from '../../base/remote-worker.js';
import { sqlArray, sqlText } from '../../db/copy/copy-text.js';
import { onConnection } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { identifyWorkers } from '../../events/store/ingest/batch-writes.js';
import { balance } from '../../ledger/store/tables.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { BalanceDifference, Comparison } from './comparison.js';
import { nameOf, type WorkerNames } from './difference-words.js';

export interface ApplyOrder {
  readonly actor: string;
  readonly reason: string;
  /** Also corrects a payee that was already paid too much. It then has a debt, which later fees pay off. */
  readonly allowDebt: boolean;
}

export interface ApplyResult {
  readonly postings: number;
  readonly figures: number;
  readonly counts: number;
  readonly rows: number;
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

/**
 * Writes all corrections in one transaction. It takes its locks in the same order as the ingest of a batch, against
 * deadlocks.
 */
export async function applyCorrections(
  client: PoolClient,
  correcting: Correcting,
): Promise<ApplyResult> {
  await client.query('BEGIN');
  const { schema, order, rebuildId } = correcting;
  // While the sources are locked, no batch comes in, so no AI job is matched with its other half.
  await client.query('SELECT FROM source ORDER BY id FOR UPDATE');
  const driftBefore = await unattributedDrift(client);
  const found = await withKnownWorkers(client, correcting);
  await lockPayees(client, found.balances);
  await client.query(figuresStatement(found.figures));
  await client.query(countsStatement(found.counts));
  const { groups, left } = await decideGroups(client, found.balances, correcting);
  const entries = found.balances.filter(({ group }) => groups.has(group));
  if (entries.length > 0) await client.query(postingsStatement(entries, correcting));
  const { rowCount } = await client.query(rowsStatement(schema));
  await client.query(waitingStatements(schema));
  const drift = await unattributedDrift(client);
  if (drift !== 0n && drift !== driftBefore) {
    await client.query('ROLLBACK');
    return { ...NOTHING, left: [{ code: 'CORRECTION_LEFT', message: driftWords(drift) }] };
  }
  const figures = found.figures.length;
  const counts = found.counts.length;
  const postings = groups.size;
  const written = { postings, figures, counts, rows: rowCount ?? 0 };
  const detail = { rebuildId, ...written, left: left.length };
  const { rows: mended } = await client.query(`SELECT coalesce(jsonb_agg(d), '[]') AS rows FROM (
    SELECT * FROM ${schema}.row_difference WHERE NOT is_archived ORDER BY source_id, dt LIMIT 1000) d`);
  await client.query(
    `INSERT INTO audit_log (actor, action, subject, reason, detail)
     VALUES ($1, 'rebuild.apply', $2, $3, $4)`,
    [order.actor, `rebuild ${rebuildId}`, order.reason, { ...detail, mended: mended[0]?.rows }],
  );
  await client.query('COMMIT');
  return { ...written, left };
}

const NOTHING = { postings: 0, figures: 0, counts: 0, rows: 0 };

/** Adds the workers that only events name to the tables, and replaces their negative ids in the comparison. */
async function withKnownWorkers(
  client: PoolClient,
  { schema, found, unknown }: Correcting,
): Promise<Comparison> {
  if (unknown.size === 0) return found;
  const made = await identifyWorkers(client, [...unknown.values()]);
  const ids = new Map<number, number>();
  for (const [id, { payee, nodeType, region }] of unknown) {
    const known = made.get(`${payee}/${nodeType}/${region}`);
    if (known !== undefined) ids.set(id, known);
  }
  await client.query(
    `UPDATE ${schema}.row_difference d SET due_worker_id = k.known
       FROM unnest($1::bigint[], $2::bigint[]) AS k (id, known) WHERE d.due_worker_id = k.id`,
    [[...ids.keys()], [...ids.values()]],
  );
  const idOf = (id: number): number => ids.get(id) ?? id;
  return {
    ...found,
    balances: found.balances.map((one) => ({
      ...one,
      group: idOf(one.group),
      workerId: idOf(one.workerId),
    })),
    figures: found.figures.map((one) => ({ ...one, workerId: idOf(one.workerId) })),
  };
}

/** Locks the payees, to keep payouts of theirs from being reserved meanwhile. */
async function lockPayees(
  client: PoolClient,
  balances: readonly BalanceDifference[],
): Promise<void> {
  await client.query(
    `SELECT FROM payee WHERE address IN (SELECT payee FROM remote_worker WHERE id = ANY ($1))
      ORDER BY address FOR NO KEY UPDATE`,
    [balances.map(({ workerId }) => workerId)],
  );
}

/**
 * Chooses the groups that can be corrected. Two cases are left to a person: a payee that was paid more than it earned would
 * get a debt, and unattributed money that was already assigned cannot be taken back.
 */
async function decideGroups(
  client: PoolClient,
  balances: readonly BalanceDifference[],
  { order, names }: Correcting,
): Promise<{ readonly groups: ReadonlySet<number>; readonly left: readonly RebuildFinding[] }> {
  const groups = new Set(balances.map(({ group }) => group));
  const left: RebuildFinding[] = [];
  const leave = (group: number, message: string): void => {
    if (groups.delete(group)) left.push({ code: 'CORRECTION_LEFT', message });
  };
  await lockBalances(client, balances);
  for (const debt of order.allowDebt ? [] : await findDebts(client, balances)) {
    for (const { group, workerId } of balances) {
      if (!debt.workers.includes(workerId)) continue;
      const words = `${debt.payee} was given ${debt.shortWei} wei more than it has earned and has left: what is correct would make it a debt`;
      leave(group, `${nameOf(group, names)}: ${words}; take it with --allow-debt, or leave it`);
    }
  }
  let unattributedWei = await readUnattributed(client);
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

async function readUnattributed(client: PoolClient): Promise<bigint> {
  const [own] = await onConnection(client)
    .select({ amountWei: balance.amountWei })
    .from(balance)
    .where(and(eq(balance.account, 'unattributed'), eq(balance.remoteWorkerId, 0)));
  return own?.amountWei ?? 0n;
}

interface Debt {
  readonly payee: string;
  readonly workers: readonly number[];
  readonly shortWei: bigint;
}

/** Locks the payees' pending balances and the pool's accounts: what is decided about them must hold until the commit. */
async function lockBalances(
  client: PoolClient,
  balances: readonly BalanceDifference[],
): Promise<void> {
  await client.query(
    `SELECT FROM balance WHERE remote_worker_id = 0 OR (account = 'pending' AND remote_worker_id IN (
       SELECT other.id FROM remote_worker one JOIN remote_worker other USING (payee) WHERE one.id = ANY ($1)))
      ORDER BY remote_worker_id, account FOR NO KEY UPDATE`,
    [balances.map(({ workerId }) => workerId)],
  );
}

/** Finds the payees whose pending balance the correction would bring below zero. */
async function findDebts(
  client: PoolClient,
  balances: readonly BalanceDifference[],
): Promise<readonly Debt[]> {
  const pending = balances.filter(({ account }) => account === 'pending');
  const workers = list(pending.map(({ workerId }) => workerId));
  const changes = list(pending.map(({ ledgerWei, eventsWei }) => eventsWei - ledgerWei));
  return rows(
    onConnection(client),
    { payee: String, workers: (ids: readonly string[]) => ids.map(Number), shortWei: BigInt },
    sql`SELECT w.payee, array_agg(w.id ORDER BY w.id) AS workers,
               -sum(coalesce(b.amount_wei, 0) + coalesce(k.wei, 0)) AS "shortWei"
          FROM remote_worker w
          LEFT JOIN balance b ON b.remote_worker_id = w.id AND b.account = 'pending'
          LEFT JOIN (SELECT id, sum(wei) AS wei
                       FROM unnest(${workers}::bigint[], ${changes}::numeric[]) AS u (id, wei)
                      GROUP BY id) k ON k.id = w.id
         WHERE w.payee IN (SELECT payee FROM remote_worker WHERE id = ANY (${workers}::bigint[]))
         GROUP BY w.payee
        HAVING sum(coalesce(k.wei, 0)) < 0 AND sum(coalesce(b.amount_wei, 0) + coalesce(k.wei, 0)) < 0`,
  );
}

/**
 * Builds the statement that adds one posting for each group. All entries come in one INSERT, because the ledger's trigger
 * checks them together.
 */
function postingsStatement(
  entries: readonly BalanceDifference[],
  { rebuildId, order }: Correcting,
): string {
  const column = (type: Parameters<typeof sqlArray>[0], pick: (one: BalanceDifference) => string) =>
    sqlArray(type, entries.map(pick));
  return `WITH entry AS (
      SELECT * FROM unnest(${column('bigint', ({ group }) => `${group}`)},
        ${column('text', ({ account }) => account)},
        ${column('bigint', ({ workerId }) => `${workerId}`)},
        ${column('numeric', ({ eventsWei, ledgerWei }) => `${eventsWei - ledgerWei}`)}
      ) AS k (grp, account, worker, amount)),
    made AS (
      INSERT INTO posting (kind, remote_worker_id, reference, reason)
      SELECT 'correct', nullif(grp, 0), ${sqlText(`rebuild ${rebuildId}`)}, ${sqlText(order.reason)}
        FROM (SELECT DISTINCT grp FROM entry ORDER BY grp) g
      RETURNING id, coalesce(remote_worker_id, 0) AS grp)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, account, worker, amount FROM entry JOIN made USING (grp)`;
}

function figuresStatement(figures: Comparison['figures']): string {
  const column = (pick: (one: Comparison['figures'][number]) => bigint) =>
    sqlArray('numeric', figures.map(pick));
  const ids = sqlArray(
    'bigint',
    figures.map(({ workerId }) => workerId),
  );
  return `WITH locked AS MATERIALIZED (
      SELECT id FROM remote_worker WHERE id = ANY (${ids}) ORDER BY id FOR NO KEY UPDATE)
    UPDATE remote_worker w SET jobs = w.jobs + k.jobs, zero_fee_jobs = w.zero_fee_jobs + k.zero_fee,
           compute_units = w.compute_units + k.units
      FROM unnest(${ids}, ${column(({ kept, due }) => due.jobs - kept.jobs)},
        ${column(({ kept, due }) => due.zeroFeeJobs - kept.zeroFeeJobs)},
        ${column(({ kept, due }) => due.computeUnits - kept.computeUnits)}
      ) AS k (id, jobs, zero_fee, units) JOIN locked USING (id) WHERE w.id = k.id`;
}

function countsStatement(counts: Comparison['counts']): string {
  type Count = Comparison['counts'][number];
  const texts = (pick: (one: Count) => string) => sqlArray('text', counts.map(pick));
  const numbers = (pick: (one: Count) => bigint | number) => sqlArray('bigint', counts.map(pick));
  return `INSERT INTO event_count AS c (source_id, hour, event_type, version, events, zero_fee_events)
    SELECT source_id, hour::timestamptz, event_type, version, events, zero_fee
      FROM unnest(${texts((one) => one.sourceId)}, ${texts((one) => one.hour)},
        ${texts((one) => one.eventType)}, ${numbers((one) => one.version)},
        ${numbers(({ kept, due }) => due.events - kept.events)},
        ${numbers(({ kept, due }) => due.zeroFeeEvents - kept.zeroFeeEvents)}
      ) AS k (source_id, hour, event_type, version, events, zero_fee)
    ON CONFLICT (source_id, hour, event_type, version) DO UPDATE
      SET events = c.events + excluded.events,
          zero_fee_events = c.zero_fee_events + excluded.zero_fee_events`;
}

/**
 * Builds the statement that corrects the columns of an event's row that were computed when it came; what the event says
 * stays.
 */
function rowsStatement(schema: string): string {
  return `UPDATE pool_event p SET gross_wei = d.due_gross_wei, commission_wei = d.due_commission_wei,
           terms_id = d.due_terms_id, remote_worker_id = d.due_worker_id
      FROM ${schema}.row_difference d
     WHERE NOT d.is_archived AND p.source_id = d.source_id AND p.dt = d.dt AND p.event_id = d.event_id`;
}

/** Returns by how much the unattributed balance exceeds the fees of the jobs that still wait to be attributed. */
async function unattributedDrift(client: PoolClient): Promise<bigint> {
  const [found] = await rows(
    onConnection(client),
    { driftWei: BigInt },
    sql`SELECT (SELECT coalesce(sum(amount_wei), 0) FROM balance WHERE account = 'unattributed')
             - (SELECT coalesce(sum(gross_wei), 0) FROM unmatched_job WHERE role = 'processed') AS "driftWei"`,
  );
  return found?.driftWei ?? 0n;
}

function driftWords(driftWei: bigint): string {
  const words = `${driftWei < 0n ? -driftWei : driftWei} wei ${driftWei < 0n ? 'less' : 'more'}`;
  return (
    `nothing was corrected: unattributed would be ${words} than the jobs that wait. A half may have come ` +
    `meanwhile: rebuild again. If it says so again, an event is a job now that was none, or not all could be corrected`
  );
}

/**
 * Builds the statements that correct the rows of jobs that wait for their other half or for a person's decision. They are
 * later credited from these rows, which must therefore say what the event says, even if the event itself is in a file.
 */
function waitingStatements(schema: string): string {
  const isIts = `u.source_id = d.source_id AND u.dt = d.dt AND u.event_id = d.event_id`;
  const isJob = `d.due_gross_wei IS NOT NULL AND d.due_worker_id IS NULL`;
  return `
    UPDATE unmatched_job u SET remote_worker_id = d.due_worker_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'received';
    UPDATE unmatched_job u SET gross_wei = d.due_gross_wei, terms_id = d.due_terms_id
      FROM ${schema}.row_difference d WHERE ${isIts} AND u.role = 'processed' AND ${isJob};
    DELETE FROM unmatched_job u USING ${schema}.row_difference d
     WHERE ${isIts} AND u.role = 'processed' AND NOT (${isJob})`;
}
