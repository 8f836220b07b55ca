/** Findings about what the pool redeems: less than it credits, or not to be seen on the chain. */
import { counted } from '../../base/counted.js';
import { ethAndWei } from '../../base/money.js';
import {
  creditedBeyondRedeemed,
  type RevenueFigures,
} from '../../revenue/rules/redeemed-figures.js';
import type { Found } from './finding.js';

export function watchRevenue(figures: RevenueFigures): readonly Found[] {
  const { days, creditedWei, redeemedWei, redemptions, overdue } = figures;
  const found: Found[] = [];
  const gapWei = creditedBeyondRedeemed(figures);
  if (gapWei !== null) {
    found.push({
      code: 'CREDITED_ABOVE_REDEEMED',
      words:
        `in the last ${days} days workers were credited with ${ethAndWei(creditedWei)}, and ${ethAndWei(redeemedWei)} came in ` +
        `by ${counted(redemptions, 'redemption')}: ${ethAndWei(gapWei)} less, which is more than chance. See openpool revenue`,
      figures: { creditedWei: creditedWei.toString(), redeemedWei: redeemedWei.toString() },
    });
  }
  if (overdue > 0) {
    found.push({
      code: 'REDEMPTIONS_UNSEEN',
      measure: overdue,
      words: `${counted(overdue, 'redemption')} that events told of a day ago or more are not to be seen as final on the chain. See openpool revenue redemptions --state open`,
      figures: { overdue },
    });
  }
  return found;
}
