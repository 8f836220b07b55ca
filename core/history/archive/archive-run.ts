/**
 * Raw events leave the table for files, month by month, the oldest first. A file is written, read back
 * and compared before its month goes, and killed at any point the next run goes on or begins again.
 */
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import { compactPostings } from '../../checks/audit/ledger-compaction.js';
import type { Database } from '../../db/database.js';
import { ensurePartitions } from '../../events/store/ingest/partitions.js';
import { toRawRow, UTC_TIMES } from '../../events/store/raw-rows.js';
import { isPastKeeping, monthName, monthStart } from '../rules/retention.js';
import { dropPartial, isThere, readArchive, writeArchive } from './archive-file.js';
import {
  dropPartition,
  fingerprint,
  leaveDefault,
  listPartitions,
  monthsInDefault,
  type Partition,
  partitionSources,
  partitionSums,
} from './archive-partitions.js';
import {
  type ArchiveRecord,
  ArchiveSumming,
  type ArchiveSums,
  insertArchive,
  listArchives,
  readArchived,
} from './archives.js';
import { endOldRows, endUuids } from './ends.js';
import { withHistoryLock } from './history-lock.js';

export interface ArchiveRun {
  readonly dir: string;
  /** Whole months that stay beside the running one; null: all of them. */
  readonly keepMonths: number | null;
  /** @default the database's: one worker whose clock is months ahead would archive what still comes in */
  readonly now?: Date;
  /** Called, and waited for, between any two steps. */
  readonly onProgress: (words: string) => unknown;
  readonly signal?: AbortSignal;
  /** How often a lock is asked for that others hold. @default 5 */
  readonly lockTries?: number;
}

export interface ArchivedMonth {
  readonly month: string;
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface ArchiveReport {
  readonly archived: readonly ArchivedMonth[];
  /** So many postings fewer stand in the ledger now; what they come to is what it was. */
  readonly compactedPostings: number;
  /** Why the next month that is old enough stays for now; null: none is. */
  readonly waiting: string | null;
}

/** No event of a month has come for this long: each source is read from a week back once a day. */
const QUIET_MS = 8 * 86_400_000;
/** A month that somebody fetched back is left to them for this long. */
const RESTORED_KEPT_MS = 30 * 86_400_000;

/** Postings of whole months so long ago are put together, whether their events are archived or not. */
const COMPACT_MONTHS = 3;

/** Archives what is old enough and quiet; makes the next month's partition, ends old rows and compacts postings in any case. */
export async function archiveMonths(db: Database, run: ArchiveRun): Promise<ArchiveReport> {
  const { keepMonths } = run;
  const now = run.now ?? (await readClock(db));
  const ahead = [monthStart(now).getTime(), monthStart(now, 1).getTime()];
  await ensurePartitions(db, { dtsMs: ahead, now }, new Set());
  await endOldRows(db);
  return withHistoryLock(db, async (client) => {
    const own = drizzle({ client }) as unknown as Database;
    let before = monthStart(now, -COMPACT_MONTHS);
    let archived: ArchivingReport = { archived: [], waiting: null };
    if (keepMonths !== null) {
      archived = await new Archiving(client, { ...run, keepMonths, now }).run();
      const archivedTo = await archivedUpTo(client, monthStart(now, -keepMonths));
      // The events that stay in the table keep their UUIDs: these say what was counted.
      await endUuids(own, client, { ...run, before: archivedTo });
      if (archivedTo > before) before = archivedTo;
    }
    const { postings, broken } = await compactPostings(own, { ...run, before });
    const waiting = archived.waiting ?? (broken && `the ledger waits: ${broken.message}`);
    return { ...archived, compactedPostings: postings, waiting };
  });
}

type ArchivingReport = Omit<ArchiveReport, 'compactedPostings'>;

/** The months before are all in files; those that stay are the last ones. */
async function archivedUpTo(client: PoolClient, kept: Date): Promise<Date> {
  const months = [
    ...(await monthsInDefault(client)),
    ...(await listPartitions(client)).map(({ month }) => month),
    kept,
  ];
  return new Date(Math.min(...months.map((month) => month.getTime())));
}

async function readClock(db: Database): Promise<Date> {
  const { rows } = await db.$client.query<{ now: Date }>('SELECT now()');
  return rows[0]?.now ?? new Date(Number.NaN);
}

class Archiving {
  private readonly archived: ArchivedMonth[] = [];
  private records: readonly ArchiveRecord[] = [];

  constructor(
    private readonly client: PoolClient,
    private readonly order: ArchiveRun & { readonly keepMonths: number; readonly now: Date },
  ) {}

  async run(): Promise<ArchivingReport> {
    const { client } = this;
    this.records = await listArchives(drizzle({ client }) as unknown as Database);
    for (const month of await monthsInDefault(client)) {
      if (!this.isDue(month)) continue;
      await this.step(`giving ${monthName(month)} a partition of its own`);
      if (!(await leaveDefault(client, month, this.order.lockTries)))
        return this.report(lockedWords(month));
    }
    for (const partition of await listPartitions(client)) {
      if (!this.isDue(partition.month)) continue;
      const waiting = await this.archive(partition);
      // Not past it: the horizon would say that older months are gone.
      if (waiting !== null) return this.report(waiting);
    }
    return this.report(null);
  }

  private isDue(month: Date): boolean {
    return isPastKeeping(month, this.order.keepMonths, this.order.now);
  }

  private report(waiting: string | null): ArchivingReport {
    return { archived: this.archived, waiting };
  }

  private async step(words: string): Promise<void> {
    this.order.signal?.throwIfAborted();
    await this.order.onProgress(words);
  }

