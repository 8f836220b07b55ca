/** What commands print: plain tables for people, one JSON document for scripts. */

import { type Address, isHexAddress } from '../core/base/address.js';
import { visible, visibleJson } from '../core/base/foreign-text.js';
import { ethAndWei } from '../core/base/money.js';
import { toChecksum } from '../core/chain/checksums.js';

/** One line of a command's answer: label and value, in the order to be shown. */
export type Facts = readonly (readonly [label: string, value: Cell])[];
export type Cell = string | number | bigint | boolean | Date | null | undefined;

/** Columns are as wide as their widest cell; the last one runs on. */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  if (rows.length === 0) return 'none';
  const cells = rows.map((row) => row.map(formatCell));
  const widths = headers.map((header, i) =>
    Math.max(header.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headers.map((header) => header.toUpperCase())), ...cells.map(line)].join('\n');
}

export function formatFacts(facts: Facts): string {
  const width = Math.max(...facts.map(([label]) => label.length));
  return facts.map(([label, value]) => `${label.padEnd(width)}  ${formatCell(value)}`).join('\n');
}

/** `0.005 ETH (5000000000000000 wei)`: the one to read, the other to copy. */
export function formatAmount(amountWei: bigint): string {
  return ethAndWei(amountWei);
}

export function formatAddress(address: Address | null | undefined): string {
  return address === null || address === undefined ? '-' : toChecksum(address);
}

function formatCell(value: Cell): string {
  if (value === null || value === undefined || value === '') return '-';
  if (value instanceof Date) return value.toISOString();
  // What sources and nodes said may hold line ends and control sequences for terminals.
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
