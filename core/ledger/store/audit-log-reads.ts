/** Reads of the audit log, to show it to people. */
import { desc, eq, lt } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../db/paging.js';
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

/** Lists the entries, newest first. */
export async function listAuditLog(db: Reader, page: PageRequest): Promise<Page<AuditLogEntry>> {
  const [beforeId] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const rows = await db
    .select()
    .from(auditLog)
    .where(beforeId === undefined ? undefined : lt(auditLog.id, Number(beforeId)))
    .orderBy(desc(auditLog.id))
    .limit(rowsToAskFor(page));
  return toPage(rows, page, { item: (row) => row, cursorParts: (row) => [String(row.id)] });
}
