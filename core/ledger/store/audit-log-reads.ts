/** Who decided what, and why. */
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
import { auditLog } from './tables.js';

export interface AuditLogEntry {
  readonly id: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string;
  readonly detail: unknown;
}

/** Who did one thing, and why. */
export interface ActLine {
  readonly actor: string;
  readonly reason: string;
}

/** Of everything that this was done to, by its subject: for actions that are done to each once. */
export async function listActs(db: Reader, action: string): Promise<ReadonlyMap<string, ActLine>> {
  const { subject, actor, reason } = auditLog;
  const rows = await db
    .select({ subject, actor, reason })
    .from(auditLog)
    .where(eq(auditLog.action, action));
  return new Map(rows.map((row) => [row.subject, { actor: row.actor, reason: row.reason }]));
}

/** The newest first. */
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
