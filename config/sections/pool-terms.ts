/** The schema of the `terms` and `policy` keys of a pool: the data of the built-in policy, and code in place of it. */
import { z } from 'zod';
import { isHexAddress } from '../../core/base/address.js';
import { nicknameFault } from '../../core/base/nickname.js';
import type { PoolTerms } from '../../core/policies/rules/pool-terms.js';
import {
  address,
  amountWei,
  durationMs,
  interval,
  moment,
  section,
  shareBps,
  text,
  wholeNumber,
} from '../reading/kinds.js';
import { type Contradiction, claims, findClaimFaults } from './claims.js';

const DAY_MS = 86_400_000;
/** Figures are kept ready for so many days. */
const MOST_DAYS = 90;

const shownName = () =>
  text().superRefine((value, context) => {
    const message = nicknameFault(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const payee = () =>
  address((value) =>
    isHexAddress(value)
      ? 'the zero address is no payee'
      : "give a payee's address (0x and 40 hex digits)",
  );

const tier = section({
  name: shownName().refine((value) => value !== 'all', 'all workers are called so: take another'),
  /** The jobs that the workers of a payee did within that time, in days that are over (UTC). */
  fromJobs: wholeNumber(0),
  within: interval('1d')
    .refine(
      ({ value }) => value % DAY_MS === 0 && value <= MOST_DAYS * DAY_MS,
      `give whole days, at most ${MOST_DAYS}d`,
    )
    .prefault('30d'),
  commission: shareBps().optional(),
  payoutThreshold: amountWei().optional(),
  minPayoutInterval: durationMs().optional(),
  /** Shown next to the name. */
  badge: shownName().optional(),
});

const worker = section({
  commission: shareBps().optional(),
  payoutThreshold: amountWei().optional(),
  minPayoutInterval: durationMs().optional(),
  nickname: shownName().optional(),
  /** The tier that it is in, whatever it did. */
  tier: text().optional(),
});

const promotion = section({
  name: shownName(),
  from: moment(),
  /** The first moment at which it is over. */
  until: moment(),
  commission: shareBps(),
  /** All workers, those of a tier, or a list of payees. */
  for: z
    .union([text(), z.array(payee())], 'give all, a tier, or a list of addresses')
    .prefault('all'),
});

const bonus = section({
  /** The share of a fee that is given back, out of the commission. */
  share: shareBps(),
  /** Only days count on which a worker was connected for this share of the day. */
  minOnline: shareBps().prefault('95%'),
  /** All bonuses together. */
  budget: amountWei(),
  capPerWorkerPerDay: amountWei().optional(),
  from: moment().optional(),
  until: moment().optional(),
});

const MOST_PERIOD_DAYS = 31;

const revenueShare = section({
  /** The workers' share of what the pool's tickets bring on chain. */
  share: shareBps(),
  /** What was redeemed within this time is divided at once, by the work done within it. */
  every: interval('1d')
    .refine(
      ({ value }) => value % DAY_MS === 0 && value <= MOST_PERIOD_DAYS * DAY_MS,
      `give whole days, at most ${MOST_PERIOD_DAYS}d`,
    )
    .prefault('1d'),
});

const payout = section({
  /** A payout waits while its gas would cost more than this share of it. */
  maxGasShare: shareBps().optional(),
  /** So long after the oldest fee was earned it is paid all the same. */
  latestAfter: interval('1h').optional(),
});

const thresholdBounds = section({
  least: amountWei().prefault('0.001 ETH'),
  most: amountWei().prefault('1 ETH'),
});

export const poolTerms = z
  .strictObject({
    tiers: z.array(tier, 'give a list of tiers').prefault([]),
    workers: z.record(payee(), worker, 'give addresses, and the terms of each').prefault({}),
    promotions: z.array(promotion, 'give a list of promotions').prefault([]),
    bonus: bonus.optional(),
    claims,
    /** In place of a fee for each job: workers share what is redeemed. It needs `commission: 100%` and `revenue.recipients`. */
    revenueShare: revenueShare.optional(),
    /** Whose fees are payable: everybody's, or those of invited payees. */
    admission: z.enum(['open', 'invited'], 'give open or invited').prefault('open'),
    payout: payout.prefault({}),
    thresholdBounds: thresholdBounds.prefault({}),
  })
  .superRefine((given, context) => {
    for (const { path, message } of findContradictions(given)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  })
  .transform((terms): PoolTerms => terms);

/** Code in place of the built-in policy. */
export const poolPolicy = z.strictObject({
  /** A package, or a path from the file's directory. */
  module: text(),
  options: z.record(z.string(), z.unknown()).prefault({}),
});

/** Finds values that are valid alone but do not go together. */
function findContradictions(given: PoolTerms): readonly Contradiction[] {
  return [
    ...findTierFaults(given),
    ...findWorkerFaults(given),
    ...findSpanFaults(given),
    ...findClaimFaults(given.claims ?? []),
    ...findSharedFaults(given),
  ];
}

/** A pool that shares what it redeems pays nothing for the single job, and so has no other commission. */
function findSharedFaults(given: PoolTerms): readonly Contradiction[] {
  if (given.revenueShare === undefined) return [];
  const { tiers, workers, promotions, bonus: paid, claims: claimed } = given;
  const paths = [
    ...tiers.flatMap((one, i) =>
      one.commissionBps === undefined ? [] : [['tiers', i, 'commission']],
    ),
    ...Object.entries(workers).flatMap(([payee, one]) =>
      one.commissionBps === undefined ? [] : [['workers', payee, 'commission']],
    ),
    ...promotions.map((_, i) => ['promotions', i]),
    ...(paid === undefined ? [] : [['bonus']]),
    ...(claimed === undefined ? [] : [['claims']]),
  ];
  const message =
    'it does not go with revenueShare, which pays nothing for the single job: remove it';
  return paths.map((path) => ({ path, message }));
}

function findTierFaults({ tiers, thresholdBounds }: PoolTerms): readonly Contradiction[] {
  const { leastWei, mostWei } = thresholdBounds;
  const crossed = { path: ['thresholdBounds', 'most'], message: 'it must not be below least' };
  return [
    ...(leastWei > mostWei ? [crossed] : []),
    ...findTaken('tiers', tiers),
    ...tiers.flatMap((tier, i) => findOutside(['tiers', i], tier, thresholdBounds)),
  ];
}

function findWorkerFaults({
  workers,
  tiers,
  thresholdBounds,
}: PoolTerms): readonly Contradiction[] {
  return Object.entries(workers).flatMap(([address, own]) => {
    const outside = findOutside(['workers', address], own, thresholdBounds);
    if (own.tier === undefined || tiers.some(({ name }) => name === own.tier)) return outside;
    const message = `no tier is called ${own.tier}`;
    return [...outside, { path: ['workers', address, 'tier'], message }];
  });
}

function findSpanFaults({ promotions, bonus: paid, tiers }: PoolTerms): readonly Contradiction[] {
  const unknown = promotions.flatMap(({ for: whom }, i) => {
    const isKnown = typeof whom !== 'string' || whom === 'all';
    if (isKnown || tiers.some(({ name }) => name === whom)) return [];
    const message = `no tier is called ${whom}: give all, a tier, or a list of addresses`;
    return [{ path: ['promotions', i, 'for'], message }];
  });
  const spans = promotions.map((one, i) => ({ path: ['promotions', i, 'until'], ...one }));
  const all = paid === undefined ? spans : [...spans, { path: ['bonus', 'until'], ...paid }];
  const turned = all.filter(({ from, until }) => from && until && from >= until);
  return [
    ...findTaken('promotions', promotions),
    ...unknown,
    ...turned.map(({ path }) => ({ path, message: 'it must be later than from' })),
  ];
}

function findTaken(key: string, named: readonly { readonly name: string }[]): Contradiction[] {
  return named.flatMap(({ name }, i) => {
    if (named.findIndex((one) => one.name === name) === i) return [];
    return [{ path: [key, i, 'name'], message: `${name} is taken above: take another name` }];
  });
}

function findOutside(
  path: Contradiction['path'],
  { payoutThresholdWei: wei }: { readonly payoutThresholdWei?: bigint | undefined },
  { leastWei, mostWei }: PoolTerms['thresholdBounds'],
): Contradiction[] {
  if (wei === undefined || (wei >= leastWei && wei <= mostWei)) return [];
  const message = 'it is outside the thresholdBounds of these terms';
  return [{ path: [...path, 'payoutThreshold'], message }];
}
