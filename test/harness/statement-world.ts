/** What the tests of statements share: payouts of a world of events, and CSV that is read again. */

import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Address } from '../../core/base/address.js';
import type { Database } from '../../core/db/database.js';
import { adjustPending } from '../../core/decisions/store/adjustments.js';
import { movePayouts } from '../../core/payouts/store/payout-moves.js';
import { reserveManual } from '../../core/payouts/store/reservations.js';
import { forgePayouts } from './database.js';
import { TEST_ROUND } from './money.js';

const decision = { actor: 'test', reason: 'test' };

/** Reserves all that is pending for the payee; undefined when nothing is. */
export async function reserveAll(db: Database, payee: Address): Promise<string | undefined> {
  const asked = { payee, belowThreshold: true, requestId: randomUUID(), ...decision };
  return (await reserveManual(db, asked, TEST_ROUND).catch(() => undefined))?.payoutId;
}

/** Moves a payout on, as if it had been signed and the chain had decided. Throws when there is no such move from its state. */
export async function endPayout(
  db: Database,
  payoutId: string,
  move: 'settle' | 'refuse' | 'reopen',
): Promise<void> {
  await forgePayouts(db, async (tx) => {
    if (move !== 'reopen') {
      await tx.execute(
        sql`UPDATE payout SET state = 'signed' WHERE id = ${payoutId} AND state = 'reserved'`,
      );
    }
    await movePayouts(tx, move, [payoutId]);
  });
}

export const adjust = (
  db: Database,
  payee: Address,
  {
    amountWei,
    region = 'eu',
    reason = 'test',
  }: { readonly amountWei: bigint; readonly region?: string; readonly reason?: string },
) =>
  adjustPending(db, {
    actor: 'test',
    reason,
    payee,
    amountWei,
    region,
    nodeType: 'ai',
    reference: randomUUID(),
    isNewPayee: true,
    allowDebt: true,
    dryRun: false,
    maxPerDayWei: 10n ** 30n,
  });

/** Reads CSV as RFC 4180 has it; each line as an object by the header. */
export function readCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)];
  const lines: string[][] = [[]];
  for (const [, quoted, plain = '', end] of cells) {
    lines.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\n') lines.push([]);
  }
  const [header = [], ...rows] = lines.filter((line) => line.length > 1 || line[0] !== '');
  return rows
    .filter((line) => line.length >= header.length)
    .map((line) => Object.fromEntries(header.map((name, i) => [name, line[i] ?? ''])));
}
