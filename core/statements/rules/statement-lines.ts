/**
 * Makes the lines of a statement from the postings of a payee, which come in the order of their days and numbers. Credits of
 * jobs are put together: of a day, remote worker, terms and rate they are one line, up to the next line of another kind. Old
 * postings are compacted within the same bounds, so the lines stay what they were.
 */
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';

/** What one posting changed for one remote worker of the payee. */
export interface StatementEntry {
  readonly postingId: bigint;
  readonly kind: string;
  /** When the posting was written: this decides about the period, not when the jobs were done. */
  readonly bookedAt: Date;
  readonly remoteWorkerId: number;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly termsId: number | null;
  /** The rate that the jobs were credited with; null when the terms held alone. */
  readonly rateId: number | null;
  /** By how much the pool owes the payee more, in wei: pending and reserved together. */
  readonly changeWei: bigint;
  /** The commission of the jobs, in wei; null where nothing was split. */
  readonly commissionWei: bigint | null;
  readonly eventsFrom: Date | null;
  readonly eventsTo: Date | null;
  readonly payoutId: string | null;
  readonly txHash: string | null;
  /** Where a payout or a payment went: the payee's own address, or the one that it chose. Null for everything else. */
  readonly destination: Address | null;
  readonly reference: string | null;
  readonly reason: string | null;
}

/**
 * - `credit`: jobs, with those that a person assigned.
 * - `payout`: the chain has confirmed it. `payout-reversed`: the chain has taken its block back, and it is sent again.
 * - `payment`: a transaction of the pool's wallet that no payout made.
 * - `bonus`: out of the pool's commission. `revenue-share`: of what the pool redeemed. `adjustment`: a person's. `correction`: a rebuild's. `other`: what this version does not know.
 */
export type LineType =
  | 'credit'
  | 'payout'
  | 'payout-reversed'
  | 'payment'
  | 'bonus'
  | 'revenue-share'
  | 'adjustment'
  | 'correction'
  | 'other';

export interface StatementLine extends Omit<StatementEntry, 'kind' | 'nodeType' | 'region'> {
  readonly type: LineType;
  /** Null for a line about several remote workers. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** Why the jobs have this rate, as its policy said it; null when the terms held alone. */
  readonly rateReason: string | null;
  /** What the pool owes after this line, in wei. */
  readonly balanceWei: bigint;
}

const TYPES: Readonly<Record<string, LineType>> = {
  jobs: 'credit',
  'late-jobs': 'credit',
  assign: 'credit',
  settle: 'payout',
  reopen: 'payout-reversed',
  adopt: 'payment',
  bonus: 'bonus',
  'revenue-share': 'revenue-share',
  adjust: 'adjustment',
  correct: 'correction',
};
/** The kinds of postings that come with each batch of events, and are therefore put together. */
const OF_BATCHES: ReadonlySet<string> = new Set(['jobs', 'late-jobs']);
/** The kinds that are about the payee as a whole: one line, whichever of its remote workers are in them. */
const OF_PAYEE: ReadonlySet<string> = new Set(['settle', 'reopen', 'adopt']);

type Unbalanced = Omit<StatementLine, 'balanceWei' | 'rateReason'>;

/** Takes the entries one after the other, and returns the lines that are complete. */
export class StatementLines {
  private day = '';
  private readonly credits = new Map<string, Unbalanced>();
  private whole: Unbalanced | undefined;

  /**
   * @param balanceWei what the pool owes before the first entry
   * @param rateReasons of the payee's rates, by their ids
   */
  constructor(
    private balanceWei: bigint,
    private readonly rateReasons: ReadonlyMap<number, string>,
  ) {}

  add(entry: StatementEntry): readonly StatementLine[] {
    const day = entry.bookedAt.toISOString().slice(0, 10);
    const lines: StatementLine[] = [];
    const continues =
      this.whole?.postingId === entry.postingId && day === this.day && OF_PAYEE.has(entry.kind);
    if (this.whole !== undefined && continues) {
      this.whole = together(this.whole, { ...this.whole, changeWei: entry.changeWei });
      return lines;
    }
    const isOfBatch = OF_BATCHES.has(entry.kind);
    if (day !== this.day || !isOfBatch || this.whole !== undefined) lines.push(...this.end());
    this.day = day;
    if (isOfBatch) {
      const key = `${entry.remoteWorkerId}/${entry.termsId}/${entry.rateId}`;
      const known = this.credits.get(key);
      const line = lineOf(entry);
      this.credits.set(key, known === undefined ? line : together(known, line));
    } else if (OF_PAYEE.has(entry.kind)) {
      this.whole = { ...lineOf(entry), nodeType: null, region: null };
    } else lines.push(this.balanced(lineOf(entry)));
    return lines;
  }

  /** Returns the lines that were still open. */
  end(): readonly StatementLine[] {
    // By worker, terms and rate, because the order of batches is lost when postings are compacted.
    const open = [...this.credits.values()].sort(
      (a, b) =>
        a.remoteWorkerId - b.remoteWorkerId ||
        (a.termsId ?? 0) - (b.termsId ?? 0) ||
        (a.rateId ?? 0) - (b.rateId ?? 0),
    );
    if (this.whole !== undefined) open.push(this.whole);
    this.credits.clear();
    this.whole = undefined;
    return open.map((line) => this.balanced(line));
  }

  private balanced(line: Unbalanced): StatementLine {
    this.balanceWei += line.changeWei;
    const rateReason = line.rateId === null ? null : (this.rateReasons.get(line.rateId) ?? null);
    return { ...line, rateReason, balanceWei: this.balanceWei };
  }
}

function lineOf({ kind, ...entry }: StatementEntry): Unbalanced {
  return { ...entry, type: TYPES[kind] ?? 'other' };
}

function together(a: Unbalanced, b: Unbalanced): Unbalanced {
  const { postingId } = a.postingId < b.postingId ? b : a;
  return {
    ...a,
    postingId,
    bookedAt: new Date(Math.max(a.bookedAt.getTime(), b.bookedAt.getTime())),
    changeWei: a.changeWei + b.changeWei,
    commissionWei:
      a.commissionWei === null || b.commissionWei === null
        ? null
        : a.commissionWei + b.commissionWei,
    eventsFrom: chosen(Math.min, a.eventsFrom, b.eventsFrom),
    eventsTo: chosen(Math.max, a.eventsTo, b.eventsTo),
  };
}

/** Null when one of the times is not known, so that putting together in another order comes to the same. */
function chosen(choose: typeof Math.min, a: Date | null, b: Date | null): Date | null {
  return a === null || b === null ? null : new Date(choose(a.getTime(), b.getTime()));
}
