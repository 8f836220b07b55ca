/** The statement of a payee: what was credited and paid in a period, with the balance after each line. */
import type { Address } from '../base/address.js';
import type { Database } from '../db/database.js';
import { type StatementLine, StatementLines } from './rules/statement-lines.js';
import {
  type PayeeBalances,
  type Period,
  readStatement,
  type StatementReading,
} from './store/statement-reads.js';

/** A statement comes in parts: its head, then its lines, then its end. */
export type StatementPart =
  | {
      readonly part: 'head';
      readonly opening: PayeeBalances;
      /** Whether the statement of this period is the same for ever. */
      readonly isFinal: boolean;
    }
  | { readonly part: 'lines'; readonly lines: readonly StatementLine[] }
  | { readonly part: 'end'; readonly closing: PayeeBalances };

/** What the pool owes, in wei: what waits for a payout, and what is under way. */
export const owedWei = ({ pendingWei, reservedWei }: Omit<PayeeBalances, 'paidWei'>): bigint =>
  pendingWei + reservedWei;

/**
 * Yields the statement of a period. Whatever comes later, whenever its jobs were done, is in a later period: the period is
 * one of booking. Throws when the lines do not lead from the balance before to the balance after.
 */
export function statementParts(
  db: Database,
  order: { readonly payee: Address; readonly period: Period },
): AsyncGenerator<StatementPart> {
  return readStatement(db, order, partsOf);
}

async function* partsOf({
  opening,
  closing,
  isFinal,
  rateReasons,
  entries,
}: StatementReading): AsyncGenerator<StatementPart> {
  yield { part: 'head', opening, isFinal };
  const open = new StatementLines(owedWei(opening), rateReasons);
  let balanceWei = owedWei(opening);
  const checked = (lines: readonly StatementLine[]): StatementPart => {
    balanceWei = lines.at(-1)?.balanceWei ?? balanceWei;
    return { part: 'lines', lines };
  };
  for await (const some of entries) {
    const lines = some.flatMap((entry) => open.add(entry));
    if (lines.length > 0) yield checked(lines);
  }
  yield checked(open.end());
  if (balanceWei !== owedWei(closing)) {
    throw new Error(`the lines come to ${balanceWei} wei, the balance is ${owedWei(closing)} wei`);
  }
  yield { part: 'end', closing };
}
