/** Previews a payout round: it reads what a round would do, and reserves nothing. */
import type { Reader } from '../../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../../db/paging.js';
import type { PayoutLimits } from '../../rules/payout-limits.js';
import {
  type PreviewedPayee,
  type PreviewVerdict,
  previewKey,
  previewPayee,
  previewTotals,
} from '../../rules/round-preview.js';
import { currentTerms, payeeStandings, readDayUse } from '../payee-standings.js';

/**
 * Reads who would be paid by a round that starts now by the database's clock, and why the others would not; those who
 * would be paid come first. It locks nothing. Fees and gas
 * are not known here, and the balance may be out of date: both are checked when a payout is signed. `freeWei` is what
 * the wallet has to spend; null when its balance was never read.
 */
export async function previewRound(
  reader: Reader,
  limits: PayoutLimits,
  freeWei: bigint | null = null,
) {
  const { terms, now } = await currentTerms(reader);
  const standings = await payeeStandings(reader);
  const day = await readDayUse(reader);
  const rules = { terms, limits, now, freeWei };
  const payees = standings
    .map((standing) => previewPayee(standing, rules))
    .sort((a, b) => (previewKey(a) < previewKey(b) ? -1 : 1));
  return { at: now, payees, totals: previewTotals(payees, limits, day) };
}

/** Returns one page of a preview. Each page is computed from a new preview at its own time. */
export function pageOfPreview(
  payees: readonly PreviewedPayee[],
  verdict: PreviewVerdict | undefined,
  page: PageRequest,
): Page<PreviewedPayee> {
  const last = readCursor(page.cursor, [/^[012]$/, CURSOR_PART.address])?.join('') ?? '';
  const shown = payees
    .filter((one) => (verdict === undefined || one.verdict === verdict) && previewKey(one) > last)
    .slice(0, rowsToAskFor(page));
  return toPage(shown, page, {
    item: (one) => one,
    cursorParts: (one) => [previewKey(one).slice(0, 1), one.payee],
  });
}
