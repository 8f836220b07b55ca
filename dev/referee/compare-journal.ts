import { type EventLine, readJournal } from '../simulator/simulator-journal.js';
import type { CommissionOf } from './commission-rules.js';

export interface JournalSource {
  readonly sourceId: string;
  readonly nodeType: 'ai' | 'transcode';
  readonly region: string;
  readonly path: string;
}

/** Works out what the ledger must say from who truly did each job. */
export interface Expected {
  readonly payees: ReadonlyMap<string, { readonly netWei: bigint; readonly commissionWei: bigint }>;
  readonly unattributedWei: bigint;
  readonly sources: ReadonlyMap<string, { readonly events: number; readonly malformed: number }>;
}

export function readExpected(
  journals: readonly JournalSource[],
  commissionOf: CommissionOf,
): Expected {
  const payees = new Map<string, { netWei: bigint; commissionWei: bigint }>();
  const sources = new Map<string, { events: number; malformed: number }>();
  let unattributedWei = 0n;
  for (const { sourceId, nodeType, region, path } of journals) {
    const events = readJournal(path).filter((line): line is EventLine => line.kind === 'event');
    const malformed = events.filter((line) => line.truth.malformed === true).length;
    sources.set(sourceId, { events: events.length - malformed, malformed });
    const received = new Set(
      events.filter((line) => line.truth.type === 'job-received').map((line) => line.truth.job),
    );
    for (const { truth, dt } of events) {
      if (truth.grossWei === undefined) continue;
      const gross = BigInt(truth.grossWei);
      // The manager can know an AI job's worker only when the orchestrator has told it.
      const told = nodeType === 'transcode' || received.has(truth.job);
      if (!told || truth.worker === undefined || truth.worker === '') {
        unattributedWei += gross;
        continue;
      }
      const row = payees.get(truth.worker) ?? { netWei: 0n, commissionWei: 0n };
      const payee = truth.worker;
      const atMs = Date.parse(`${dt.replace(' ', 'T')}Z`);
      const commission = commissionOf({ payee, nodeType, region, atMs, grossWei: gross });
      row.commissionWei += commission;
      row.netWei += gross - commission;
      payees.set(truth.worker, row);
    }
  }
  return { payees, unattributedWei, sources };
}
