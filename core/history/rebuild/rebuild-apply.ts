/**
 * Corrections of what a rebuild found: postings for the difference that its snapshot showed, whatever
 * was booked since. Nothing that was said and nothing in the ledger is rewritten.
 */
import type { PoolClient } from 'pg';
import type { RemoteWorker } from '../../base/remote-worker.js';
import { sqlArray, sqlText } from '../../db/copy/copy-text.js';
import { identifyWorkers } from '../../events/store/ingest/new-workers.js';
import type { RebuildFinding } from '../rules/rebuild.js';
import type { BalanceDifference, Comparison } from './rebuild-compare.js';
import { nameOf, type WorkerNames } from './rebuild-findings.js';
import { driftWords, mendWaitingStatements, unattributedDrift } from './rebuild-waiting.js';

export interface ApplyOrder {
  readonly actor: string;
  readonly reason: string;
  /** Also correct what was paid out already: the payee then earns off its debt. */
  readonly allowDebt: boolean;
}

export interface ApplyResult {
  readonly postings: number;
  readonly figures: number;
  readonly counts: number;
  readonly rows: number;
  /** What was not corrected, and what the operator can do. */
  readonly left: readonly RebuildFinding[];
}

interface Correcting {
  readonly rebuildId: string;
  readonly schema: string;
  readonly found: Comparison;
  readonly names: WorkerNames;
  /** Workers that the events name and the tables do not: their ids here are below zero. */
  readonly unknown: ReadonlyMap<number, RemoteWorker>;
  readonly order: ApplyOrder;
}

/** Writes all corrections in one transaction. Locks in the order in which a batch of events does. */
export async function applyCorrections(
  client: PoolClient,
  correcting: Correcting,
): Promise<ApplyResult> {
  await client.query('BEGIN');
  const { schema, order, rebuildId } = correcting;
  // Nothing finds its other half meanwhile.
  await client.query('SELECT FROM source ORDER BY id FOR UPDATE');
  const driftBefore = await unattributedDrift(client);
  const found = await withKnownWorkers(client, correcting);
  await lockPayees(client, found.balances);
  await client.query(figuresStatement(found.figures));
  await client.query(countsStatement(found.counts));
  const { groups, left } = await decideGroups(client, found.balances, correcting);
  const entries = found.balances.filter(({ group }) => groups.has(group));
  if (entries.length > 0) await client.query(postingsStatement(entries, correcting));
  const { rowCount: rows } = await client.query(mendRowsStatement(schema));
  await client.query(mendWaitingStatements(schema));
  const drift = await unattributedDrift(client);
  if (drift !== 0n && drift !== driftBefore) {
    await client.query('ROLLBACK');
    return { ...NOTHING, left: [{ code: 'CORRECTION_LEFT', message: driftWords(drift) }] };
  }
  const figures = found.figures.length;
  const counts = found.counts.length;
  const postings = groups.size;
  const detail = { rebuildId, postings, figures, counts, rows: rows ?? 0, left: left.length };
  const { rows: mended } = await client.query(`SELECT coalesce(jsonb_agg(d), '[]') AS rows FROM (
    SELECT * FROM ${schema}.row_difference WHERE NOT is_archived ORDER BY source_id, dt LIMIT 1000) d`);
  await client.query(
    `INSERT INTO audit_log (actor, action, subject, reason, detail)
     VALUES ($1, 'rebuild.apply', $2, $3, $4)`,
    [order.actor, `rebuild ${rebuildId}`, order.reason, { ...detail, mended: mended[0]?.rows }],
  );
  await client.query('COMMIT');
  return { postings, figures, counts, rows: rows ?? 0, left };
}

const NOTHING = { postings: 0, figures: 0, counts: 0, rows: 0 };

/** Gives ids to workers that were met for the first time. */
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

/** No payout of theirs is reserved meanwhile. */
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
 * The groups that can be corrected. A payee that was paid more than it earned would be left with a
 * debt, and money of nobody that somebody was given cannot be taken from nobody: a person decides.
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
  const { rows } = await client.query(
    `SELECT amount_wei FROM balance WHERE account = 'unattributed' AND remote_worker_id = 0`,
  );
  let unattributedWei = BigInt(rows[0]?.amount_wei ?? 0);
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

interface Debt {
  readonly payee: string;
  readonly workers: readonly number[];
  readonly shortWei: bigint;
}

/** What is pending for the payees, and the pool's accounts: what is decided here holds until the end. */
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

/** Payees whose pending would go below zero. */
async function findDebts(
  client: PoolClient,
  balances: readonly BalanceDifference[],
): Promise<readonly Debt[]> {
  const pending = balances.filter(({ account }) => account === 'pending');
  const { rows } = await client.query(
    `SELECT w.payee, array_agg(w.id ORDER BY w.id) AS workers, sum(coalesce(k.wei, 0)) AS change,
            sum(coalesce(b.amount_wei, 0) + coalesce(k.wei, 0)) AS after
       FROM remote_worker w
       LEFT JOIN balance b ON b.remote_worker_id = w.id AND b.account = 'pending'
       LEFT JOIN (SELECT id, sum(wei) AS wei FROM unnest($1::bigint[], $2::numeric[]) AS u (id, wei)
                   GROUP BY id) k ON k.id = w.id
      WHERE w.payee IN (SELECT payee FROM remote_worker WHERE id = ANY ($1))
      GROUP BY w.payee
     HAVING sum(coalesce(k.wei, 0)) < 0 AND sum(coalesce(b.amount_wei, 0) + coalesce(k.wei, 0)) < 0`,
    [
      pending.map(({ workerId }) => workerId),
      pending.map(({ ledgerWei, eventsWei }) => (eventsWei - ledgerWei).toString()),
    ],
  );
  return rows.map((row) => ({
    payee: row.payee,
    workers: row.workers.map(Number),
    shortWei: -BigInt(row.after),
  }));
}

/** One posting for each group; all entries come in one INSERT, so that the trigger can check them. */
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

/** What was worked out when the event came is put right; what it said stays as it was said. */
function mendRowsStatement(schema: string): string {
  return `UPDATE pool_event p SET gross_wei = d.due_gross_wei, commission_wei = d.due_commission_wei,
           terms_id = d.due_terms_id, remote_worker_id = d.due_worker_id
      FROM ${schema}.row_difference d
     WHERE NOT d.is_archived AND p.source_id = d.source_id AND p.dt = d.dt AND p.event_id = d.event_id`;
}
