/** Workers that every policy must be able to answer for: unknown ones, idle ones, busy ones, one that was invited. */
import type { Address } from '../../base/address.js';
import {
  type DayFigures,
  type PolicyStanding,
  type PolicyWorker,
  type RankStats,
  type RankWindow,
  WORKER_STATES,
} from '../rules/questions.js';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 2, 10);
const ETHER_WEI = 10n ** 18n;

/** The times that the samples are asked for: borders of days, months and years, a leap day, and a future far away. */
export const SAMPLE_TIMES: readonly string[] = [
  '2026-03-10T00:00:00.000Z',
  '2026-03-10T12:34:56.789Z',
  '2026-03-31T23:59:59.999Z',
  '2027-01-01T00:00:00.000Z',
  '2028-02-29T00:00:00.000Z',
  '2020-01-01T00:00:00.000Z',
  '2099-12-31T23:59:59.999Z',
];

/** Whom the pool asks about in place of somebody that it never heard of. */
export const NOBODY: PolicyWorker = worker({ address: addressOf(0n) });

export const SAMPLE_WORKERS: readonly PolicyWorker[] = [
  NOBODY,
  worker({ address: addressOf(1n), nodeType: 'ai', region: 'eu-central' }),
  worker({ address: addressOf(2n), firstSeenAt: '2026-03-09T10:00:00.000Z', region: '' }),
  ...[1, 30, 90].flatMap((count) =>
    [0, 1, 500, 1_000_000].map((jobs, i) => {
      const lastDays = days(count, jobs);
      return worker({
        address: addressOf(BigInt(count * 100 + i)),
        nodeType: i % 2 === 0 ? 'ai' : 'transcode',
        region: 'us-west',
        firstSeenAt: '2025-01-01T00:00:00.000Z',
        nickname: i === 1 ? 'Ann' : null,
        isInvited: i % 2 === 1,
        lastDays,
        payeeDays: lastDays,
      });
    }),
  ),
];

export const SAMPLE_STANDINGS: readonly PolicyStanding[] = SAMPLE_WORKERS.flatMap((sample, i) => [
  { ...sample, pendingWei: 0n, dueSince: null, lastPaidAt: null, state: 'good' },
  {
    ...sample,
    pendingWei: (BigInt(i) * ETHER_WEI) / 7n,
    dueSince: '2026-03-01T00:00:00.000Z',
    lastPaidAt: '2026-02-01T00:00:00.000Z',
    state: 'excluded',
  },
]);

const NOTHING: RankWindow = {
  jobs: 0,
  realTimeRatioPermille: null,
  responseMedianMs: null,
  successBps: null,
  onlineShareBps: null,
};

export const SAMPLE_STATS: readonly RankStats[] = SAMPLE_WORKERS.flatMap((sample, i) =>
  WORKER_STATES.flatMap((state) => {
    const known = { ...sample, pipeline: i % 2 === 0 ? 'text-to-image' : '', model: '', state };
    const some = {
      jobs: 1 + i * 50,
      realTimeRatioPermille: 100 * i,
      responseMedianMs: 10 * i,
      successBps: Math.min(700 * i, 10_000),
      onlineShareBps: 9_999,
    };
    return [
      { ...known, since: null, hour: NOTHING, day: NOTHING, week: NOTHING },
      { ...known, since: '2026-03-01T00:00:00.000Z', hour: some, day: some, week: some },
    ];
  }),
);

function worker(changes: Partial<PolicyWorker> & Pick<PolicyWorker, 'address'>): PolicyWorker {
  return {
    nodeType: null,
    region: null,
    firstSeenAt: null,
    nickname: null,
    isInvited: false,
    daysBefore: '2026-03-10',
    lastDays: [],
    payeeDays: [],
    ...changes,
  };
}

function days(count: number, jobs: number): readonly DayFigures[] {
  return Array.from({ length: count }, (_, i) => ({
    day: new Date(START_MS - (i + 1) * DAY_MS).toISOString().slice(0, 10),
    jobs,
    computeUnits: BigInt(jobs) * 1_000n,
    grossWei: BigInt(jobs) * 9_007_199_254_740_993n,
    onlineShareBps: i % 3 === 0 ? null : 9_000 + i,
  }));
}

function addressOf(n: bigint): Address {
  return `0x${n.toString(16).padStart(40, '0')}`;
}
