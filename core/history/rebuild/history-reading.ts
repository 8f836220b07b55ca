/** Reads the whole history, from files and table, into a rebuild's scratch schema. */
import { asc } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { listOf } from '../../base/lists.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import { onConnection } from '../../db/database.js';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import { readPartition } from '../../events/store/raw-rows.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import type { CreditRate } from '../../terms/rules/worker-rates.js';
import { READ_TERMS, type TermsRow, toTerms } from '../../terms/store/recorded-terms.js';
import { workerRate } from '../../terms/store/tables.js';
import { listArchives, readArchived } from '../archive/archived-months.js';
import { allPartitions } from '../archive/month-partitions.js';
import { type RebuildFinding, RebuildTally } from '../rules/rebuild-tally.js';
import type { RebuildScratch } from './scratch-schema.js';

export interface ReadingOptions {
  readonly archiveDir: string;
  readonly onProgress: (words: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** When this many sums are in memory, they are written to the scratch schema. */
const MOST_HELD = 20_000;
const MOST_TOLD = 50;

/** Reads all events once. Its fields then hold what it found on the way. */
export class HistoryReading {
  readonly names = new Map<number, RemoteWorker>();
  /** Workers that events name but the tables do not know yet; their ids here are negative. */
  readonly unknown = new Map<number, RemoteWorker>();
  /** Findings about missing or damaged files. If there are any, nothing can be compared. */
  readonly damage: RebuildFinding[] = [];
  readonly unreadable: RebuildFinding[] = [];
  unreadableTotal = 0;
  events = 0;
  archivedEvents = 0;
  private readonly ids = new Map<string, number>();
  private readonly rates = new Map<string, CreditRate[]>();

  constructor(
    private readonly client: PoolClient,
    private readonly scratch: RebuildScratch,
    private readonly options: ReadingOptions,
  ) {}

  /** Reads files and table, in the transaction that is open; stops after the files when one of them is damaged. */
  async run(): Promise<void> {
    await this.learnWorkers();
    const { rows } = await this.client.query<TermsRow>(READ_TERMS);
    const terms = rows.map(toTerms);
    await this.learnRates();
    const tally = new RebuildTally({
      terms,
      workerIdOf: (worker) => this.idOf(worker),
      ratesOf: (worker) => this.rates.get(remoteWorkerKey(worker)) ?? [],
      hoursFromMs: await this.scratch.hoursFromMs(),
    });
    for (const record of await listArchives(onConnection(this.client), 'archived')) {
      const note = (finding: RebuildFinding) => this.damage.push(finding);
      await this.take(readArchived(record, this.options.archiveDir, note), tally, true);
    }
    this.archivedEvents = this.events;
    if (this.damage.length > 0) return;
    for (const partition of await allPartitions(this.client)) {
      await this.take(readPartition(this.client, partition), tally, false);
    }
  }

  private async take(
    slices: AsyncIterable<readonly RawRow[]>,
    tally: RebuildTally,
    isArchived: boolean,
  ): Promise<void> {
    const { signal, onProgress } = this.options;
    for await (const rows of slices) {
      signal?.throwIfAborted();
      for (const row of rows) tally.add(row);
      this.events += rows.length;
      onProgress(`${this.events} events read`);
      if (tally.size >= MOST_HELD) await this.flush(tally, isArchived);
    }
    await this.flush(tally, isArchived);
  }

  private async flush(tally: RebuildTally, isArchived: boolean): Promise<void> {
    const slice = tally.drain();
    await this.scratch.name(this.unknown);
    await this.scratch.write(slice, isArchived);
    this.unreadableTotal += slice.unreadable.length;
    for (const { row, reason } of slice.unreadable) {
      if (this.unreadable.length >= MOST_TOLD) return;
      const when = new Date(row.dtMs).toISOString();
      const message = `event ${row.eventId} of ${row.sourceId} at ${when} cannot be read: ${reason}`;
      this.unreadable.push({ code: 'EVENT_UNREADABLE', message });
    }
  }

  private async learnWorkers(): Promise<void> {
    const { id, payee, nodeType, region } = remoteWorker;
    const known = await onConnection(this.client)
      .select({ id, worker: { payee, nodeType, region } })
      .from(remoteWorker);
    for (const one of known) this.learn(one.id, one.worker);
  }

  /** Reads all rates in the order of their ids. */
  private async learnRates(): Promise<void> {
    const { id, payee, nodeType, region, fromDt, commissionBps } = workerRate;
    const found = await onConnection(this.client)
      .select({ id, worker: { payee, nodeType, region }, fromDt, commissionBps })
      .from(workerRate)
      .orderBy(asc(id));
    for (const { worker, fromDt: from, ...rate } of found) {
      listOf(this.rates, remoteWorkerKey(worker)).push({ ...rate, fromMs: from.getTime() });
    }
  }

  private learn(id: number, worker: RemoteWorker): number {
    this.ids.set(remoteWorkerKey(worker), id);
    this.names.set(id, worker);
    return id;
  }

  private idOf(worker: RemoteWorker): number {
    const known = this.ids.get(remoteWorkerKey(worker));
    if (known !== undefined) return known;
    const id = -(this.unknown.size + 1);
    this.unknown.set(id, worker);
    return this.learn(id, worker);
  }
}
