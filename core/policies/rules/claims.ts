/**
 * What workers may claim of other assets. A claim is a figure and no debt of this program: it is in no ledger, no payout and no
 * sum of ETH, and is made anew from the days of earnings and the dated terms each time that it is shown.
 */
import { DAY_MS, dayOf } from '../../payees/rules/earned-days.js';
import type { ClaimTerms } from './pool-terms.js';

/** Stands wherever a claim is shown. */
export const CLAIM_WORDS = 'claimed, not paid by this program';

/** Says what a claim promises: `12.5 LPT per ETH, for jobs from 2026-01-01 on and before 2027-01-01`. */
export function claimTermsWords({ asset, perEth, from, until }: ClaimTerms): string {
  const end = until === undefined ? '' : ` and before ${dayOf(until.getTime())}`;
  return `${perEth} ${asset} per ETH, for jobs from ${dayOf(from.getTime())} on${end}`;
}

const WEI_PER_ETH = 10n ** 18n;
const DECIMAL = /^(0|[1-9]\d{0,17})(?:\.(\d+))?$/;

/** Reads a decimal number as smallest units of which 10^decimals are one; undefined when it is none, or has more digits. */
export function readUnits(text: string, decimals: number): bigint | undefined {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined || fraction.length > decimals) return undefined;
  return BigInt(`${whole}${fraction.padEnd(decimals, '0')}`);
}

/** What the jobs of a payee's workers came to on a UTC day, less the commission. */
export interface NetOfDay {
  readonly dayMs: number;
  readonly netWei: bigint;
}

/** What is claimed of an asset for the jobs of a UTC day. */
export interface DayClaim {
  readonly dayMs: number;
  readonly asset: string;
  /** Smallest units of the asset. */
  readonly units: bigint;
  readonly decimals: number;
}

/** All that is claimed of an asset. */
export interface Claim extends Pick<DayClaim, 'asset' | 'units' | 'decimals'> {
  /** The first and the last day on which something was earned that counts. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** A version of the terms, as far as it says who may claim what. */
export interface VersionClaims {
  readonly fromMs: number;
  readonly isWithdrawn: boolean;
  readonly claims: readonly ClaimTerms[];
}

/**
 * Returns the claims that hold for the UTC day that begins at `dayMs`. Earnings are kept by day, so for all of it those of the
 * version hold that was in force when it began: a change holds from the first midnight on at which it is in force.
 *
 * @param versions ascending by `fromMs`
 */
export function claimsOn(versions: readonly VersionClaims[], dayMs: number): readonly ClaimTerms[] {
  const inForce = versions.findLast((one) => one.fromMs <= dayMs && !one.isWithdrawn);
  return (inForce?.claims ?? []).filter(
    ({ from, until }) =>
      from.getTime() <= dayMs && (until === undefined || until.getTime() >= dayMs + DAY_MS),
  );
}

/** Returns the claims of single days, each rounded down to a smallest unit of its asset. */
export function claimsOfDays(
  days: readonly NetOfDay[],
  versions: readonly VersionClaims[],
): readonly DayClaim[] {
  return days
    .filter(({ netWei }) => netWei > 0n)
    .flatMap(({ dayMs, netWei }) =>
      claimsOn(versions, dayMs).map(({ asset, perEth, decimals }) => {
        const perEthUnits = readUnits(perEth, decimals) ?? 0n;
        return { dayMs, asset, units: (netWei * perEthUnits) / WEI_PER_ETH, decimals };
      }),
    );
}

/** Adds claims up, by asset and in the order of their names. Terms may have changed how many digits an asset has. */
export function sumClaims(all: readonly DayClaim[]): readonly Claim[] {
  const sums = new Map<string, Claim>();
  for (const { asset, dayMs, units, decimals } of all) {
    const sum = sums.get(asset) ?? { asset, units: 0n, decimals, fromMs: dayMs, toMs: dayMs };
    const most = Math.max(sum.decimals, decimals);
    sums.set(asset, {
      asset,
      units: scaled(sum.units, most - sum.decimals) + scaled(units, most - decimals),
      decimals: most,
      fromMs: Math.min(sum.fromMs, dayMs),
      toMs: Math.max(sum.toMs, dayMs),
    });
  }
  return [...sums.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
}

const scaled = (units: bigint, digits: number): bigint => units * 10n ** BigInt(digits);
