/** Previews a payout round: it reads what a round would do, and reserves nothing. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import {
  CURSOR_PART,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  toPage,
} from '../../../db/paging.js';
import { fields, rows } from '../../../db/query.js';
import type { PayoutLimits } from '../../rules/payout-limits.js';
import {
  comparePreviewed,
  type PayoutUnderWay,
  type PreviewedPayee,
  type PreviewTotals,
  type PreviewVerdict,
  previewPayee,
  previewRank,
  previewTotals,
} from '../../rules/round-preview.js';
import { readDayUse } from '../day-use.js';
import { currentTerms, payeeStandings } from '../payee-standings.js';
import { isBlocking, payout } from '../tables.js';
import { SHOWS_WAIT } from './payout-reads.js';

export interface RoundPreview {
  /** The time of the preview by the database's clock, which a round uses too. */
  readonly at: Date;
  /** Every payee that was ever credited; those who would be paid come first. */
  readonly payees: readonly PreviewedPayee[];
  readonly totals: PreviewTotals;
}

/**
 * Reads who would be paid by a round that starts now, and why the others would not. It locks nothing. Fees and gas
 * are not known here, and the balance may be out of date: both are checked when a payout is signed. `freeWei` is what
 * the wallet has to spend; null when its balance was never read.
 */
export async function previewRound(
  reader: Reader,
  limits: PayoutLimits,
  freeWei: bigint | null = null,
): Promise<RoundPreview> {
  const { terms, now } = await currentTerms(reader);
  const standings = await payeeStandings(reader);
  const underWay = await payoutsUnderWay(reader);
  const day = await readDayUse(reader);
  const rules = { terms, limits, now, freeWei };
  const payees = standings
    .map((standing) => previewPayee(standing, rules, underWay.get(standing.payee)))
    .sort(comparePreviewed);
  return { at: now, payees, totals: previewTotals(payees, limits, day) };
}

/** Returns one page of a preview. Each page is computed from a new preview at its own time. */
export function pageOfPreview(
  payees: readonly PreviewedPayee[],
  verdict: PreviewVerdict | undefined,
  page: PageRequest,
): Page<PreviewedPayee> {
  const [rank, address] = readCursor(page.cursor, [/^[012]$/, CURSOR_PART.address]) ?? [];
  const isLater = (one: PreviewedPayee): boolean => {
    if (rank === undefined || address === undefined) return true;
    const ownRank = previewRank(one.verdict);
    return ownRank === Number(rank) ? one.payee > address : ownRank > Number(rank);
  };
  const shown = payees
    .filter((one) => (verdict === undefined || one.verdict === verdict) && isLater(one))
    .slice(0, rowsToAskFor(page));
  return toPage(shown, page, {
    item: (one) => one,
    cursorParts: (one) => [String(previewRank(one.verdict)), one.payee],
  });
}

async function payoutsUnderWay(reader: Reader): Promise<ReadonlyMap<Address, PayoutUnderWay>> {
  const found = await rows(
    reader,
    {
      payee: payout.payee,
      id: payout.id,
      state: payout.state,
      waitCode: payout.waitCode,
      waitReason: payout.waitReason,
    },
    sql`SELECT ${fields('p', { payee: payout.payee, id: payout.id, state: payout.state })},
               CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END AS "waitCode",
               p.wait_reason AS "waitReason"
          FROM payout p WHERE ${isBlocking(sql`p.state`)}`,
  );
  return new Map(found.map(({ payee, ...underWay }) => [payee, underWay]));
}
