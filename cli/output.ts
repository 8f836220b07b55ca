/** Formats what commands print: plain tables for people, one JSON document for scripts. */
import { type Address, isHexAddress } from '../core/base/address.js';
import { visible, visibleJson } from '../core/base/foreign-text.js';
import { ethAndWei } from '../core/base/money.js';
import { toChecksum } from '../core/chain/checksums.js';

export type Cell = string | number | bigint | boolean | Date | null | undefined;
export type Fact = readonly [label: string, value: Cell];

/** A line for each row; `columns` has the headers, each with its cell of a row. The last column is not padded. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => Cell>>,
): string {
  if (rows.length === 0) return 'none';
  const lines = [
    Object.keys(columns).map((header) => header.toUpperCase()),
    ...rows.map((row) => Object.values(columns).map((cell) => formatCell(cell(row)))),
  ];
  const widths = Object.keys(columns).map((_, i) =>
    Math.max(...lines.map((line) => line[i]?.length ?? 0)),
  );
  const pad = (line: readonly string[]) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0));
  return lines.map((line) => pad(line).join('  ').trimEnd()).join('\n');
}

/** A line for each fact, with the values below each other. */
export function formatFacts(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, value]) => `${label.padEnd(width)}  ${formatCell(value)}`).join('\n');
}

/** `0.005 ETH (5000000000000000 wei)`: ETH to read, wei to copy. */
export function formatAmount(amountWei: bigint): string {
  return ethAndWei(amountWei);
}

export function formatAddress(address: Address | null | undefined): string {
  return address === null || address === undefined ? '-' : toChecksum(address);
}

function formatCell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  if (value instanceof Date) return value.toISOString();
  // Texts of sources and nodes may hold line ends and control sequences for terminals.
  return visible(String(value).replace(/[\r\n\t]+/g, ' '));
}

/** Amounts as decimal strings, addresses with their checksums. */
export function formatJson(value: unknown): string {
  const json = JSON.stringify(
    value,
    (_key, part: unknown) => {
      if (typeof part === 'bigint') return part.toString();
      const isAddress = typeof part === 'string' && isHexAddress(part);
      return isAddress ? toChecksum(part.toLowerCase() as Address) : part;
    },
    2,
  );
  return visibleJson(json);
}
