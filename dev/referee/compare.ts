/**
 * Holds what the orchestrators say they emitted against the ledger, and the ledger against the chain.
 * It shares no code with what it checks: own SQL, own JSON-RPC, own arithmetic.
 */
import type { CommissionOf } from './commission-rules.js';
import { readChain } from './compare-chain.js';
import { type Expected, type JournalSource, readExpected } from './compare-journal.js';
import { type Ledger, type LedgerPayee, readLedger } from './compare-ledger.js';

export interface CompareOptions {
  readonly journals: readonly JournalSource[];
  readonly databaseUrl: string;
  readonly rpcUrl: string;
  /** The hot wallet that pays. */
  readonly wallet: string;
  readonly commissionOf: CommissionOf;
}

export interface PayeeComparison {
  readonly payee: string;
  /** Gross, as the ledger has it. */
  readonly earnedWei: bigint;
  readonly commissionWei: bigint;
  readonly paidWei: bigint;
  readonly reservedWei: bigint;
  readonly pendingWei: bigint;
  readonly onChainWei: bigint;
  /** Sum of the absolute differences between journal, ledger and chain. */
  readonly driftWei: bigint;
}

export interface Comparison {
  readonly payees: readonly PayeeComparison[];
  readonly events: number;
  readonly setAside: number;
  readonly unattributedWei: bigint;
  readonly driftWei: bigint;
  readonly payouts: { readonly paid: number; readonly refused: number; readonly open: number };
  /** Everything that does not fit, in words; empty when all is well. */
  readonly findings: readonly string[];
}

/** Reads all three sides and compares them; changes nothing. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const expected = readExpected(options.journals, options.commissionOf);
  const ledger = await readLedger(options.databaseUrl);
  const addresses = [...new Set([...expected.payees.keys(), ...ledger.payees.keys()])].sort();
  const chain = await readChain(options.rpcUrl, options.wallet, addresses);
  const findings: string[] = [];
  const payees = addresses.map((payee) =>
    comparePayee({
      payee,
      expected: expected.payees.get(payee),
      ledger: ledger.payees.get(payee),
      onChainWei: chain.balances.get(payee) ?? 0n,
      findings,
    }),
  );
  compareCounts(expected, ledger, findings);
  if (chain.nonce !== ledger.usedNonces) {
    findings.push(
      `the wallet has sent ${chain.nonce} transactions, the ledger knows ${ledger.usedNonces}`,
    );
  }
  const poolWide = poolDifferences(expected, ledger, findings);
  return {
    payees,
    events: ledger.events,
    setAside: ledger.setAside,
    unattributedWei: ledger.unattributedWei,
    driftWei: payees.reduce((sum, row) => sum + row.driftWei, poolWide),
    payouts: ledger.payouts,
    findings,
  };
}

interface Sides {
  readonly payee: string;
  readonly expected: { readonly netWei: bigint; readonly commissionWei: bigint } | undefined;
  readonly ledger: LedgerPayee | undefined;
  readonly onChainWei: bigint;
  readonly findings: string[];
}

function comparePayee({ payee, expected, ledger, onChainWei, findings }: Sides): PayeeComparison {
  const none = { netWei: 0n, commissionWei: 0n };
  const wanted = expected ?? none;
  const has = ledger ?? { ...none, bonusWei: 0n, pendingWei: 0n, reservedWei: 0n, paidWei: 0n };
  const kept = has.pendingWei + has.reservedWei + has.paidWei;
  const differences: readonly [string, bigint, bigint][] = [
    ['earned net, journal against ledger', wanted.netWei, has.netWei],
    ['commission, journal against ledger', wanted.commissionWei, has.commissionWei],
    ['earned net and bonus against pending + reserved + paid', has.netWei + has.bonusWei, kept],
    ['paid, ledger against chain', has.paidWei, onChainWei],
  ];
  for (const [what, left, right] of differences) {
    if (left !== right) findings.push(`${payee}: ${what}: ${left} wei, ${right} wei`);
  }
  return {
    payee,
    earnedWei: has.netWei + has.commissionWei,
    commissionWei: has.commissionWei,
    paidWei: has.paidWei,
    reservedWei: has.reservedWei,
    pendingWei: has.pendingWei,
    onChainWei,
    driftWei: differences.reduce((sum, [, left, right]) => sum + distance(left, right), 0n),
  };
}

function poolDifferences(expected: Expected, ledger: Ledger, findings: string[]): bigint {
  const ofPayees = [...ledger.payees.values()].reduce(
    (sum, row) => sum + row.commissionWei - row.bonusWei,
    0n,
  );
  const differences: readonly [string, bigint, bigint][] = [
    ['unattributed, journal against ledger', expected.unattributedWei, ledger.unattributedWei],
    [
      'commission less bonuses, sum over payees against the account',
      ofPayees,
      ledger.commissionWei,
    ],
  ];
  for (const [what, left, right] of differences) {
    if (left !== right) findings.push(`pool: ${what}: ${left} wei, ${right} wei`);
  }
  return differences.reduce((sum, [, left, right]) => sum + distance(left, right), 0n);
}

/** Compares the counts of events, because a lost event without money changes no balance. */
function compareCounts(expected: Expected, ledger: Ledger, findings: string[]): void {
  for (const [sourceId, wanted] of expected.sources) {
    const has = ledger.sources.get(sourceId) ?? { events: 0, setAside: 0 };
    if (wanted.events !== has.events) {
      findings.push(`${sourceId}: emitted ${wanted.events} events, stored ${has.events}`);
    }
    if (wanted.malformed !== has.setAside) {
      findings.push(`${sourceId}: emitted ${wanted.malformed} broken, set aside ${has.setAside}`);
    }
  }
}

function distance(left: bigint, right: bigint): bigint {
  return left > right ? left - right : right - left;
}
