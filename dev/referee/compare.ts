/**
 * Holds what the orchestrators say they emitted against the ledger, and the ledger against the chain.
 * It shares no code with what it checks: own SQL, own JSON-RPC, own arithmetic.
 */
import type { CommissionOf } from './commission-rules.js';
import { readChain } from './compare-chain.js';
import { type Expected, type JournalSource, readExpected } from './compare-journal.js';
import { type Ledger, type LedgerPayee, type Redirected, readLedger } from './compare-ledger.js';

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
  /** What the payee was paid, wherever it was sent. */
  readonly paidWei: bigint;
  readonly reservedWei: bigint;
  readonly pendingWei: bigint;
  /** What the chain has at the payee's own address. */
  readonly onChainWei: bigint;
  /** Sum of the absolute differences between journal, ledger and chain. */
  readonly driftWei: bigint;
}

/** An address that is no payee's, at which payees wished to be paid. */
export interface DestinationComparison {
  readonly destination: string;
  /** What the ledger says was sent there. */
  readonly sentWei: bigint;
  readonly onChainWei: bigint;
}

export interface Comparison {
  readonly payees: readonly PayeeComparison[];
  readonly destinations: readonly DestinationComparison[];
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
  const payeeAddresses = [...new Set([...expected.payees.keys(), ...ledger.payees.keys()])].sort();
  const elsewhere = [...new Set(ledger.redirected.map((row) => row.destination))]
    .filter((address) => !payeeAddresses.includes(address))
    .sort();
  const chain = await readChain(options.rpcUrl, options.wallet, [...payeeAddresses, ...elsewhere]);
  const findings: string[] = [];
  const payees = payeeAddresses.map((payee) =>
    comparePayee({
      payee,
      expected: expected.payees.get(payee),
      ledger: ledger.payees.get(payee),
      sentWei: (ledger.payees.get(payee)?.paidWei ?? 0n) + shifted(ledger.redirected, payee),
      onChainWei: chain.balances.get(payee) ?? 0n,
      findings,
    }),
  );
  const destinations = elsewhere.map((destination) => ({
    destination,
    sentWei: shifted(ledger.redirected, destination),
    onChainWei: chain.balances.get(destination) ?? 0n,
  }));
  const astray = compareDestinations(destinations, ledger.redirected, findings);
  compareCounts(expected, ledger, findings);
  if (chain.nonce !== ledger.usedNonces) {
    findings.push(
      `the wallet has sent ${chain.nonce} transactions, the ledger knows ${ledger.usedNonces}`,
    );
  }
  const poolWide = poolDifferences(expected, ledger, findings);
  return {
    payees,
    destinations,
    events: ledger.events,
    setAside: ledger.setAside,
    unattributedWei: ledger.unattributedWei,
    driftWei: payees.reduce((sum, row) => sum + row.driftWei, poolWide + astray),
    payouts: ledger.payouts,
    findings,
  };
}

interface Sides {
  readonly payee: string;
  readonly expected: { readonly netWei: bigint; readonly commissionWei: bigint } | undefined;
  readonly ledger: LedgerPayee | undefined;
  /** What the ledger says was sent to the payee's own address. */
  readonly sentWei: bigint;
  readonly onChainWei: bigint;
  readonly findings: string[];
}

function comparePayee({
  payee,
  expected,
  ledger,
  sentWei,
  onChainWei,
  findings,
}: Sides): PayeeComparison {
  const none = { netWei: 0n, commissionWei: 0n };
  const wanted = expected ?? none;
  const has = ledger ?? { ...none, bonusWei: 0n, pendingWei: 0n, reservedWei: 0n, paidWei: 0n };
  const kept = has.pendingWei + has.reservedWei + has.paidWei;
  const differences: readonly [string, bigint, bigint][] = [
    ['earned net, journal against ledger', wanted.netWei, has.netWei],
    ['commission, journal against ledger', wanted.commissionWei, has.commissionWei],
    ['earned net and bonus against pending + reserved + paid', has.netWei + has.bonusWei, kept],
    ['paid, ledger against chain', sentWei, onChainWei],
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

/** By how much more an address got than its payee was paid, because payees chose to be paid elsewhere. */
function shifted(redirected: readonly Redirected[], address: string): bigint {
  return redirected.reduce((sum, { payee, destination, paidWei }) => {
    const came = destination === address ? paidWei : 0n;
    const left = payee === address ? paidWei : 0n;
    return sum + came - left;
  }, 0n);
}

/** Compares what was sent to addresses of nobody with the chain, and asks whether each payee wished for it. */
function compareDestinations(
  destinations: readonly DestinationComparison[],
  redirected: readonly Redirected[],
  findings: string[],
): bigint {
  for (const { payee, destination, isWished } of redirected) {
    if (!isWished)
      findings.push(`${payee}: was paid at ${destination} without having signed for it`);
  }
  return destinations.reduce((sum, { destination, sentWei, onChainWei }) => {
    if (sentWei !== onChainWei) {
      findings.push(
        `${destination}: sent, ledger against chain: ${sentWei} wei, ${onChainWei} wei`,
      );
    }
    return sum + distance(sentWei, onChainWei);
  }, 0n);
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
