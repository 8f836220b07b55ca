/** Reads of the audit log, to show it to people. */
import { eq } from 'drizzle-orm';
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

/** Lists the entries, newest first. */
export async function listAuditLog(db: Reader, page: PageRequest): Promise<Page<AuditLogEntry>> {
  const rows = await db
    .select()
    .from(auditLog)
    .where(NEWEST_FIRST.after(page))
    .orderBy(NEWEST_FIRST.order)
    .limit(rowsToAskFor(page));
  return NEWEST_FIRST.page(rows, page, (row) => row);
}
