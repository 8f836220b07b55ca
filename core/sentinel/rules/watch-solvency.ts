/** Findings about whether the pool holds what it owes, and whether its wallet holds enough for the next week. */
import type { Address } from '../../base/address.js';
import { ethAndWei } from '../../base/money.js';
import { coverWords, type Solvency } from '../../standing/rules/solvency.js';
import type { Found } from './finding.js';

/** Finds a pool that is not covered, and a wallet that is to be filled. */
export function watchSolvency(solvency: Solvency, wallet: Address): readonly Found[] {
  const { cover, owedWei, missingWei, nextWeekWei, topUpWei, freeWei } = solvency;
  const found: Found[] = [];
  if (cover === 'not-covered' || cover === 'wallet-short') {
    found.push({
      code: 'POOL_NOT_COVERED',
      severity: cover === 'not-covered' ? 'grave' : 'warning',
      words: `${coverWords(cover)} ${ethAndWei(owedWei)} are owed, and ${ethAndWei(missingWei)} are missing`,
      figures: { owedWei: owedWei.toString(), missingWei: missingWei.toString() },
    });
  }
  if (topUpWei > 0n) {
    found.push({
      code: 'WALLET_BELOW_WEEK',
      words:
        `the wallet has ${ethAndWei(freeWei ?? 0n)} to spend, and the payouts of the next seven days come to about ` +
        `${ethAndWei(nextWeekWei)}: send ${ethAndWei(topUpWei)} to ${wallet}`,
      figures: { nextWeekWei: nextWeekWei.toString(), topUpWei: topUpWei.toString() },
    });
  }
  return found;
}
