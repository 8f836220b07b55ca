/**
 * The rates of the remote workers that a reading has met. They are read once for each worker, and then only what was recorded
 * since. A batch reads them under a lock that keeps everybody from recording rates until the batch is committed.
 */

import { listOf } from '../../../base/lists.js';
import { type RemoteWorker, remoteWorkerKey } from '../../../base/remote-worker.js';
import { sqlRows } from '../../../db/copy/copy-text.js';
import { addStep, type CreditRate } from '../../../terms/rules/worker-rates.js';
import type { PreparedEvent } from './prepared-events.js';

/** A remote worker that a reading meets for the first time. */
export interface MetWorker extends RemoteWorker {
  /** The time of its earliest event in the batch. */
  readonly firstMs: number;
}

/**
 * Records rates for those of the workers that have none and should have some. Called outside of a transaction, once in a
 * reading for each worker that it meets. When it throws, nothing is counted.
 */
export type ResolveUnknown = (workers: readonly MetWorker[]) => Promise<void>;

interface Known {
  readonly worker: RemoteWorker;
  readonly steps: CreditRate[];
  firstMs: number;
  isRead: boolean;
}

export interface RateRow {
  readonly id: number;
  readonly payee: RemoteWorker['payee'];
  readonly nodeType: RemoteWorker['nodeType'];
  readonly region: string;
  readonly fromMs: number;
  readonly commissionBps: number;
}

const COLUMNS = `r.id::float8 AS id, r.payee, r.node_type AS "nodeType", r.region,
  (extract(epoch FROM r.from_dt) * 1000)::float8 AS "fromMs", r.commission_bps AS "commissionBps"`;

export class RateBook {
  private readonly ofPayee = new Map<string, Known[]>();
  private readonly toRead = new Set<Known>();
  private readonly toAsk = new Set<Known>();
  /** Rows up to this id have been read, as far as they are about a known worker; undefined before the first reading. */
  private lastId: number | undefined;

  /** Notes the workers that the events name. It is called for each event, so it builds no string just to look one up. */
  meet(events: readonly PreparedEvent[]): void {
    for (const { content, dtMs, nodeType, region } of events) {
      if (!('payee' in content) || content.payee === null) continue;
      this.note(content.payee, nodeType, region, dtMs);
    }
  }

  /** Notes a worker that is credited although no event of the batch names it. */
  meetOne({ payee, nodeType, region }: RemoteWorker, dtMs: number): void {
    this.note(payee, nodeType, region, dtMs);
  }

  /** The workers that were met and that nobody was asked about yet. */
  unasked(): readonly MetWorker[] {
    return [...this.toAsk].map(({ worker, firstMs }) => ({ ...worker, firstMs }));
  }

  /** Notes that somebody was asked about them. */
  asked(): void {
    this.toAsk.clear();
  }

  get isComplete(): boolean {
    return this.toRead.size === 0;
  }

  /** The two statements that read what is missing: rows of new workers and new rows of known ones, and the last row's id. */
  readStatements(): readonly [rates: string, lastId: string] {
    const rows = sqlRows(
      [...this.toRead].map(({ worker }) => worker),
      [
        ['text', ({ payee }) => payee],
        ['text', ({ nodeType }) => nodeType],
        ['text', ({ region }) => region],
      ],
    );
    const isNew = this.lastId === undefined ? 'false' : `r.id > ${this.lastId}`;
    return [
      `SELECT ${COLUMNS} FROM worker_rate r WHERE ${isNew}
        UNION SELECT ${COLUMNS} FROM ${rows} AS k (payee, node_type, region)
          JOIN worker_rate r USING (payee, node_type, region) ORDER BY id`,
      `SELECT coalesce(max(id), 0)::float8 AS "lastId" FROM worker_rate`,
    ];
  }

  /** Takes in what the statements returned, read under the lock. */
  take(rows: readonly RateRow[], lastId: number): void {
    for (const { payee, nodeType, region, ...rate } of rows) {
      const known = this.find(payee, nodeType, region);
      if (known !== undefined) addStep(known.steps, rate);
    }
    this.lastId = lastId;
    for (const known of this.toRead) known.isRead = true;
    this.toRead.clear();
  }

  /** Returns what holds for a worker that was met, ascending by time. Throws RangeError when its rates were not read. */
  stepsOf({ payee, nodeType, region }: RemoteWorker): readonly CreditRate[] {
    const known = this.find(payee, nodeType, region);
    if (known?.isRead === true) return known.steps;
    throw new RangeError(
      `the rates of ${remoteWorkerKey({ payee, nodeType, region })} were not read`,
    );
  }

  private note(
    payee: RemoteWorker['payee'],
    nodeType: RemoteWorker['nodeType'],
    region: string,
    dtMs: number,
  ): void {
    const known = this.find(payee, nodeType, region);
    if (known !== undefined) {
      if (dtMs < known.firstMs) known.firstMs = dtMs;
      return;
    }
    const worker = { payee, nodeType, region };
    const made = { worker, steps: [], firstMs: dtMs, isRead: false };
    listOf(this.ofPayee, payee).push(made);
    this.toRead.add(made);
    this.toAsk.add(made);
  }

  private find(
    payee: RemoteWorker['payee'],
    nodeType: RemoteWorker['nodeType'],
    region: string,
  ): Known | undefined {
    for (const known of this.ofPayee.get(payee) ?? []) {
      if (known.worker.nodeType === nodeType && known.worker.region === region) return known;
    }
    return undefined;
  }
}
