/** The schema of `pool.terms.claims`: what workers may claim of other assets, which this program shows and does not pay. */
import { z } from 'zod';
import { formatUnits } from '../../core/base/money.js';
import { nicknameFault } from '../../core/base/nickname.js';
import { readUnits } from '../../core/policies/rules/claims.js';
import type { ClaimTerms } from '../../core/policies/rules/pool-terms.js';
import { moment, section, text, wholeNumber } from '../reading/kinds.js';

const DAY_MS = 86_400_000;
const MOST_DECIMALS = 36;

const asset = () =>
  text()
    .superRefine((value, context) => {
      const message = nicknameFault(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .refine(
      (value) => !/^w?eth(er)?$/i.test(value),
      'ETH is what this program pays: name another asset',
    );

/** Earnings are kept by UTC day, so a claim has whole days. */
const midnight = () =>
  moment().refine(
    (at) => at.getTime() % DAY_MS === 0,
    'claims go by whole UTC days: give a midnight in UTC, such as 2026-01-01T00:00:00Z',
  );

const claim = section({
  asset: asset(),
  /** How much of the asset for each ETH that jobs earned, after the commission. */
  perEth: z
    .union([z.string(), z.number()], 'give a decimal number')
    .transform(String)
    .refine(
      (value) => (readUnits(value, MOST_DECIMALS) ?? 0n) > 0n,
      `give a decimal number above zero such as "12.5", with at most 18 digits before the point and ${MOST_DECIMALS} after it`,
    ),
  /** How many digits the asset has after the point. Claims are rounded down to the last of them, day by day. */
  decimals: wholeNumber(0, MOST_DECIMALS).prefault(18),
  /** The first UTC day that counts. */
  from: midnight(),
  /** The first UTC day that counts no more. */
  until: midnight().optional(),
});

/** No list and an empty one are the same, as the ledger keeps the terms. */
export const claims = z
  .array(claim, 'give a list of claims')
  .transform((given) => (given.length === 0 ? undefined : given.map(plainly)))
  .optional();

/** Writes 12.50 as 12.5: two files that say the same have the same terms. */
function plainly(given: ClaimTerms): ClaimTerms {
  const units = readUnits(given.perEth, MOST_DECIMALS) ?? 0n;
  return { ...given, perEth: formatUnits(units, MOST_DECIMALS) };
}

export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Finds claims that are valid alone but say too much, or do not go together. */
export function findClaimFaults(given: readonly ClaimTerms[]): readonly Contradiction[] {
  return given.flatMap((one, i) => {
    const { asset, perEth, decimals, from, until } = one;
    const faults: Contradiction[] = [];
    if (readUnits(perEth, decimals) === undefined) {
      const message = `it has more than ${decimals} digits after the point: shorten it, or raise decimals`;
      faults.push({ path: ['claims', i, 'perEth'], message });
    }
    if (until !== undefined && from >= until) {
      faults.push({ path: ['claims', i, 'until'], message: 'it must be later than from' });
    }
    const other = given.slice(0, i).findIndex((before) => meet(before, one));
    if (other !== -1) {
      const message = `claims[${other}] is of ${asset} for some of these days too: end that one at until first`;
      faults.push({ path: ['claims', i, 'from'], message });
    }
    return faults;
  });
}

function meet(one: ClaimTerms, other: ClaimTerms): boolean {
  if (one.asset.toLowerCase() !== other.asset.toLowerCase()) return false;
  const isOver = (a: ClaimTerms, b: ClaimTerms) => a.until !== undefined && a.until <= b.from;
  return !isOver(one, other) && !isOver(other, one);
}
