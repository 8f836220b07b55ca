/** Formats what commands print: plain tables for people, one JSON document for scripts. */
import { type Address, isHexAddress } from '../core/base/address.js';
import { visible, visibleJson } from '../core/base/foreign-text.js';
import { ethAndWei } from '../core/base/money.js';
import { toChecksum } from '../core/chain/checksums.js';

export type Cell = string | number | bigint | boolean | Date | null | undefined;
export type Fact = readonly [label: string, value: Cell];

/**
 * Formats a table with a line for each row. `columns` maps each header to a function that returns its cell. The last
 * column is not padded.
 */
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

/** Formats a line for each fact, with the values aligned. */
export function formatFacts(facts: readonly Fact[]): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, value]) => `${label.padEnd(width)}  ${formatCell(value)}`).join('\n');
}

/** Formats what a check found. `header` stands above the messages. */
export function formatFindings(
  findings: readonly { readonly code: string; readonly message: string }[],
  header: string,
): string {
  return formatTable(findings, {
    code: (one) => one.code,
    [header]: (one) => one.message,
  });
}

/** Says how many rows a table leaves out, and which command shows them; empty when it has all of them. */
export function restOf(total: number, shown: number, command?: string): string {
  if (total <= shown) return '';
  return `\nand ${total - shown} more${command === undefined ? '' : `: \`openpool ${command}\``}`;
}

/** Formats an amount as `0.005 ETH (5000000000000000 wei)`: ETH to read, wei to copy. */
export const formatAmount = ethAndWei;

export function formatAddress(address: Address | null | undefined): string {
  return address === null || address === undefined ? '-' : toChecksum(address);
}

function formatCell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  if (value instanceof Date) return value.toISOString();
  // Texts from sources and nodes may contain line ends, and control sequences that a terminal would obey.
  return visible(String(value).replace(/[\r\n\t]+/g, ' '));
}

/** Formats JSON, with amounts as decimal strings and addresses with their checksums. */
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
