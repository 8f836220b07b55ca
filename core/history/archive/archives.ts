/** The records of archived months, and whether their files hold what they should. */
import { join } from 'node:path';
import { asc, eq, sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { foreignText } from '../../base/foreign-text.js';
import type { Database, Reader } from '../../db/database.js';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import { toRawRow } from '../../events/store/raw-rows.js';
import type { RebuildFinding } from '../rules/rebuild.js';
import type { VerifyReport } from '../rules/reports.js';
import { monthName } from '../rules/retention.js';
import { type ArchivedSources, type ArchiveState, eventArchive } from '../tables.js';
import { isThere, readArchive } from './archive-file.js';

export interface ArchiveRecord {
  readonly id: number;
  readonly month: Date;
  /** Its name in the archive directory. */
  readonly file: string;
  readonly state: ArchiveState;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly minDt: Date;
  readonly maxDt: Date;
  readonly grossWei: bigint;
  readonly fingerprint: string;
  readonly sources: ArchivedSources;
  readonly createdAt: Date;
  readonly archivedAt: Date | null;
  readonly restoredAt: Date | null;
}

/** What rows add up to: of a table and of a file it must be the same. */
export interface ArchiveSums {
  readonly rows: number;
  readonly grossWei: bigint;
  readonly minMs: number;
  readonly maxMs: number;
  readonly sources: ArchivedSources;
}

/** All of them, or those of one state, by month. */
export async function listArchives(
  reader: Reader,
  state?: ArchiveState,
): Promise<readonly ArchiveRecord[]> {
  return reader
    .select()
    .from(eventArchive)
    .where(state === undefined ? sql`true` : eq(eventArchive.state, state))
    .orderBy(asc(eventArchive.month), asc(eventArchive.id));
}

/** Adds rows up as they are read. */
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
 * Reads a file of the archive in slices, and at its end compares all of it with its record. What is
 * wrong is given to `onDamage`; the slices then are not to be relied on.
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

/** Whether every file that the ledger stands on is there and whole. */
export async function verifyArchives(
  records: readonly ArchiveRecord[],
  dir: string,
  onProgress: (words: string) => void,
): Promise<readonly RebuildFinding[]> {
  const findings: RebuildFinding[] = [];
  for (const record of records) {
    onProgress(`reading ${record.file}`);
    for await (const _ of readArchived(record, dir, (finding) => findings.push(finding))) {
      // Read to its end: that is when it is compared.
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
  const { month, file, bytes, sha256, fingerprint, sums } = archive;
  const { rows } = await client.query(
    `INSERT INTO event_archive (month, file, rows, bytes, sha256, min_dt, max_dt, gross_wei, fingerprint,
       sources) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
    [
      ...[month, file, sums.rows, bytes, sha256, new Date(sums.minMs), new Date(sums.maxMs)],
      ...[sums.grossWei.toString(), fingerprint, sums.sources],
    ],
  );
  return Number(rows[0]?.id);
}
