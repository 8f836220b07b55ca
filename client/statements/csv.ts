/** Writes tables as CSV that spreadsheets open without running anything: a text that looks like a formula gets a ' in front. */
import { stringify } from 'csv-stringify/sync';
import { LRUCache } from 'lru-cache';
import { visible } from '../../core/base/foreign-text.js';
import { formatEth } from '../../core/base/money.js';

export interface CsvColumn<Row> {
  readonly header: string;
  /** A bigint is an amount in wei. It is a number for whoever reads the table, so a minus sign of it is no formula. */
  readonly cell: (row: Row) => Cell;
  /** Shows the wei as ETH. */
  readonly isEth?: boolean;
}

type Cell = string | bigint | number | null;

/** Texts that stand in a table as they are, whatever reads it: most cells, for which the library would take ten times as long. */
const PLAIN = /^[a-z0-9][a-z0-9 :._-]*$/i;
/** How many other texts are remembered as they are written: few regions come in most lines. */
const MOST_KNOWN = 5_000;

/** Writes one cell of text, with quotes where they are needed. A terminal would obey control characters of a foreign text. */
const writeText = (text: string): string =>
  stringify([[visible(text)]], { escape_formulas: true, eof: false });

/** Makes the functions that write a table: its first line, and lines for rows. */
export function csvTable<Row>(columns: readonly CsvColumn<Row>[]) {
  const known = new LRUCache<string, string>({ max: MOST_KNOWN, memoMethod: writeText });
  const textOf = (cell: Cell, isEth: boolean | undefined): string => {
    if (cell === null || cell === '') return '';
    if (typeof cell === 'bigint') return isEth === true ? formatEth(cell) : cell.toString();
    if (typeof cell === 'number') return String(cell);
    return PLAIN.test(cell) ? cell : known.memo(cell);
  };
  // `join` copies the cells, which are garbage at once; a text that is added up holds all of its pieces.
  const lineOf = (row: Row): string =>
    `${columns.map(({ cell, isEth }) => textOf(cell(row), isEth)).join(',')}\n`;
  return {
    head: () => `${columns.map(({ header }) => textOf(header, false)).join(',')}\n`,
    lines: (rows: readonly Row[]) => rows.map(lineOf).join(''),
  };
}
