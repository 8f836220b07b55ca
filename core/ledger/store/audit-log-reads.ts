/** Reads of the audit log, to show it to people. */
import { and, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import type { Decision } from './audit-log.js';
import { auditLog } from './tables.js';

export type AuditLogEntry = Readonly<typeof auditLog.$inferSelect>;

/** Lists who took this action and why, by subject. It is meant for actions that happen only once per subject. */
export async function listActs(db: Reader, action: string): Promise<ReadonlyMap<string, Decision>> {
  const { subject, actor, reason } = auditLog;
  const acts = await db
    .select({ subject, decision: { actor, reason } })
    .from(auditLog)
    .where(eq(auditLog.action, action));
  return new Map(acts.map((act) => [act.subject, act.decision]));
}

const NEWEST_FIRST = new Keyset('DESC', { id: { column: auditLog.id, kind: 'integer' } });

/** Which entries are listed; a field that is left out filters nothing. */
export interface AuditLogFilter {
  /** Who decided, such as `cli` or `api:ann`. */
  readonly actor?: string | undefined;
  /** An action such as `payout.hold`, or all that begin like it, such as `payout`. */
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** The time from which on, and the time before which. */
  readonly from?: Date | undefined;
  readonly before?: Date | undefined;
}

/** Lists the entries, newest first. */
export async function listAuditLog(
  db: Reader,
  page: PageRequest,
  filter: AuditLogFilter = {},
): Promise<Page<AuditLogEntry>> {
  const { actor, action, subject, from, before } = filter;
  const rows = await db
    .select()
    .from(auditLog)
    .where(
      and(
        NEWEST_FIRST.after(page),
        actor === undefined ? undefined : eq(auditLog.actor, actor),
        action === undefined ? undefined : sql`starts_with(${auditLog.action}, ${action})`,
        subject === undefined
          ? undefined
          : inArray(auditLog.subject, [subject, subject.toLowerCase()]),
        from && gte(auditLog.at, from),
        before && lt(auditLog.at, before),
      ),
    )
    .orderBy(NEWEST_FIRST.order)
    .limit(rowsToAskFor(page));
  return NEWEST_FIRST.page(rows, page, (row) => row);
}
