import { withChecksums } from '../../core/chain/checksums.js';
import type { Comparison, DestinationComparison, PayeeComparison } from './compare.js';

const WEI_DIGITS = 18;
const SHOWN_DIGITS = 6;

/** Shows the comparison as a table with a row for each payee. Amounts are in ETH, and the drift in wei. */
export function comparisonTable(
  comparison: Comparison,
  notes: ReadonlyMap<string, string>,
): string {
  const header = [
    'payee (amounts in ETH)',
    'earned',
    'commission',
    'paid',
    'pending',
    'on chain',
    'drift (wei)',
    '',
  ];
  const rows = comparison.payees.map((row) => [...cells(row), notes.get(row.payee) ?? '']);
  const elsewhere = comparison.destinations.map((row) => [...cells(elsewhereRow(row)), 'chosen']);
  const totals = [...cells(totalOf(comparison)), ''];
  const lines = [header, ...rows, ...elsewhere, totals];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const text = lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 || column === line.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const rule = '─'.repeat(Math.max(...text.map((line) => line.length)));
  text.splice(text.length - 1, 0, rule);
  text.splice(1, 0, rule);
  return withChecksums(text.join('\n'));
}

/** The row of an address that payees chose to be paid at: what they were paid stands in their own rows. */
function elsewhereRow({ destination, onChainWei }: DestinationComparison): PayeeComparison {
  return { ...total([]), payee: destination, onChainWei };
}

function totalOf({ payees, destinations }: Comparison): PayeeComparison {
  const all = total(payees);
  const elsewhereWei = destinations.reduce((sum, row) => sum + row.onChainWei, 0n);
  return { ...all, onChainWei: all.onChainWei + elsewhereWei };
}

/** Adds up the columns. */
export function total(payees: readonly PayeeComparison[]): PayeeComparison {
  const sum = (of: (row: PayeeComparison) => bigint) =>
    payees.reduce((all, row) => all + of(row), 0n);
  return {
    payee: `${payees.length} payees`,
    earnedWei: sum((row) => row.earnedWei),
    commissionWei: sum((row) => row.commissionWei),
    paidWei: sum((row) => row.paidWei),
    reservedWei: sum((row) => row.reservedWei),
    pendingWei: sum((row) => row.pendingWei),
    onChainWei: sum((row) => row.onChainWei),
    driftWei: sum((row) => row.driftWei),
  };
}

function cells(row: PayeeComparison): string[] {
  return [
    row.payee,
    eth(row.earnedWei),
    eth(row.commissionWei),
    eth(row.paidWei),
    eth(row.pendingWei + row.reservedWei),
    eth(row.onChainWei),
    String(row.driftWei),
  ];
}

/** Shows wei as ETH with six digits, cut and not rounded. */
export function eth(wei: bigint): string {
  const digits = String(wei < 0n ? -wei : wei).padStart(WEI_DIGITS + 1, '0');
  const whole = digits.slice(0, -WEI_DIGITS);
  return `${wei < 0n ? '-' : ''}${whole}.${digits.slice(-WEI_DIGITS, SHOWN_DIGITS - WEI_DIGITS)}`;
}
