/**
 * The built-in policy. Its options are the `terms` section of the pool's file, in the form that the ledger keeps it: amounts as
 * decimal strings, times in ISO 8601. It is a policy like any other and has no way around the port.
 */
import { z } from 'zod';
import { type Address, payableAddress } from '../base/address.js';
import { nicknameFault } from '../base/nickname.js';
import { definePolicy } from './policy.js';
import { answerAdmit, answerDue, answerShow, answerTerms } from './rules/built-in-answers.js';
import { readUnits } from './rules/claims.js';
import {
  type BonusTerms,
  type BuiltInOptions,
  type ClaimTerms,
  PLAIN_TERMS,
  type RevenueShare,
} from './rules/pool-terms.js';

const wei = z
  .string()
  .regex(/^\d{1,28}$/)
  .transform(BigInt);
const moment = z.iso.datetime().transform((text) => new Date(text));
const share = z.int().min(0).max(10_000);
const durationMs = z.int().min(0);
const name = z.string().refine((text) => nicknameFault(text) === undefined);
const address = z.string().transform((text, context): Address => {
  const found = payableAddress(text);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: 'give 0x and 40 hex digits' });
  return z.NEVER;
});

const own = {
  commissionBps: share.optional(),
  payoutThresholdWei: wei.optional(),
  minPayoutIntervalMs: durationMs.optional(),
};

const bonus = z.strictObject({
  shareBps: share,
  minOnlineBps: share,
  budgetWei: wei,
  capPerWorkerPerDayWei: wei.optional(),
  from: moment.optional(),
  until: moment.optional(),
});

const claim = z
  .strictObject({
    asset: name,
    perEth: z.string(),
    decimals: z.int().min(0).max(36),
    from: moment,
    until: moment.optional(),
  })
  .refine(({ perEth, decimals }) => readUnits(perEth, decimals) !== undefined);
const revenueShare = z.strictObject({ shareBps: share, everyMs: durationMs });

const options: z.ZodType<BuiltInOptions> = z.strictObject({
  defaults: z.strictObject({ commissionBps: share }),
  tiers: z
    .array(
      z.strictObject({
        name,
        fromJobs: z.int().min(0),
        withinMs: durationMs,
        badge: name.optional(),
        ...own,
      }),
    )
    .default([]),
  workers: z
    .record(address, z.strictObject({ nickname: name.optional(), tier: name.optional(), ...own }))
    .default({}),
  promotions: z
    .array(
      z.strictObject({
        name,
        from: moment,
        until: moment,
        commissionBps: share,
        for: z.union([z.array(address), name]),
      }),
    )
    .default([]),
  bonus: bonus.optional(),
  claims: z.array(claim).optional(),
  revenueShare: revenueShare.optional(),
  admission: z.enum(['open', 'invited']).default('open'),
  payout: z
    .strictObject({ maxGasShareBps: share.optional(), latestAfterMs: durationMs.optional() })
    .default({}),
  thresholdBounds: z
    .strictObject({ leastWei: wei, mostWei: wei })
    .default(PLAIN_TERMS.thresholdBounds),
});

export const builtInPolicy = definePolicy<BuiltInOptions>({
  name: 'terms',
  version: '1',
  options,
  terms: answerTerms,
  due: (standing, _at, given) => answerDue(standing, given),
  admit: (worker, _at, given) => answerAdmit(worker, given),
  show: answerShow,
});

/** Returns the bonus in the options of the built-in policy; null when there is none, or none that can be read. */
export function bonusOfOptions(given: unknown): BonusTerms | null {
  const read = z.object({ bonus: bonus.optional() }).safeParse(given);
  return read.data?.bonus ?? null;
}

/** Returns the claims in the options of the built-in policy; none when there are none, or none that can be read. */
export function claimsOfOptions(given: unknown): readonly ClaimTerms[] {
  const read = z.object({ claims: z.array(claim).optional() }).safeParse(given);
  return read.data?.claims ?? [];
}

/** Returns the revenue share in the options of the built-in policy; null when there is none, or none that can be read. */
export function revenueShareOfOptions(given: unknown): RevenueShare | null {
  const read = z.object({ revenueShare: revenueShare.optional() }).safeParse(given);
  return read.data?.revenueShare ?? null;
}
