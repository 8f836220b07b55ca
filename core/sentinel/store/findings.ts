/** Findings: opened, seen again, resolved by the sentinel; acknowledged by an operator. */
import { sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { list, query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import {
  type Condition,
  compareFindings,
  type FindingCode,
  type OpenFinding,
  type Severity,
} from '../rules/finding.js';

const LOOKED_AT = 'sentinel.looked-at';

/** What a look changed. */
export interface LookReport {
  readonly open: readonly Condition[];
  readonly opened: readonly Condition[];
  /** Acknowledged before, and worse since. */
  readonly worse: readonly Condition[];
  readonly resolved: readonly OpenFinding[];
}

/**
 * Keeps what one look at the sources saw: everything that looks wrong at this time. Looks stand in line, and
 * one that is older than the last does nothing: a worker that hung must not open what has ended since. A last
 * one from the future, by a clock that was wrong, is no reason to stop looking.
 */
export async function recordLook(
  db: Database,
  conditions: readonly Condition[],
  at: Date,
): Promise<LookReport> {
  return transact(db, async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.sentinelLook})`);
    if (!(await isLatest(tx, at))) return { open: [], opened: [], worse: [], resolved: [] };
    const open = await lockOpen(tx);
    const { opened, seen, resolved } = compareFindings(open, conditions);
    await openFindings(tx, opened, at);
    await seeFindings(tx, seen, at);
    await tx.execute(sql`
      UPDATE finding SET resolved_at = ${at.toISOString()}
       WHERE id = ANY(${list(resolved.map(({ id }) => id))}::bigint[])`);
    const worse = seen.filter(({ lapses }) => lapses).map(({ condition }) => condition);
    const stillOpen = [...opened, ...seen.map(({ condition }) => condition)];
    return { open: stillOpen, opened, worse, resolved };
  });
}

async function isLatest(tx: Transaction, at: Date): Promise<boolean> {
  const rows = await query(
    tx,
    sql`INSERT INTO setting AS s (key, value, changed_at)
        VALUES (${LOOKED_AT}, ${at.toISOString()}, ${at.toISOString()})
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at
          WHERE s.changed_at <= excluded.changed_at OR s.changed_at > now() RETURNING 1`,
  );
  return rows.length > 0;
}

/** In the order of their ids, as whoever acknowledges locks one alone. */
async function lockOpen(tx: Transaction): Promise<readonly OpenFinding[]> {
  const rows = await query<{
    id: string;
    code: FindingCode;
    source_id: string;
    subject: string;
    acknowledged_severity: Severity | null;
    acknowledged_measure: number | null;
  }>(
    tx,
    sql`SELECT id, code, source_id, subject, acknowledged_severity, acknowledged_measure
          FROM finding WHERE resolved_at IS NULL ORDER BY id FOR NO KEY UPDATE`,
  );
  return rows.map((row) => ({
    id: Number(row.id),
    code: row.code,
    sourceId: row.source_id,
    subject: row.subject,
    acknowledged: row.acknowledged_severity && {
      severity: row.acknowledged_severity,
      measure: row.acknowledged_measure,
    },
  }));
}

async function openFindings(
  tx: Transaction,
  opened: readonly Condition[],
  at: Date,
): Promise<void> {
  for (const { code, sourceId, subject, ...state } of opened) {
    const { severity, measure, words, figures } = state;
    const time = at.toISOString();
    await tx.execute(sql`
      INSERT INTO finding (code, source_id, subject, severity, measure, words, figures, opened_at, seen_at)
      VALUES (${code}, ${sourceId}, ${subject}, ${severity}, ${measure}, ${words},
              ${JSON.stringify(figures)}::jsonb, ${time}, ${time})`);
  }
}

/** An acknowledgement stays what it was in the audit log; the finding forgets it when it lapses. */
async function seeFindings(
  tx: Transaction,
  seen: ReturnType<typeof compareFindings>['seen'],
  at: Date,
): Promise<void> {
  for (const { id, condition, lapses } of seen) {
    const { severity, measure, words, figures } = condition;
    const forgotten = sql`, acknowledged_at = NULL, acknowledged_by = NULL,
      acknowledged_reason = NULL, acknowledged_severity = NULL, acknowledged_measure = NULL`;
    await tx.execute(sql`
      UPDATE finding SET severity = ${severity}, measure = ${measure}, words = ${words},
             figures = ${JSON.stringify(figures)}::jsonb, seen_at = ${at.toISOString()},
             times_seen = times_seen + 1 ${lapses ? forgotten : sql``}
       WHERE id = ${id}`);
  }
}

/**
 * Says that a finding is known, as it stands now: it asks for no attention until it gets worse or returns.
 * Throws FINDING_NOT_FOUND, and FINDING_RESOLVED when it has ended by itself.
 */
export async function acknowledgeFinding(
  db: Database,
  id: number,
  decision: Decision,
): Promise<void> {
  await transact(db, async (tx) => {
    const [row] = await query<{ code: string; source_id: string; subject: string; words: string }>(
      tx,
      sql`UPDATE finding SET acknowledged_at = now(), acknowledged_by = ${decision.actor},
                 acknowledged_reason = ${decision.reason}, acknowledged_severity = severity,
                 acknowledged_measure = measure
           WHERE id = ${id} AND resolved_at IS NULL RETURNING code, source_id, subject, words`,
    );
    if (row === undefined) await refuse(tx, id);
    else {
      await recordDecision(tx, {
        ...decision,
        action: 'finding.acknowledge',
        subject: String(id),
        detail: { code: row.code, source: row.source_id, of: row.subject, words: row.words },
      });
    }
  });
}

async function refuse(tx: Transaction, id: number): Promise<never> {
  const [known] = await query(tx, sql`SELECT FROM finding WHERE id = ${id}`);
  if (known === undefined) throw new PoolError('FINDING_NOT_FOUND', `there is no finding ${id}`);
  throw new PoolError('FINDING_RESOLVED', `finding ${id} has ended by itself`);
}
