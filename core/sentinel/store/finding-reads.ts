/** Reads findings for the API, the pages and the command line. */
import { and, count, eq, getTableColumns, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { setting } from '../../ledger/store/tables.js';
import { LOOKED_AT } from './findings.js';
import { finding } from './tables.js';

const COLUMNS = getTableColumns(finding);
const { measure: _, acknowledgedSeverity: _s, acknowledgedMeasure: _m, ...SHOWN } = COLUMNS;

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

/** Counts the open findings of one source or of all, and tells when the sentinel last looked; null: never. */
export async function countFindings(db: Reader, sourceId?: string) {
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

function toShown(row: Pick<typeof finding.$inferSelect, keyof typeof SHOWN>) {
  const { acknowledgedAt: at, acknowledgedBy: by, acknowledgedReason: reason, ...shown } = row;
  return { ...shown, acknowledged: at && { at, by: by ?? '', reason: reason ?? '' } };
}

export type ShownFinding = ReturnType<typeof toShown>;
