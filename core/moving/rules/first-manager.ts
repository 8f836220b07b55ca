/**
 * How the first manager (Livepeer-Open-Pool/openpool-manager) keeps its books, as its public source shows. Its answers and
 * its file are compared with the ledger by what it would have credited, its faults included.
 */
import type { Share } from '../../base/money.js';
import type { NodeType } from '../../base/remote-worker.js';
import { splitFee } from '../../events/rules/commission.js';
import {
  asNatural,
  asObject,
  field,
  parseLossless,
} from '../../events/rules/reading/lossless-json.js';

/** A row of `remote_workers`. Amounts are wei; the address is as the file has it, empty for work that nobody is known for. */
export interface StatedWorker {
  readonly row: number;
  readonly address: string;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly pendingWei: bigint;
  readonly paidWei: bigint;
}

/** A row of `pool_payouts`. It does not say to which worker row it belongs. */
export interface StatedPayout {
  readonly row: number;
  readonly address: string;
  readonly txHash: string;
  readonly feesWei: bigint;
}

/** A row of `event_logs`: the payload's text as the orchestrator sent it, and the event's own time in whole seconds. */
export interface LoggedEvent {
  readonly row: number;
  readonly type: string;
  readonly data: string;
  readonly atMs: number;
}

/**
 * The two ways in which editions of the first manager work out what a worker gets.
 *
 * - `pools-share`: fees x commission in floating point, cut to whole wei: the worker is credited the pool's share.
 * - `whole-percent`: fees x (100 - commission in whole percent) / 100, in integers.
 */
export type CreditFormula = 'pools-share' | 'whole-percent';
export const CREDIT_FORMULAS: readonly CreditFormula[] = ['pools-share', 'whole-percent'];

/** Go's int64: a larger fee is an error there, and its event is lost. */
const MOST_GO_INT = 2n ** 63n - 1n;

/** What the first manager credits for a job of these fees, in wei. */
export function creditedByFirst(
  feesWei: bigint,
  { formula, commissionBps }: { readonly formula: CreditFormula; readonly commissionBps: number },
): bigint {
  if (formula === 'pools-share') {
    return BigInt(Math.trunc(Number(feesWei) * (commissionBps / 10_000)));
  }
  const percent = BigInt(Math.trunc((commissionBps / 10_000) * 100));
  return (feesWei * (100n - percent)) / 100n;
}

/** A job as the first manager credits it; the address is empty when it knew of none. */
export interface ReplayedJob {
  readonly address: string;
  readonly feesWei: bigint;
}

/** Goes through the log as the first manager went through the events, and says whom it credited for which fees. */
export class Replay {
  private readonly received = new Map<string, string>();

  /** Returns the job that the event credits; null when its fees are unreadable in Go; undefined for every other event. */
  take({ type, data }: Pick<LoggedEvent, 'type' | 'data'>): ReplayedJob | null | undefined {
    if (type !== 'job-received' && type !== 'job-processed') return undefined;
    const fields = fieldsOf(data);
    if (fields === undefined) return undefined;
    const requestId = textOf(field(fields, 'requestID'));
    // Events without a node type, as newer orchestrators send them, are no AI jobs to it: it credits nobody for them.
    const isAi = field(fields, 'nodeType') === 'ai';
    if (type === 'job-received') {
      if (isAi) this.received.set(requestId, textOf(field(fields, 'ethAddress')));
      return undefined;
    }
    const feesWei = asNatural(field(fields, 'fees') ?? 0, MOST_GO_INT);
    if (feesWei === undefined) return null;
    const match = isAi ? this.received.get(requestId) : undefined;
    if (match !== undefined) this.received.delete(requestId);
    return { address: (match ?? textOf(field(fields, 'ethAddress'))).toLowerCase(), feesWei };
  }
}

function fieldsOf(data: string) {
  try {
    return asObject(field(asObject(parseLossless(data)) ?? {}, 'payload') ?? {});
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What the first manager's log comes to for one address. Amounts are wei, over all of its jobs. */
export interface LoggedCredit {
  readonly jobs: number;
  readonly feesWei: bigint;
  /** What the first manager credits for them, by each of the two formulas. */
  readonly byFormula: Readonly<Record<CreditFormula, bigint>>;
  /** The pool's share without floating point: each job's, rounded down. */
  readonly poolShareWei: bigint;
  /** What the ledger's terms give the worker. */
  readonly netWei: bigint;
}

export interface LogSummary {
  readonly events: number;
  /** Jobs whose fees the first manager cannot read, because Go's int64 is too small for them or they are no number. */
  readonly unreadable: number;
  /** Time of the last event, in ms since 1970; null when the log is empty. */
  readonly lastMs: number | null;
  /** By address in lower case; the empty address has what nobody was credited for. */
  readonly byAddress: ReadonlyMap<string, LoggedCredit>;
}

/** The commission of the first manager, and the share that the ledger's terms give. */
export interface Rates {
  readonly commissionBps: number;
  readonly share: Share;
}

/** Adds up the whole log, in the order in which it was written. */
export function summarizeLog(events: Iterable<LoggedEvent>, rates: Rates): LogSummary {
  const replay = new Replay();
  const byAddress = new Map<string, LoggedCredit>();
  let [count, unreadable] = [0, 0];
  let lastMs: number | null = null;
  for (const event of events) {
    count += 1;
    lastMs = Math.max(lastMs ?? event.atMs, event.atMs);
    const job = replay.take(event);
    if (job === null) unreadable += 1;
    if (job === null || job === undefined) continue;
    const before = byAddress.get(job.address) ?? NO_CREDIT;
    byAddress.set(job.address, withJob(before, job.feesWei, rates));
  }
  return { events: count, unreadable, lastMs, byAddress };
}

export const NO_CREDIT: LoggedCredit = {
  jobs: 0,
  feesWei: 0n,
  byFormula: { 'pools-share': 0n, 'whole-percent': 0n },
  poolShareWei: 0n,
  netWei: 0n,
};

function withJob(before: LoggedCredit, feesWei: bigint, rates: Rates): LoggedCredit {
  const { commissionBps } = rates;
  const credited = (formula: CreditFormula) =>
    before.byFormula[formula] + creditedByFirst(feesWei, { formula, commissionBps });
  return {
    jobs: before.jobs + 1,
    feesWei: before.feesWei + feesWei,
    byFormula: {
      'pools-share': credited('pools-share'),
      'whole-percent': credited('whole-percent'),
    },
    poolShareWei: before.poolShareWei + (feesWei * BigInt(commissionBps)) / 10_000n,
    netWei: before.netWei + splitFee(feesWei, rates.share).netWei,
  };
}
