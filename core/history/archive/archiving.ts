/**
 * Moves raw events from the table to files, month by month, the oldest first. A month leaves the table only after its file
 * was written, read back and compared. A run can be killed at any point: the next one continues the month or starts it
 * again.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import { compactPostings } from '../../checks/audit/ledger-compaction.js';
import { type Database, onConnection } from '../../db/database.js';
import { ensurePartitions } from '../../events/store/ingest/partitions.js';
import { UTC_TIMES } from '../../events/store/raw-rows.js';
import type { ArchiveReport } from '../rules/reports.js';
import { isPastKeeping, monthName, monthStart } from '../rules/retention.js';
import {
  type ArchiveRecord,
  type ArchiveSums,
  insertArchive,
  listArchives,
  sumRows,
  verifyArchives,
} from './archived-months.js';
import { endOldRows, endUuids } from './expiry.js';
import { withHistoryLock } from './history-lock.js';
import { dropPartial, isThere, readArchive, writeArchive } from './month-file.js';
import {
  dropPartition,
  fingerprint,
  leaveDefault,
  listPartitions,
  monthsInDefault,
  type Partition,
  partitionSources,
  partitionSums,
} from './month-partitions.js';

export interface ArchiveRun {
  readonly dir: string;
  /** How many whole months stay in the table besides the current one; null: nothing is archived. */
  readonly keepMonths: number | null;
  /**
   * Decides which months are old enough. @default the database's time, because a worker whose clock is months ahead would
   * archive months that still get events
   */
  readonly now?: Date;
  /** Called with a message between any two steps; the run awaits what it returns. */
  readonly onProgress: (words: string) => unknown;
  readonly signal?: AbortSignal;
  /** How many times to try for a table lock that somebody else holds. @default 5 */
  readonly lockTries?: number;
}

/**
 * A month is archived only when none of its events has come for this long. It is over a week because, once a day, each
 * source is read again from a week back, which may still bring late events.
 */
const QUIET_MS = 8 * 86_400_000;
/** A month that somebody restored stays in the table for this long. */
const RESTORED_KEPT_MS = 30 * 86_400_000;

/**
 * Postings are compacted when their month ended at least this many months before the current one began, whether its events
 * are archived or not.
 */
const COMPACT_MONTHS = 3;

/** Archives the months that are old enough and quiet. It always makes next month's partition, deletes expired rows and compacts postings. */
export async function archiveMonths(db: Database, run: ArchiveRun): Promise<ArchiveReport> {
  const { keepMonths } = run;
  const now = run.now ?? (await readClock(db));
  const ahead = [monthStart(now).getTime(), monthStart(now, 1).getTime()];
  await ensurePartitions(db, { dtsMs: ahead, now }, new Set());
  await endOldRows(db);
  return withHistoryLock(db, async (client) => {
    const own = onConnection(client);
    let before = monthStart(now, -COMPACT_MONTHS);
    let archived: ArchivingReport = { archived: [], waiting: null };
    if (keepMonths !== null) {
      archived = await new Archiving(client, { ...run, keepMonths, now }).run();
      const archivedTo = await archivedUpTo(client, monthStart(now, -keepMonths));
      // Events that stay in the table keep their UUIDs, by which a repeated event is recognized.
      await endUuids(own, client, { ...run, before: archivedTo });
      if (archivedTo > before) before = archivedTo;
    }
    const { postings, broken } = await compactPostings(own, { ...run, before });
    const waiting = archived.waiting ?? (broken && `the ledger waits: ${broken.message}`);
    return { ...archived, compactedPostings: postings, waiting };
  });
}

type ArchivingReport = Omit<ArchiveReport, 'compactedPostings'>;

/**
 * Returns the earliest month that is still in the table, but `kept` if that is earlier. All events from before it are in
 * files.
 */
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
  private readonly archived: ArchiveReport['archived'][number][] = [];
  private records: readonly ArchiveRecord[] = [];

  constructor(
    private readonly client: PoolClient,
    private readonly order: ArchiveRun & { readonly keepMonths: number; readonly now: Date },
  ) {}

  async run(): Promise<ArchivingReport> {
    const { client } = this;
    this.records = await listArchives(onConnection(client));
    for (const month of await monthsInDefault(client)) {
      if (!this.isDue(month)) continue;
      await this.step(`giving ${monthName(month)} a partition of its own`);
      if (!(await leaveDefault(client, month, this.order.lockTries)))
        return this.report(lockedWords(month));
    }
    for (const partition of await listPartitions(client)) {
      if (!this.isDue(partition.month)) continue;
      const waiting = await this.archive(partition);
      // The later months have to wait, too: a source's horizon promises that everything before it is archived.
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

  /** Archives one month. Returns why it has to wait, or null when its rows have left the table. */
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

  /**
   * Finds the file that an earlier run wrote for this month. It is used only if it is whole and the table has not changed
   * since; otherwise its record is deleted.
   */
  private async writtenBefore({ name, month }: Partition): Promise<ArchiveRecord | undefined> {
    const { client } = this;
    for (const record of this.records) {
      if (record.state !== 'written' || record.month.getTime() !== month.getTime()) continue;
      const isSame = (await fingerprint(client, name)) === record.fingerprint;
      const { dir, onProgress } = this.order;
      if (isSame && (await verifyArchives([record], dir, onProgress)).length === 0) return record;
      await client.query('DELETE FROM event_archive WHERE id = $1', [record.id]);
    }
    return undefined;
  }

  private async export({ name, month }: Partition): Promise<ArchiveRecord> {
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
    const sha256 = await compareFile(path, { sums, textSha256 });
    const { size: bytes } = await stat(path);
    await this.step(`recording ${file}`);
    const archive = { month, file, bytes, sha256, fingerprint: mark };
    return insertArchive(client, { ...archive, ...sums });
  }

  /**
   * Returns a file name that is not taken. Nothing is ever overwritten, because another pool may use the same directory.
   */
  private async freeName(month: Date): Promise<string> {
    for (let n = 1; ; n += 1) {
      const file = `pool-events-${monthName(month)}${n === 1 ? '' : `.${n}`}.copy.gz`;
      const path = join(this.order.dir, file);
      await dropPartial(path);
      if (!(await isThere(path))) return file;
    }
  }

  private async drop(partition: Partition, exported: ArchiveRecord | null): Promise<string | null> {
    const outcome = await dropPartition(this.client, {
      partition,
      archiveId: exported?.id ?? null,
      mark: exported?.fingerprint ?? (await fingerprint(this.client, partition.name)),
      sourceIds: Object.keys(exported?.sources ?? {}),
      lockTries: this.order.lockTries,
    });
    if (outcome === 'dropped') return null;
    if (outcome === 'locked') return lockedWords(partition.month);
    return `${monthName(partition.month)} waits: an event came after it was written to a file`;
  }
}

/**
 * Reads the file back from the disk and compares its text and sums with the table's. Returns the file's SHA-256. Throws
 * ARCHIVE_DAMAGED.
 */
async function compareFile(
  path: string,
  table: { readonly sums: ArchiveSums; readonly textSha256: string },
): Promise<string> {
  const reading = readArchive(path);
  const sums = await sumRows(reading.slices);
  if (reading.textSha256() === table.textSha256 && isDeepStrictEqual(sums, table.sums)) {
    return reading.fileSha256();
  }
  const message = `${path} does not hold what was written to it: the disk or the memory is at fault`;
  throw new PoolError('ARCHIVE_DAMAGED', message);
}

function lockedWords(month: Date): string {
  return `${monthName(month)} waits: the table of raw events is in use; the next run tries again`;
}
