/** Findings as the API, the page and the command line show them. */
import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../db/paging.js';
import { query } from '../../db/query.js';
import type { Figures, FindingCode, Severity } from '../rules/finding.js';
import { finding } from './tables.js';

export interface ShownFinding {
  readonly id: number;
  readonly code: FindingCode;
  readonly sourceId: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly words: string;
  readonly figures: Figures;
  readonly openedAt: Date;
  /** The last look that saw it. */
  readonly seenAt: Date;
  readonly timesSeen: number;
  readonly resolvedAt: Date | null;
  readonly acknowledged: {
    readonly at: Date;
    readonly by: string;
    readonly reason: string;
  } | null;
}

export interface FindingFilter {
  readonly sourceId?: string | undefined;
  /** Also those that have ended. @default false */
  readonly all?: boolean | undefined;
}

/** The newest first. */
export async function listFindings(
  db: Reader,
  filter: FindingFilter,
  page: PageRequest,
): Promise<Page<ShownFinding>> {
  const [beforeId] = readCursor(page.cursor, [CURSOR_PART.integer]) ?? [];
  const rows = await db
    .select()
    .from(finding)
    .where(
      and(
        filter.all === true ? undefined : isNull(finding.resolvedAt),
        filter.sourceId === undefined ? undefined : eq(finding.sourceId, filter.sourceId),
        beforeId === undefined ? undefined : lt(finding.id, Number(beforeId)),
      ),
    )
    .orderBy(desc(finding.id))
    .limit(rowsToAskFor(page));
  return toPage(rows, page, { item: toShown, cursorParts: ({ id }) => [String(id)] });
}

/** Those that are open, what asks for attention first, then the gravest, then the oldest. */
export async function openFindings(db: Reader, limit: number): Promise<readonly ShownFinding[]> {
  const rows = await db
    .select()
    .from(finding)
    .where(isNull(finding.resolvedAt))
    .orderBy(
      sql`${finding.acknowledgedAt} IS NOT NULL`,
      sql`${finding.severity} = 'warning'`,
      finding.id,
    )
    .limit(limit);
  return rows.map(toShown);
}

/** One of them, open or not. */
export async function findFinding(db: Reader, id: number): Promise<ShownFinding | undefined> {
  const [row] = await db.select().from(finding).where(eq(finding.id, id));
  return row && toShown(row);
}

export interface FindingCount {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly acknowledged: boolean;
  readonly findings: number;
}

export interface FindingTotals {
  readonly counts: readonly FindingCount[];
  /** When the sentinel looked for the last time; null: never. */
  readonly lookedAt: Date | null;
}

/** How many are open, of one source or of all, acknowledged ones included, and how fresh that is. */
export async function countFindings(db: Reader, sourceId?: string): Promise<FindingTotals> {
  const [counts, looks] = await Promise.all([
    query<FindingCount>(
      db,
      sql`SELECT code, severity, acknowledged_at IS NOT NULL AS acknowledged, count(*)::int AS findings
            FROM finding WHERE resolved_at IS NULL
             AND ${sourceId === undefined ? sql`true` : sql`source_id = ${sourceId}`} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    ),
    query<{ value: string }>(db, sql`SELECT value FROM setting WHERE key = 'sentinel.looked-at'`),
  ]);
  const at = looks[0]?.value;
  return { counts, lookedAt: at === undefined ? null : new Date(at) };
}

type FindingRow = typeof finding.$inferSelect;

function toShown(row: FindingRow): ShownFinding {
  const { acknowledgedAt, acknowledgedBy, acknowledgedReason } = row;
  return {
    id: row.id,
    code: row.code,
    sourceId: row.sourceId,
    subject: row.subject,
    severity: row.severity,
    words: row.words,
    figures: row.figures,
    openedAt: row.openedAt,
    seenAt: row.seenAt,
    timesSeen: row.timesSeen,
    resolvedAt: row.resolvedAt,
    acknowledged: acknowledgedAt && {
      at: acknowledgedAt,
      by: acknowledgedBy ?? '',
      reason: acknowledgedReason ?? '',
    },
  };
}
