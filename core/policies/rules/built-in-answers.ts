/** How the built-in policy answers, from the `terms` section of the pool's file. */
import type { BuiltInOptions, OwnTerms, Promotion, TierTerms, WorkerTerms } from './pool-terms.js';
import type { AdmitAnswer, DueAnswer, PolicyWorker, ShowAnswer, TermsAnswer } from './questions.js';

type Asked = Pick<PolicyWorker, 'address' | 'daysBefore' | 'payeeDays'>;
interface Span {
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

/**
 * The commission of a worker: what was negotiated with its payee, or what its tier has, or the default; and any promotion
 * that is lower. `until` is the next moment at which one of its promotions or the bonus begins or ends.
 */
export function answerTerms(worker: Asked, at: string, options: BuiltInOptions): TermsAnswer {
  const atMs = Date.parse(at);
  const { bonus, promotions } = options;
  const tier = tierOf(worker, options);
  const usual = usualCommission(worker, tier, options);
  const mine = promotions.filter((one) => isFor(one, worker, tier));
  const [best] = mine
    .filter((one) => isWithin(one, atMs) && one.commissionBps < usual.commissionBps)
    .sort((a, b) => a.commissionBps - b.commissionBps);
  const commissionBps = best?.commissionBps ?? usual.commissionBps;
  const shareBps = bonus !== undefined && isWithin(bonus, atMs) ? bonus.shareBps : 0;
  const untilMs = nextBorder([...mine, bonus ?? {}], atMs);
  return {
    commissionBps,
    bonusBps: Math.min(shareBps, commissionBps),
    reason: best === undefined ? usual.reason : `promotion ${best.name}`,
    until: untilMs === undefined ? undefined : new Date(untilMs).toISOString(),
  };
}

/** Threshold and interval of the payee or of its tier, and the pool's rules about gas and the latest day. */
export function answerDue(worker: Asked, options: BuiltInOptions): DueAnswer {
  const tier = tierOf(worker, options);
  const own = ownOf(worker, options);
  const isOwn = hasPayoutRules(own);
  return {
    thresholdWei: own?.payoutThresholdWei ?? tier?.payoutThresholdWei,
    minIntervalMs: own?.minPayoutIntervalMs ?? tier?.minPayoutIntervalMs,
    maxGasShareBps: options.payout.maxGasShareBps,
    latestAfterMs: options.payout.latestAfterMs,
    reason: isOwn ? 'negotiated' : tier && hasPayoutRules(tier) ? `tier ${tier.name}` : 'default',
  };
}

/** In a pool of invited workers, an entry of its own in the pool's file is an invitation too. */
export function answerAdmit(
  worker: Asked & Pick<PolicyWorker, 'isInvited'>,
  options: BuiltInOptions,
): AdmitAnswer {
  const isInvited = worker.isInvited || ownOf(worker, options) !== undefined;
  if (options.admission === 'open' || isInvited) return { admitted: true };
  const reason = 'this pool is for invited workers; what you earned is kept until you are invited';
  return { admitted: false, code: 'NOT_INVITED', reason, liftedBy: 'pool' };
}

/** The nickname in the pool's file goes before the one that the payee chose. */
export function answerShow(
  worker: Asked & Pick<PolicyWorker, 'nickname'>,
  options: BuiltInOptions,
): ShowAnswer {
  const tier = tierOf(worker, options);
  return {
    nickname: ownOf(worker, options)?.nickname ?? worker.nickname ?? undefined,
    tier: tier?.name,
    badge: tier?.badge,
  };
}

const ownOf = ({ address }: Asked, { workers }: BuiltInOptions): WorkerTerms | undefined =>
  Object.hasOwn(workers, address) ? workers[address] : undefined;

const hasPayoutRules = (own: OwnTerms | undefined): boolean =>
  own?.payoutThresholdWei !== undefined || own?.minPayoutIntervalMs !== undefined;

function usualCommission(worker: Asked, tier: TierTerms | undefined, options: BuiltInOptions) {
  const negotiated = ownOf(worker, options)?.commissionBps;
  if (negotiated !== undefined) return { commissionBps: negotiated, reason: 'negotiated' };
  if (tier?.commissionBps !== undefined) {
    return { commissionBps: tier.commissionBps, reason: `tier ${tier.name}` };
  }
  return { commissionBps: options.defaults.commissionBps, reason: 'default' };
}

/** Returns the tier that the file gives the payee, or the one with the most jobs among those that it reached. */
export function tierOf(worker: Asked, options: BuiltInOptions): TierTerms | undefined {
  const given = ownOf(worker, options)?.tier;
  if (given !== undefined) return options.tiers.find(({ name }) => name === given);
  const endMs = Date.parse(`${worker.daysBefore}T00:00:00Z`);
  const reached = options.tiers.filter((tier) => {
    const days = worker.payeeDays.filter(({ day }) => Date.parse(day) >= endMs - tier.withinMs);
    return days.reduce((jobs, day) => jobs + day.jobs, 0) >= tier.fromJobs;
  });
  return reached.sort((a, b) => b.fromJobs - a.fromJobs).at(0);
}

function isFor(promotion: Promotion, { address }: Asked, tier: TierTerms | undefined): boolean {
  const whom = promotion.for;
  if (typeof whom !== 'string') return whom.includes(address);
  return whom === 'all' || whom === tier?.name;
}

function isWithin({ from, until }: Span, atMs: number): boolean {
  return (from?.getTime() ?? -Infinity) <= atMs && atMs < (until?.getTime() ?? Infinity);
}

/** Returns the first moment after this one at which one of the spans begins or ends; undefined when there is none. */
function nextBorder(spans: readonly Span[], atMs: number): number | undefined {
  const borders = spans.flatMap(({ from, until }) => [from, until]);
  const later = borders.flatMap((border) => {
    const borderMs = border?.getTime();
    return borderMs !== undefined && borderMs > atMs ? [borderMs] : [];
  });
  return later.length === 0 ? undefined : Math.min(...later);
}
