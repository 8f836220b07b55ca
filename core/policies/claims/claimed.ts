/** Reads what payees claim of other assets, anew each time: from their days of earnings and the dated terms. */
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { dayOf } from '../../payees/rules/earned-days.js';
import { readJobNets } from '../../payees/store/earned-days.js';
import type { TermsVersion } from '../../terms/rules/terms.js';
import { findTermsHistory } from '../../terms/store/recorded-terms.js';
import { claimsOfOptions } from '../built-in.js';
import { type Claim, claimsOfDays, sumClaims } from '../rules/claims.js';
import type { ClaimTerms } from '../rules/pool-terms.js';

/** Returns the claims in a version of the terms; code in place of the built-in policy has none. */
export function claimsOf({ policy }: Pick<TermsVersion, 'policy'>): readonly ClaimTerms[] {
  return policy?.module === null ? claimsOfOptions(policy.options) : [];
}

/**
 * Reads what these payees claim, today (UTC) included; who claims nothing is missing. The days to come are left out: terms that
 * are only announced may still be withdrawn.
 */
export async function readClaims(
  db: Reader,
  payees: readonly Address[],
): Promise<ReadonlyMap<Address, readonly Claim[]>> {
  const history = await findTermsHistory(db);
  const versions = (history?.versions ?? []).map((one) => ({ ...one, claims: claimsOf(one) }));
  const begins = versions.flatMap(({ claims }) => claims.map(({ from }) => from.getTime()));
  if (history === undefined || begins.length === 0) return new Map();
  const span = { from: dayOf(Math.min(...begins)), to: dayOf(history.now.getTime()) };
  const nets = await readJobNets(db, payees, span);
  const claimed = [...nets].map(
    ([payee, days]) => [payee, sumClaims(claimsOfDays(days, versions))] as const,
  );
  return new Map(claimed.filter(([, claims]) => claims.length > 0));
}
