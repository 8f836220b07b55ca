/** Writes a payee's statement as CSV and as JSON, piece by piece, in the same way for API and command line. */
import type { Address } from '../../core/base/address.js';
import { formatEth } from '../../core/base/money.js';
import { readDay } from '../../core/base/time.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { DAY_MS } from '../../core/payees/rules/earned-days.js';
import type { StatementLine } from '../../core/statements/rules/statement-lines.js';
import { owedWei, type StatementPart } from '../../core/statements/statement.js';
import type { PayeeBalances, Period } from '../../core/statements/store/statement-reads.js';
import { amount } from '../views.js';
import { type CsvColumn, csvTable } from './csv.js';

/** A period as people name it: its first and its last day, such as `2026-03-13`, in UTC. Undefined: open. */
export interface NamedPeriod {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface StatementOrder {
  readonly payee: Address;
  readonly named: NamedPeriod;
  /** When the statement is made. */
  readonly now: Date;
  /** Takes out of a line what its reader may not see. */
  readonly shown: (line: StatementLine) => StatementLine;
}

/** Returns the period from the beginning of the first day to the end of the last one. The days must be ones of the calendar. */
export function periodOf({ from, to }: NamedPeriod): Period {
  const [fromMs, toMs] = [from, to].map((day) => (day === undefined ? undefined : readDay(day)));
  return {
    from: fromMs === undefined ? null : new Date(fromMs),
    to: toMs === undefined ? null : new Date(toMs + DAY_MS),
  };
}

/** A row of the CSV file: a line of the statement, or its end. */
type Row =
  | StatementLine
  | { readonly type: 'balance'; readonly at: Date; readonly closing: PayeeBalances };

const ofLine =
  <T>(pick: (line: StatementLine) => T) =>
  (row: Row): T | null =>
    row.type === 'balance' ? null : pick(row);

function timeText(at: Date): string {
  const text = at.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}
const timeOrNull = (at: Date | null): string | null => (at === null ? null : timeText(at));

/** The first twelve are Koinly's universal format, in its order and under its names; docs/statements.md tells about all. */
export const STATEMENT_COLUMNS: readonly CsvColumn<Row>[] = [
  { header: 'Date', cell: (row) => timeText(row.type === 'balance' ? row.at : row.bookedAt) },
  {
    header: 'Sent Amount',
    cell: ofLine(({ changeWei }) => (changeWei < 0n ? -changeWei : null)),
    isEth: true,
  },
  { header: 'Sent Currency', cell: ofLine(({ changeWei }) => (changeWei < 0n ? 'ETH' : null)) },
  {
    header: 'Received Amount',
    cell: ofLine(({ changeWei }) => (changeWei > 0n ? changeWei : null)),
    isEth: true,
  },
  { header: 'Received Currency', cell: ofLine(({ changeWei }) => (changeWei > 0n ? 'ETH' : null)) },
  // What the chain takes for a payout is paid by the pool, and the commission is no part of what was received.
  { header: 'Fee Amount', cell: () => null },
  { header: 'Fee Currency', cell: () => null },
  { header: 'Net Worth Amount', cell: () => null },
  { header: 'Net Worth Currency', cell: () => null },
  { header: 'Label', cell: ofLine(({ type }) => (type === 'credit' ? 'reward' : null)) },
  { header: 'Description', cell: describe },
  { header: 'TxHash', cell: ofLine(({ txHash }) => txHash) },
  { header: 'Type', cell: ({ type }) => type },
  { header: 'Balance', cell: balanceOf, isEth: true },
  { header: 'Gross', cell: ofLine(grossOf), isEth: true },
  { header: 'Commission', cell: ofLine(({ commissionWei }) => commissionWei), isEth: true },
  { header: 'Terms', cell: ofLine(({ termsId }) => termsId) },
  { header: 'Rate', cell: ofLine(({ rateReason }) => rateReason) },
  { header: 'Jobs From', cell: ofLine(({ eventsFrom }) => timeOrNull(eventsFrom)) },
  { header: 'Jobs To', cell: ofLine(({ eventsTo }) => timeOrNull(eventsTo)) },
  { header: 'Node Type', cell: ofLine(({ nodeType }) => nodeType) },
  { header: 'Region', cell: ofLine(({ region }) => region) },
  { header: 'Payout', cell: ofLine(({ payoutId }) => payoutId) },
  { header: 'Posting', cell: ofLine(({ postingId }) => postingId) },
  { header: 'Change (wei)', cell: ofLine(({ changeWei }) => changeWei) },
  { header: 'Balance (wei)', cell: balanceOf },
  // The last column, so that those before it stay where they were.
  { header: 'Destination', cell: ofLine(({ destination }) => checksumOrNull(destination)) },
];

function checksumOrNull(address: Address | null): string | null {
  return address === null ? null : toChecksum(address);
}

function balanceOf(row: Row): bigint {
  return row.type === 'balance' ? owedWei(row.closing) : row.balanceWei;
}

function grossOf({ changeWei, commissionWei }: StatementLine): bigint | null {
  return commissionWei === null ? null : changeWei + commissionWei;
}

function describe(row: Row): string {
  if (row.type === 'balance') {
    const { pendingWei, reservedWei, paidWei } = row.closing;
    return `pending ${formatEth(pendingWei)}, reserved ${formatEth(reservedWei)}, paid so far ${formatEth(paidWei)}`;
  }
  const words = row.reason === null ? '' : `: ${row.reason}`;
  switch (row.type) {
    case 'credit':
      return `${row.nodeType} jobs, ${row.region}${words}`;
    case 'payout':
      return `payout ${row.payoutId}`;
    case 'payout-reversed':
      return `payout ${row.payoutId} was taken back by the chain, and is sent again`;
    case 'payment':
      return 'paid by a transaction outside of the payouts';
    case 'bonus':
      return `bonus${words}`;
    case 'revenue-share':
      return row.reason ?? 'share of what the pool redeemed';
    case 'adjustment':
      return `adjustment by the operator${words}`;
    case 'correction':
      return `correction${words}`;
    default:
      return `other${words}`;
  }
}

/** Yields the statement as CSV. Its last line is the balance at the end. */
export async function* statementCsv(
  parts: AsyncGenerator<StatementPart>,
  { named, now, shown }: StatementOrder,
): AsyncGenerator<string> {
  const table = csvTable(STATEMENT_COLUMNS);
  for await (const part of parts) {
    if (part.part === 'head') yield table.head();
    else if (part.part === 'lines') yield table.lines(part.lines.map(shown));
    else {
      const { to } = periodOf(named);
      const at = to === null || to > now ? now : new Date(to.getTime() - 1);
      yield table.lines([{ type: 'balance', at, closing: part.closing }]);
    }
  }
}

function viewBalances(balances: PayeeBalances) {
  const { pendingWei, reservedWei, paidWei } = balances;
  return {
    ...amount('balance', owedWei(balances)),
    ...amount('pending', pendingWei),
    ...amount('reserved', reservedWei),
    ...amount('paid', paidWei),
  };
}

function viewLine(line: StatementLine) {
  const { commissionWei } = line;
  const grossWei = grossOf(line);
  return {
    at: line.bookedAt,
    type: line.type,
    ...amount('change', line.changeWei),
    ...amount('balance', line.balanceWei),
    grossWei: grossWei === null ? null : grossWei.toString(),
    commissionWei: commissionWei === null ? null : commissionWei.toString(),
    termsId: line.termsId === null ? null : String(line.termsId),
    rateId: line.rateId === null ? null : String(line.rateId),
    rateReason: line.rateReason,
    jobsFrom: line.eventsFrom,
    jobsTo: line.eventsTo,
    nodeType: line.nodeType,
    region: line.region,
    payoutId: line.payoutId,
    txHash: line.txHash,
    destination: checksumOrNull(line.destination),
    reference: line.reference,
    reason: line.reason,
    postingId: line.postingId.toString(),
  };
}

/** Yields the statement as JSON: `payee`, `from`, `to`, `isFinal`, `opening`, `lines`, `closing`. */
export async function* statementJson(
  parts: AsyncGenerator<StatementPart>,
  { payee, named, shown }: StatementOrder,
): AsyncGenerator<string> {
  let isFirst = true;
  for await (const part of parts) {
    if (part.part === 'head') {
      const { from = null, to = null } = named;
      const { isFinal, opening } = part;
      const head = { payee: toChecksum(payee), from, to, isFinal, opening: viewBalances(opening) };
      yield `${JSON.stringify(head).slice(0, -1)},"lines":[`;
    } else if (part.part === 'lines') {
      const lines = part.lines.map((line) => JSON.stringify(viewLine(shown(line)))).join(',');
      if (lines !== '') yield isFirst ? lines : `,${lines}`;
      isFirst &&= lines === '';
    } else yield `],"closing":${JSON.stringify(viewBalances(part.closing))}}`;
  }
}