  /** Why the month has to wait, or null when it is gone. */
  private async archive(partition: Partition): Promise<string | null> {
    const name = monthName(partition.month);
    await this.step(`looking at ${name}`);
    const sources = await partitionSources(this.client, partition.name);
    const waiting = this.whyNotYet(partition, sources);
    if (waiting !== null) return waiting;
    if (sources.length === 0) return this.drop(partition, null);
    const exported = (await this.writtenBefore(partition)) ?? (await this.export(partition));
    await this.step(`${exported.file} is written and compared`);
    const left = await this.drop(partition, exported);
    const { file, rows, bytes } = exported;
    if (left === null) this.archived.push({ month: name, file, rows, bytes });
    return left;
  }

  private whyNotYet(
    { month }: Partition,
    sources: Awaited<ReturnType<typeof partitionSources>>,
  ): string | null {
    const { now } = this.order;
    const name = monthName(month);
    const end = monthStart(month, 1);
    for (const { sourceId, newestReceived, uncoveredFrom } of sources) {
      if (now.getTime() - newestReceived.getTime() < QUIET_MS) {
        return `${name} waits: events of ${sourceId} came as late as ${newestReceived.toISOString()}`;
      }
      if (uncoveredFrom !== null && uncoveredFrom < end) {
        return `${name} waits: ${sourceId} is not read to its end yet`;
      }
    }
    const restored = this.records.find(
      (one) =>
        one.month.getTime() === month.getTime() &&
        one.restoredAt !== null &&
        now.getTime() - one.restoredAt.getTime() < RESTORED_KEPT_MS,
    );
    return restored === undefined ? null : `${name} waits: it was restored lately`;
  }

  /** What an earlier run has written, if the table still holds just that and the file is whole. */
  private async writtenBefore({ name, month }: Partition): Promise<Exported | undefined> {
    const { client } = this;
    for (const record of this.records) {
      if (record.state !== 'written' || record.month.getTime() !== month.getTime()) continue;
      let isWhole = (await fingerprint(client, name)) === record.fingerprint;
      const damage = () => {
        isWhole = false;
      };
      for await (const _ of isWhole ? readArchived(record, this.order.dir, damage) : []) {
        // To its end.
      }
      if (isWhole) return { ...record, mark: record.fingerprint, sums: sumsOf(record) };
      await client.query('DELETE FROM event_archive WHERE id = $1', [record.id]);
    }
    return undefined;
  }

  private async export({ name, month }: Partition): Promise<Exported> {
    const { client, order } = this;
    const file = await this.freeName(month);
    const path = join(order.dir, file);
    await this.step(`writing ${file}`);
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; ${UTC_TIMES}`);
    const mark = await fingerprint(client, name);
    const sums = await partitionSums(client, name);
    const textSha256 = await writeArchive(client, name, path);
    await client.query('COMMIT');
    await this.step(`reading ${file} back`);
    const { bytes, sha256 } = await compareFile(path, { sums, textSha256 });
    await this.step(`recording ${file}`);
    const archive = { month, file, bytes, sha256, fingerprint: mark, sums };
    const id = await insertArchive(client, archive);
    return { id, file, rows: sums.rows, bytes, mark, sums };
  }

  /** Nothing is written over: another pool may use the directory too. */
  private async freeName(month: Date): Promise<string> {
    for (let n = 1; ; n += 1) {
      const file = `pool-events-${monthName(month)}${n === 1 ? '' : `.${n}`}.copy.gz`;
      const path = join(this.order.dir, file);
      await dropPartial(path);
      if (!(await isThere(path))) return file;
    }
  }

  private async drop(partition: Partition, exported: Exported | null): Promise<string | null> {
    const outcome = await dropPartition(this.client, {
      partition,
      archiveId: exported?.id ?? null,
      mark: exported?.mark ?? (await fingerprint(this.client, partition.name)),
      sourceIds: Object.keys(exported?.sums.sources ?? {}),
      lockTries: this.order.lockTries,
    });
    if (outcome === 'dropped') return null;
    if (outcome === 'locked') return lockedWords(partition.month);
    return `${monthName(partition.month)} waits: an event came after it was written to a file`;
  }
}

interface Exported {
  readonly id: number;
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly mark: string;
  readonly sums: ArchiveSums;
}

/** Reads what was written from the disk, and holds every sum of it against the table's. */
async function compareFile(
  path: string,
  table: { readonly sums: ArchiveSums; readonly textSha256: string },
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const reading = readArchive(path);
  const summing = new ArchiveSumming();
  for await (const slice of reading.slices) {
    for (const fields of slice) summing.add(toRawRow(fields));
  }
  const isSame =
    reading.textSha256() === table.textSha256 &&
    JSON.stringify(toPlain(summing.sums())) === JSON.stringify(toPlain(table.sums));
  if (!isSame) {
    const message = `${path} does not hold what was written to it: the disk or the memory is at fault`;
    throw new PoolError('ARCHIVE_DAMAGED', message);
  }
  return { bytes: reading.bytes(), sha256: reading.fileSha256() };
}

function toPlain({ rows, grossWei, minMs, maxMs, sources }: ArchiveSums) {
  const bySource = Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1));
  return { rows, grossWei: grossWei.toString(), minMs, maxMs, bySource };
}

function sumsOf({ rows, grossWei, minDt, maxDt, sources }: ArchiveRecord): ArchiveSums {
  return { rows, grossWei, minMs: minDt.getTime(), maxMs: maxDt.getTime(), sources };
}

function lockedWords(month: Date): string {
  return `${monthName(month)} waits: the table of raw events is in use; the next run tries again`;
}
