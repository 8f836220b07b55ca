/** Writes tables as CSV that spreadsheets open without running anything: a text that looks like a formula gets a ' in front. */
import { stringify } from 'csv-stringify/sync';
import { visible } from '../../core/base/foreign-text.js';
import { formatEth } from '../../core/base/money.js';

export interface CsvColumn<Row> {
  readonly header: string;
  /** A bigint is an amount in wei. It is a number for whoever reads the table, so a minus sign of it is no formula. */
  readonly cell: (row: Row) => string | bigint | number | null;
  /** Shows the wei as ETH. */
  readonly isEth?: boolean;
}

/** Makes the functions that write a table: its first line, and lines for rows. */
export function csvTable<Row>(columns: readonly CsvColumn<Row>[]) {
  const write = (records: (string | bigint | number | null)[][]) =>
    stringify(records, {
      escape_formulas: true,
      cast: {
        // A terminal would obey control characters of a foreign text.
        string: (text) => visible(text),
        bigint: (wei, { index }) =>
          columns[index]?.isEth === true ? formatEth(wei) : wei.toString(),
      },
    });
  return {
    head: () => write([columns.map(({ header }) => header)]),
    lines: (rows: readonly Row[]) => write(rows.map((row) => columns.map(({ cell }) => cell(row)))),
  };
}
