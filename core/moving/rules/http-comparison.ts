/**
 * Compares what the first manager answers over HTTP with the ledger. Its answer does not say which events it has read, so it
 * is explained when it is what some prefix of the ledger's own events comes to, by the first manager's own formula.
 */
import { type Address, payableAddress } from '../../base/address.js';
import { listOf } from '../../base/lists.js';
import type { BookDifference } from './books.js';
import type { DifferenceName } from './differences.js';
import { CREDIT_FORMULAS, type CreditFormula, creditedByFirst, Replay } from './first-manager.js';

/** A job in wei as the first manager credits it, by each formula. */
interface Recent {
  readonly atMs: number;
  readonly feesWei: bigint;
}

interface Tally {
  /** What the first manager credits to this address for all of the ledger's events. */
  readonly replayedWei: Readonly<Record<CreditFormula, bigint>>;
  /** What it would credit for the jobs that the ledger credits to this address. */
  readonly ledgerWei: Readonly<Record<CreditFormula, bigint>>;
  readonly exactShareWei: bigint;
}

const NONE = { 'pools-share': 0n, 'whole-percent': 0n };
const NO_TALLY: Tally = { replayedWei: NONE, ledgerWei: NONE, exactShareWei: 0n };
/** At most so many of an address's newest jobs are tried as those that one of the two has not read yet. */
const MOST_TAILS = 1_000;

export interface TakenEvent {
  readonly type: string;
  readonly dt: Date;
  readonly payload: string;
  readonly grossWei: bigint | null;
  readonly payee: Address | null;
}

/** Takes the ledger's events one after the other, then explains the answers. */
export class LedgerReplay {
  private readonly replay = new Replay();
  private readonly tallies = new Map<string, Tally>();
  private readonly recent = new Map<string, Recent[]>();

  constructor(
    private readonly commissionBps: number,
    /** Jobs since this time may not have been read by the first manager yet. */
    private readonly recentSinceMs: number,
  ) {}

  take({ type, dt, payload, grossWei, payee }: TakenEvent): void {
    const job = this.replay.take({ type, data: payload });
    if (job !== undefined && job !== null) {
      const { address, feesWei } = job;
      this.add(address, { replayed: feesWei });
      const atMs = dt.getTime();
      if (atMs >= this.recentSinceMs) listOf(this.recent, address).push({ atMs, feesWei });
    }
    if (grossWei !== null && payee !== null) this.add(payee, { ledger: grossWei });
  }

  /** Explains every payee, by the formula that explains the most of them. */
  explain(given: Given): readonly HttpDifference[] {
    const [first = [], second = []] = CREDIT_FORMULAS.map((formula) =>
      this.explainBy(formula, given),
    );
    const unexplained = (books: readonly HttpDifference[]) =>
      books.filter(({ unexplainedWei }) => unexplainedWei !== 0n).length;
    return unexplained(second) < unexplained(first) ? second : first;
  }

  private explainBy(formula: CreditFormula, given: Given): readonly HttpDifference[] {
    const addresses = new Set([
      ...given.stated.keys(),
      ...given.credited.keys(),
      ...this.tallies.keys(),
    ]);
    return [...addresses]
      .sort()
      .flatMap((address) => payableAddress(address) ?? [])
      .map((payee) => this.explainOne(payee, formula, given));
  }

  private explainOne(payee: Address, formula: CreditFormula, given: Given): HttpDifference {
    const tally = this.tallies.get(payee) ?? NO_TALLY;
    const statedWei = given.stated.get(payee) ?? 0n;
    const creditedWei = given.credited.get(payee) ?? 0n;
    const allWei = tally.replayedWei[formula];
    const known = given.offsets.get(payee) ?? (given.isWhole ? [0n] : null);
    // Each tail that it may not have read yet leaves one amount that must be from before the ledger's first event.
    const possible = this.tails(payee, formula).map((tailWei) => {
      return { tailWei, offsetWei: statedWei - (allWei - tailWei) };
    });
    const fitting = possible.filter(({ offsetWei }) => known?.includes(offsetWei) ?? true);
    const [found] = fitting;
    const { tailWei, offsetWei } = found ?? { tailWei: 0n, offsetWei: known?.[0] ?? 0n };
    const ledgerWei = tally.ledgerWei[formula];
    const named: readonly (readonly [DifferenceName, bigint])[] = [
      ...(formula === 'pools-share'
        ? ([
            ['pools-share', creditedWei - tally.exactShareWei],
            ['floats', tally.exactShareWei - ledgerWei],
          ] as const)
        : ([['rounding', creditedWei - ledgerWei]] as const)),
      ['credited-to-nobody', ledgerWei - allWei],
      ['not-read-yet', tailWei],
      ['before-shadow', -offsetWei],
    ];
    return {
      payee,
      statedWei,
      creditedWei,
      causes: new Map(named.filter(([, wei]) => wei !== 0n)),
      unexplainedWei: found === undefined ? allWei + offsetWei - statedWei : 0n,
      offsets:
        found === undefined ? (known ?? []) : [...new Set(fitting.map((one) => one.offsetWei))],
    };
  }

  /** What its newest jobs come to: none of them, the newest one, the two newest, and so on. */
  private tails(payee: Address, formula: CreditFormula): readonly bigint[] {
    const newestFirst = (this.recent.get(payee) ?? []).toSorted((a, b) => b.atMs - a.atMs);
    const tails = [0n];
    let sum = 0n;
    for (const { feesWei } of newestFirst.slice(0, MOST_TAILS)) {
      sum += creditedByFirst(feesWei, { formula, commissionBps: this.commissionBps });
      tails.push(sum);
    }
    return tails;
  }

  private add(
    address: string,
    more: { readonly replayed?: bigint; readonly ledger?: bigint },
  ): void {
    const { replayed = 0n, ledger = 0n } = more;
    const { commissionBps } = this;
    const before = this.tallies.get(address) ?? NO_TALLY;
    const plus = (sums: Tally['replayedWei'], feesWei: bigint) => ({
      'pools-share':
        sums['pools-share'] + creditedByFirst(feesWei, { formula: 'pools-share', commissionBps }),
      'whole-percent':
        sums['whole-percent'] +
        creditedByFirst(feesWei, { formula: 'whole-percent', commissionBps }),
    });
    this.tallies.set(address, {
      replayedWei: plus(before.replayedWei, replayed),
      ledgerWei: plus(before.ledgerWei, ledger),
      exactShareWei: before.exactShareWei + (ledger * BigInt(commissionBps)) / 10_000n,
    });
  }
}

export interface Given {
  /** Pending and paid together, by address in lower case, as the first manager answers. */
  readonly stated: ReadonlyMap<string, bigint>;
  readonly credited: ReadonlyMap<Address, bigint>;
  /** What may be from before the ledger's first event, from the comparison before; absent for an address that is new. */
  readonly offsets: ReadonlyMap<string, readonly bigint[]>;
  /** True when the ledger has read its sources from their beginning: then nothing is from before. */
  readonly isWhole: boolean;
}

export interface HttpDifference extends BookDifference {
  readonly offsets: readonly bigint[];
}
