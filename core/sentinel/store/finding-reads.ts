/** Reads findings for the API, the pages and the command line. */
import { and, count, eq, getTableColumns, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { setting } from '../../ledger/store/tables.js';
import type { FindingCode, Severity } from '../rules/finding.js';
import { LOOKED_AT } from './findings.js';
import { finding } from './tables.js';

const {
  measure: _measure,
  acknowledgedSeverity: _severity,
  acknowledgedMeasure: _acknowledged,
  ...SHOWN
} = getTableColumns(finding);

type FindingRow = Omit<
  typeof finding.$inferSelect,
  'measure' | 'acknowledgedSeverity' | 'acknowledgedMeasure'
>;

export interface ShownFinding
  extends Readonly<Omit<FindingRow, 'acknowledgedAt' | 'acknowledgedBy' | 'acknowledgedReason'>> {
  readonly acknowledged: {
    readonly at: Date;
    readonly by: string;
    readonly reason: string;
  } | null;
}

export interface FindingFilter {
  readonly sourceId?: string | undefined;
  /** Whether to list resolved findings, too. @default false */
  readonly all?: boolean | undefined;
}

const NEWEST_FIRST = new Keyset('DESC', { id: { column: finding.id, kind: 'integer' } });

/** Lists findings, the newest first. */
export async function listFindings(
  db: Reader,
  filter: FindingFilter,
  page: PageRequest,
): Promise<Page<ShownFinding>> {
  const rows = await db
    .select(SHOWN)
    .from(finding)
    .where(
      and(
        filter.all === true ? undefined : isNull(finding.resolvedAt),
        filter.sourceId === undefined ? undefined : eq(finding.sourceId, filter.sourceId),
        NEWEST_FIRST.after(page),
      ),
    )
    .orderBy(NEWEST_FIRST.order)
    .limit(rowsToAskFor(page));
  return NEWEST_FIRST.page(rows, page, toShown);
}

/** Lists the open findings: those that nobody has acknowledged first, then the grave ones, then the oldest. */
export async function openFindings(db: Reader, limit: number): Promise<readonly ShownFinding[]> {
  const rows = await db
    .select(SHOWN)
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

/** Finds a finding by its id, open or resolved. */
export async function findFinding(db: Reader, id: number): Promise<ShownFinding | undefined> {
  const [row] = await db.select(SHOWN).from(finding).where(eq(finding.id, id));
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

/**
 * Counts the open findings of one source or of all, acknowledged ones included, and tells when the sentinel last looked.
 */
export async function countFindings(db: Reader, sourceId?: string): Promise<FindingTotals> {
  const { code, severity } = finding;
  const acknowledged = sql<boolean>`${isNotNull(finding.acknowledgedAt)}`;
  const ofSource = sourceId === undefined ? undefined : eq(finding.sourceId, sourceId);
  const [counts, looks] = await Promise.all([
    db
      .select({ code, severity, acknowledged, findings: count() })
      .from(finding)
      .where(and(isNull(finding.resolvedAt), ofSource))
      .groupBy(code, severity, acknowledged)
      .orderBy(code, severity, acknowledged),
    db.select({ value: setting.value }).from(setting).where(eq(setting.key, LOOKED_AT)),
  ]);
  const at = looks[0]?.value;
  return { counts, lookedAt: at === undefined ? null : new Date(at) };
}

function toShown({
  acknowledgedAt,
  acknowledgedBy,
  acknowledgedReason,
  ...shown
}: FindingRow): ShownFinding {
  return {
    ...shown,
    acknowledged: acknowledgedAt && {
      at: acknowledgedAt,
      by: acknowledgedBy ?? '',
      reason: acknowledgedReason ?? '',
    },
  };
}
