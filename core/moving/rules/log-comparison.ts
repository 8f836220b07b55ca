/** Compares the jobs of the first manager's log with those of the ledger, job by job, and says for each payee what differs. */
import type { Address } from '../../base/address.js';
import {
  asObject,
  field,
  type LosslessJson,
  parseLossless,
} from '../../events/rules/reading/lossless-json.js';
import { type CreditFormula, creditedByFirst, type LoggedEvent, Replay } from './first-manager.js';

/** What the causes come to for one address, in wei as the first manager would credit them. */
export interface Causes {
  /** The orchestrator has these jobs, and the first manager's log does not. */
  readonly lostWei: bigint;
  /** Jobs that are newer than the last event of the log. */
  readonly notReadYetWei: bigint;
  /** Both have the job, and the first manager credited nobody, or somebody else. */
  readonly elsewhereWei: bigint;
  /** The log has these jobs, and the ledger does not. */
  readonly missingWei: bigint;
  /** All jobs that the ledger credits to the address. */
  readonly ledgerWei: bigint;
  /** The same without floating point: the pool's share of each job, rounded down. */
  readonly exactShareWei: bigint;
}

export const NO_CAUSES: Causes = {
  lostWei: 0n,
  notReadYetWei: 0n,
  elsewhereWei: 0n,
  missingWei: 0n,
  ledgerWei: 0n,
  exactShareWei: 0n,
};

export interface LedgerJob {
  readonly dt: Date;
  readonly payload: string;
  /** Null for the other half of an AI job, which is no job of its own. */
  readonly grossWei: bigint | null;
  readonly payee: Address | null;
}

interface Logged {
  readonly address: string;
  readonly feesWei: bigint;
}

export interface FirstRates {
  readonly formula: CreditFormula;
  readonly commissionBps: number;
}

/** Reads the log first, then takes the ledger's jobs one after the other; `end` tells what is left over. */
export class LogComparison {
  private readonly logged = new Map<string, Logged[]>();
  private readonly causes = new Map<string, Causes>();
  private lastMs = 0;

  constructor(
    log: Iterable<LoggedEvent>,
    private readonly rates: FirstRates,
  ) {
    const replay = new Replay();
    for (const event of log) {
      this.lastMs = Math.max(this.lastMs, event.atMs);
      const job = replay.take(event);
      if (job === undefined || job === null) continue;
      const key = jobKey(event.atMs, event.data);
      const known = this.logged.get(key);
      if (known === undefined) this.logged.set(key, [job]);
      else known.push(job);
    }
  }

  take({ dt, payload, grossWei, payee }: LedgerJob): void {
    if (grossWei === null) return;
    const address = payee ?? '';
    const wei = creditedByFirst(grossWei, this.rates);
    const exactShareWei = (grossWei * BigInt(this.rates.commissionBps)) / 10_000n;
    this.add(address, { ledgerWei: wei, exactShareWei });
    const logged = this.logged.get(jobKey(dt.getTime(), payload));
    // Of equal jobs of one second, take one that was credited to the same address first.
    const own = logged?.findIndex((one) => one.address === address) ?? -1;
    const job = own === -1 ? logged?.pop() : logged?.splice(own, 1)[0];
    if (job === undefined) {
      const isNewer = dt.getTime() > this.lastMs;
      this.add(address, isNewer ? { notReadYetWei: wei } : { lostWei: wei });
    } else if (job.address !== address) {
      this.add(address, { elsewhereWei: wei });
      this.add(job.address, { elsewhereWei: -wei });
    }
  }

  /** Returns the causes by address in lower case. */
  end(): ReadonlyMap<string, Causes> {
    for (const { address, feesWei } of [...this.logged.values()].flat()) {
      this.add(address, { missingWei: creditedByFirst(feesWei, this.rates) });
    }
    this.logged.clear();
    return this.causes;
  }

  private add(address: string, more: Partial<Causes>): void {
    const before = this.causes.get(address) ?? NO_CAUSES;
    const plus = (key: keyof Causes) => before[key] + (more[key] ?? 0n);
    this.causes.set(address, {
      lostWei: plus('lostWei'),
      notReadYetWei: plus('notReadYetWei'),
      elsewhereWei: plus('elsewhereWei'),
      missingWei: plus('missingWei'),
      ledgerWei: plus('ledgerWei'),
      exactShareWei: plus('exactShareWei'),
    });
  }
}

/** What identifies a job in both books: its second and its payload, whichever way the payload is indented. */
export function jobKey(atMs: number, payload: string): string {
  return `${Math.floor(atMs / 1_000)} ${canonical(payload)}`;
}

function canonical(payload: string): string {
  try {
    const body = asObject(parseLossless(payload)) ?? {};
    return sorted(field(body, 'payload') ?? body);
  } catch {
    return payload;
  }
}

function sorted(value: LosslessJson): string {
  const object = asObject(value);
  if (object === undefined) return JSON.stringify(value);
  const fields = Object.keys(object).sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${sorted(object[key] ?? null)}`).join(',')}}`;
}
