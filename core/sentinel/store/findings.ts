/** Writes findings: the sentinel opens them, sees them again and resolves them; an operator acknowledges them. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { type NewNotice, writeNotices } from '../../notices/store/outbox.js';
import { type Condition, compareFindings, type OpenFinding } from '../rules/finding.js';
import { finding } from './tables.js';

/** Key of the setting that stores when the sentinel looked for the last time. */
export const LOOKED_AT = 'sentinel.looked-at';

/** What one look changed, and the conditions that are open after it. */
export interface LookReport {
  readonly open: readonly Condition[];
  readonly opened: readonly Condition[];
  /** Findings that have become worse since they were acknowledged. */
  readonly worse: readonly Condition[];
  readonly resolved: readonly OpenFinding[];
}

/**
 * Records one look of the sentinel: everything that looks wrong at this time. Looks run one after the other, and one that is older
 * than the last recorded one does nothing: a worker that hung must not open what has ended since. A recorded time in the
 * future comes from a wrong clock and does not count.
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
    for (const condition of opened) {
      await tx.insert(finding).values({ ...condition, openedAt: at, seenAt: at });
    }
    await seeFindings(tx, seen, at);
    const ended = resolved.map(({ id }) => id);
    await tx.update(finding).set({ resolvedAt: at }).where(inArray(finding.id, ended));
    const worse = seen.filter(({ lapses }) => lapses).map(({ condition }) => condition);
    await writeNotices(
      tx,
      [...opened, ...worse].map((one) => toldOf(one, at)),
    );
    const stillOpen = [...opened, ...seen.map(({ condition }) => condition)];
    return { open: stillOpen, opened, worse, resolved };
  });
}

/** Tells of a finding that opened at this look, or got worse than what was acknowledged. */
function toldOf(condition: Condition, at: Date): NewNotice {
  const { code, sourceId, subject, words, severity } = condition;
  const key = `finding/${code}/${sourceId}/${subject}/${at.toISOString()}`;
  if (code === 'SOURCE_SILENT' || code === 'SOURCE_FAILING') {
    return { key, kind: 'source-silent', facts: { source: sourceId, code, words } };
  }
  const source = sourceId === '' ? null : sourceId;
  return { key, kind: 'finding', facts: { source, code, words, severity } };
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

/** Locks the open findings in the order of their ids. An acknowledgement locks only one, so the two cannot deadlock. */
async function lockOpen(tx: Transaction): Promise<readonly OpenFinding[]> {
  const rows = await tx
    .select({
      id: finding.id,
      code: finding.code,
      sourceId: finding.sourceId,
      subject: finding.subject,
      severity: finding.acknowledgedSeverity,
      measure: finding.acknowledgedMeasure,
    })
    .from(finding)
    .where(isNull(finding.resolvedAt))
    .orderBy(finding.id)
    .for('no key update');
  return rows.map(({ severity, measure, ...key }) => ({
    ...key,
    acknowledged: severity && { severity, measure },
  }));
}

const UNACKNOWLEDGED = {
  acknowledgedAt: null,
  acknowledgedBy: null,
  acknowledgedReason: null,
  acknowledgedSeverity: null,
  acknowledgedMeasure: null,
};

/** Updates findings that still hold. A lapsed acknowledgement is removed from the finding; the audit log keeps it. */
async function seeFindings(
  tx: Transaction,
  seen: ReturnType<typeof compareFindings>['seen'],
  at: Date,
): Promise<void> {
  for (const { id, condition, lapses } of seen) {
    const { severity, measure, words, figures } = condition;
    const timesSeen = sql`${finding.timesSeen} + 1`;
    const state = { severity, measure, words, figures, seenAt: at, timesSeen };
    const changes = lapses ? { ...state, ...UNACKNOWLEDGED } : state;
    await tx.update(finding).set(changes).where(eq(finding.id, id));
  }
}

/** Acknowledges a finding until it gets worse or returns. Throws FINDING_NOT_FOUND and FINDING_RESOLVED. */
export async function acknowledgeFinding(
  db: Reader,
  id: number,
  decision: Decision,
): Promise<void> {
  await transact(db, async (tx) => {
    const { code, sourceId, subject, words } = finding;
    const [row] = await tx
      .update(finding)
      .set({
        acknowledgedAt: sql`now()`,
        acknowledgedBy: decision.actor,
        acknowledgedReason: decision.reason,
        acknowledgedSeverity: sql`${finding.severity}`,
        acknowledgedMeasure: sql`${finding.measure}`,
      })
      .where(and(eq(finding.id, id), isNull(finding.resolvedAt)))
      .returning({ code, sourceId, subject, words });
    if (row === undefined) {
      const isKnown = (await tx.$count(finding, eq(finding.id, id))) > 0;
      if (isKnown) throw new PoolError('FINDING_RESOLVED', `finding ${id} has ended by itself`);
      throw new PoolError('FINDING_NOT_FOUND', `there is no finding ${id}`);
    }
    await recordDecision(tx, {
      ...decision,
      action: 'finding.acknowledge',
      subject: String(id),
      detail: { code: row.code, source: row.sourceId, of: row.subject, words: row.words },
    });
  });
}
