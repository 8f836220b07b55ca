/** Previews a payout round: it reads what a round would do, and reserves nothing. */
import { createHash } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import {
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../../db/paging.js';
import { orNull, rows } from '../../../db/query.js';
import { termsOfPayee } from '../../rules/payee-rule.js';
import type { PayeeStanding } from '../../rules/payout.js';
import type { DueRules } from '../../rules/payout-due.js';
import { previewHashOf } from '../../rules/round-hash.js';
import {
  type PreviewedPayee,
  type PreviewRules,
  type PreviewVerdict,
  previewKey,
  previewPayee,
  previewTotals,
} from '../../rules/round-preview.js';
import { payeeStandings, type RoundConfig, readDayUse, readDueRules } from '../payee-standings.js';

/**
 * Reads who would be paid by a round that starts now by the database's clock, and why the others would not; those who
 * would be paid come first. It locks nothing. Fees and gas
 * are not known here, and the balance may be out of date: both are checked when a payout is signed. `freeWei` is what
 * the wallet has to spend; null when its balance was never read. `previewHash` stands for all payees and amounts that the
 * round would reserve, and for the terms that it goes by.
 */
export async function previewRound(
  reader: Reader,
  config: RoundConfig,
  freeWei: bigint | null = null,
) {
  const due = await readDueRules(reader, config);
  const standings = await payeeStandings(reader, due);
  const { limits } = config;
  const { payees, totals } = await previewStandings(reader, standings, { due, limits, freeWei });
  const notDue = new Set(
    payees.filter(({ verdict }) => verdict === 'not-due').map(({ payee }) => payee),
  );
  const previewHash = hashOfRound(
    standings.filter(({ payee }) => !notDue.has(payee)),
    due,
  );
  return { at: due.now, payees, totals, previewHash };
}

/** Says what a round would do with these payees, those who would be paid first, and adds it up. */
export async function previewStandings(
  reader: Reader,
  standings: readonly PayeeStanding[],
  rules: PreviewRules,
) {
  const payees = standings
    .map((standing) => previewPayee(standing, rules))
    .sort((a, b) => (previewKey(a) < previewKey(b) ? -1 : 1));
  return { payees, totals: previewTotals(payees, rules.limits, await readDayUse(reader)) };
}

/** Makes the hash of what a round reserves for these payees. */
export function hashOfRound(
  due: readonly Pick<PayeeStanding, 'payee' | 'pendingWei' | 'verdicts'>[],
  { terms, bounds }: Pick<DueRules, 'terms' | 'bounds'>,
): string {
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const promised = due.map(({ payee, pendingWei, verdicts }) => ({
    payee,
    pendingWei,
    terms: termsOfPayee(verdicts, terms, bounds),
  }));
  return previewHashOf({ promised, terms }, digest);
}

/** The gas that any transfer takes at least. */
const LEAST_GAS = 21_000n;
const LATEST_TRANSFERS = 50;

/** Reads the gas that the latest mined transfers took in the middle; that of a plain transfer while there is none. */
export async function usualTransferGas(reader: Reader): Promise<bigint> {
  const [usual] = await rows(
    reader,
    { gas: orNull(BigInt) },
    sql`SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY gas_used) AS gas
          FROM (SELECT gas_used FROM nonce_slot WHERE gas_used IS NOT NULL
                 ORDER BY created_at DESC LIMIT ${LATEST_TRANSFERS}) latest`,
  );
  return usual?.gas ?? LEAST_GAS;
}

/** Returns one page of a preview. Each page is computed from a new preview at its own time. */
export function pageOfPreview(
  payees: readonly PreviewedPayee[],
  verdict: PreviewVerdict | undefined,
  page: PageRequest,
): Page<PreviewedPayee> {
  const last = readCursor(page.cursor, [/^[012]$/, /^0x[0-9a-f]{40}$/])?.join('') ?? '';
  const shown = payees
    .filter((one) => (verdict === undefined || one.verdict === verdict) && previewKey(one) > last)
    .slice(0, rowsToAskFor(page));
  return toPage(shown, page, {
    item: (one) => one,
    cursorParts: (one) => [previewKey(one).slice(0, 1), one.payee],
  });
}
