/** Reads and writes the records of archived months, and checks each month's file against its record. */
import { join } from 'node:path';
import { asc, eq } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { foreignText } from '../../base/foreign-text.js';
import { type Database, onConnection, type Reader } from '../../db/database.js';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { VerifyReport } from '../rules/reports.js';
import { monthName } from '../rules/retention.js';
import { type ArchiveState, eventArchive } from '../tables.js';
import { isThere, readArchive } from './month-file.js';

export type ArchiveRecord = Readonly<typeof eventArchive.$inferSelect>;

/** Totals of one month's events. They must be the same in the table and in the month's file. */
export type ArchiveSums = Pick<ArchiveRecord, 'rows' | 'grossWei' | 'minDt' | 'maxDt' | 'sources'>;

/** Lists the archive records, the oldest month first: all of them, or only those in one state. */
export async function listArchives(
  reader: Reader,
  state?: ArchiveState,
): Promise<readonly ArchiveRecord[]> {
  return reader
    .select()
    .from(eventArchive)
    .where(state && eq(eventArchive.state, state))
    .orderBy(asc(eventArchive.month), asc(eventArchive.id));
}

/** Computes the totals of the rows that a file holds. */
export async function sumRows(slices: AsyncIterable<readonly RawRow[]>): Promise<ArchiveSums> {
  const bySource = new Map<string, { rows: number; grossWei: bigint }>();
  let [minMs, maxMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for await (const slice of slices) {
    for (const { sourceId, dtMs, kept } of slice) {
      minMs = Math.min(minMs, dtMs);
      maxMs = Math.max(maxMs, dtMs);
      const source = bySource.get(sourceId) ?? { rows: 0, grossWei: 0n };
      source.rows += 1;
      source.grossWei += kept.grossWei ?? 0n;
      bySource.set(sourceId, source);
    }
  }
  return totalsOf(bySource, { minDt: new Date(minMs), maxDt: new Date(maxMs) });
}

/** Adds up the totals of a month's sources. */
export function totalsOf(
  bySource: ReadonlyMap<string, { readonly rows: number; readonly grossWei: bigint }>,
  span: Pick<ArchiveSums, 'minDt' | 'maxDt'>,
): ArchiveSums {
  const all = [...bySource.values()];
  const texts = [...bySource].map(([id, one]) => {
    return [id, { rows: `${one.rows}`, grossWei: `${one.grossWei}` }] as const;
  });
  return {
    ...span,
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    grossWei: all.reduce((sum, { grossWei }) => sum + grossWei, 0n),
    sources: Object.fromEntries(texts),
  };
}

/**
 * Reads a file of the archive in slices, and compares it with its record once all of it has been read. A missing or damaged
 * file is reported to `onDamage`; the slices that were yielded before must then be discarded.
 */
export async function* readArchived(
  record: ArchiveRecord,
  dir: string,
  onDamage: (finding: RebuildFinding) => void,
): AsyncGenerator<readonly RawRow[]> {
  const path = join(dir, record.file);
  const which = `${path} (${monthName(record.month)}, ${record.rows} events)`;
  if (!(await isThere(path))) {
    onDamage({ code: 'ARCHIVE_FILE_MISSING', message: `${which} is not there` });
    return;
  }
  const damaged = (why: string) =>
    onDamage({ code: 'ARCHIVE_FILE_DAMAGED', message: `${which}: ${why}` });
  const reading = readArchive(path);
  let rows = 0;
  let grossWei = 0n;
  try {
    for await (const slice of reading.slices) {
      rows += slice.length;
      for (const { kept } of slice) grossWei += kept.grossWei ?? 0n;
      yield slice;
    }
  } catch (error) {
    damaged(foreignText(error));
    return;
  }
  if (reading.fileSha256() !== record.sha256) damaged('its hash is not the one that was recorded');
  else if (rows !== record.rows || grossWei !== record.grossWei) damaged('its rows do not add up');
}

/** Checks that the file of each record exists and is undamaged; returns a finding for each that is not. */
export async function verifyArchives(
  records: readonly ArchiveRecord[],
  dir: string,
  onProgress: (words: string) => void,
): Promise<readonly RebuildFinding[]> {
  const findings: RebuildFinding[] = [];
  for (const record of records) {
    onProgress(`reading ${record.file}`);
    for await (const _ of readArchived(record, dir, (finding) => findings.push(finding))) {
      // Nothing to do for a slice: the file is compared with its record once it has been read to the end.
    }
  }
  return findings;
}

/** Reads every file of the archive and compares it with its record. */
export async function verifyArchive(
  db: Database,
  dir: string,
  onProgress: (words: string) => void,
): Promise<VerifyReport> {
  const records = await listArchives(db, 'archived');
  return { files: records.length, findings: await verifyArchives(records, dir, onProgress) };
}

/** Stores the record of a file that was written and compared. */
export async function insertArchive(
  client: PoolClient,
  archive: typeof eventArchive.$inferInsert,
): Promise<ArchiveRecord> {
  const [made] = await onConnection(client).insert(eventArchive).values(archive).returning();
  if (made === undefined) throw new Error(`${archive.file} was not recorded`);
  return made;
}
