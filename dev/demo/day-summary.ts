import type { Comparison } from '../referee/compare.js';
import { total } from '../referee/compare-table.js';

/** The day in numbers, which `--json` prints. Amounts are decimal strings of wei. */
export interface DaySummary {
  readonly seed: number;
  readonly events: number;
  readonly setAside: number;
  readonly workers: number;
  readonly rounds: number;
  readonly workerRestarts: number;
  readonly grossWei: string;
  readonly commissionWei: string;
  readonly netWei: string;
  readonly paidWei: string;
  readonly pendingWei: string;
  readonly unattributedWei: string;
  readonly onChainWei: string;
  readonly driftWei: string;
  readonly payouts: { readonly paid: number; readonly refused: number; readonly open: number };
  readonly findings: readonly string[];
  readonly seconds: number;
}

export interface DayFacts {
  readonly seed: number;
  readonly rounds: number;
  readonly workerRestarts: number;
  readonly seconds: number;
}

export function summarize(comparison: Comparison, facts: DayFacts): DaySummary {
  const all = total(comparison.payees);
  const elsewhereWei = comparison.destinations.reduce(
    (sum, { onChainWei }) => sum + onChainWei,
    0n,
  );
  return {
    seed: facts.seed,
    events: comparison.events,
    setAside: comparison.setAside,
    workers: comparison.payees.length,
    rounds: facts.rounds,
    workerRestarts: facts.workerRestarts,
    grossWei: String(all.earnedWei + comparison.unattributedWei),
    commissionWei: String(all.commissionWei),
    netWei: String(all.earnedWei - all.commissionWei),
    paidWei: String(all.paidWei),
    pendingWei: String(all.pendingWei + all.reservedWei),
    unattributedWei: String(comparison.unattributedWei),
    onChainWei: String(all.onChainWei + elsewhereWei),
    driftWei: String(comparison.driftWei),
    payouts: comparison.payouts,
    findings: comparison.findings,
    seconds: facts.seconds,
  };
}
