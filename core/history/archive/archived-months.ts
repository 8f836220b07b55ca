/** Reads and writes the records of archived months, and checks each month's file against its record. */
import { join } from 'node:path';
import { asc, eq } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { foreignText } from '../../base/foreign-text.js';
import { type Database, onConnection, type Reader } from '../../db/database.js';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import { toRawRow } from '../../events/store/raw-rows.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { VerifyReport } from '../rules/reports.js';
import { monthName } from '../rules/retention.js';
import { type ArchivedSources, type ArchiveState, eventArchive } from '../tables.js';
import { isThere, readArchive } from './month-file.js';

export type ArchiveRecord = Readonly<typeof eventArchive.$inferSelect>;

/** Totals of one month's events. They must be the same in the table and in the month's file. */
export interface ArchiveSums {
  readonly rows: number;
  readonly grossWei: bigint;
  readonly minMs: number;
  readonly maxMs: number;
  readonly sources: ArchivedSources;
}

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

/** Computes a month's totals while its rows are read one by one. */
export class ArchiveSumming {
  private rows = 0;
  private grossWei = 0n;
  private minMs = Number.POSITIVE_INFINITY;
  private maxMs = Number.NEGATIVE_INFINITY;
  private readonly sources = new Map<string, { rows: number; grossWei: bigint }>();

  add({ sourceId, dtMs, kept }: RawRow): void {
    const grossWei = kept.grossWei ?? 0n;
    this.rows += 1;
    this.grossWei += grossWei;
    this.minMs = Math.min(this.minMs, dtMs);
    this.maxMs = Math.max(this.maxMs, dtMs);
    const source = this.sources.get(sourceId) ?? { rows: 0, grossWei: 0n };
    source.rows += 1;
    source.grossWei += grossWei;
    this.sources.set(sourceId, source);
  }

  sums(): ArchiveSums {
    const { rows, grossWei, minMs, maxMs } = this;
    const sources = Object.fromEntries(
      [...this.sources]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, one]) => [id, { rows: `${one.rows}`, grossWei: `${one.grossWei}` }]),
    );
    return { rows, grossWei, minMs, maxMs, sources };
  }
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
      const parsed = slice.map(toRawRow);
      rows += parsed.length;
      for (const { kept } of parsed) grossWei += kept.grossWei ?? 0n;
      yield parsed;
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

export async function insertArchive(
  client: PoolClient,
  archive: {
    readonly month: Date;
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly fingerprint: string;
    readonly sums: ArchiveSums;
  },
): Promise<number> {
  const { sums, ...written } = archive;
  const { rows, grossWei, minMs, maxMs, sources } = sums;
  const span = { minDt: new Date(minMs), maxDt: new Date(maxMs) };
  const [made] = await onConnection(client)
    .insert(eventArchive)
    .values({ ...written, rows, grossWei, ...span, sources })
    .returning({ id: eventArchive.id });
  return made?.id ?? Number.NaN;
}
