/** What needs a hand about the pool as a whole: halts, what stops it, events and jobs that credit nobody, findings. */
import { formatEth } from '../../base/money.js';
import type { Need, NeedAction } from './needs.js';
import type { Stop } from './pool-standing.js';

/** The money that no payout can be made of while the pool stands still: what is promised, and what is pending. */
export interface Stuck {
  readonly wei: bigint;
}

export interface NeedHalt {
  readonly code: string;
  readonly reason: string;
  readonly at: Date;
}

const HALTED = 'Nothing is signed or sent from any wallet. Fees are still credited.';
/** Halts that a person cannot end from here, with what ends them. */
const ENDED_ELSEWHERE: Readonly<Record<string, string>> = {
  PAYOUTS_SWITCHED_OFF: 'Set pool.payoutsEnabled to true and restart the workers.',
  WALLET_USED_BEFORE:
    'Say in wallet.acceptedTransactions how many transactions it has sent, or book them: openpool wallet adopt --from <nonce>.',
};
/** Halts after which what the key has sent is to be booked first. */
const TO_ADOPT = ['NONCE_AHEAD_OF_LEDGER', 'NONCE_TAKEN_BY_UNKNOWN'];

export function needOfHalt({ code, reason, at }: NeedHalt, { wei }: Stuck): Need {
  const elsewhere = ENDED_ELSEWHERE[code];
  const resuming: readonly NeedAction[] = elsewhere === undefined ? ['wallet.resume'] : [];
  return {
    kind: 'halt',
    subject: code,
    code,
    title: `Nothing is paid: the wallet is halted (${code})`,
    words: reason,
    safe: elsewhere === undefined ? HALTED : `${HALTED} ${elsewhere}`,
    atStakeWei: wei,
    isGrave: true,
    since: at,
    actions: TO_ADOPT.includes(code) ? ['wallet.adopt', ...resuming] : resuming,
  };
}

/** @param since when payouts began to wait for it, for a stop that does not know itself how long it lasts */
export const needOfStop = (
  { code, short, reason, forMs }: Stop,
  { now, since }: { readonly now: Date; readonly since: Date | null },
  { wei }: Stuck,
): Need => ({
  kind: 'stop',
  subject: code,
  code,
  title: `Nothing is paid: ${short}`,
  words: reason,
  safe: 'Nothing is lost: everything goes on from Postgres when this has passed.',
  atStakeWei: wei,
  isGrave: true,
  since: forMs === null ? (since ?? now) : new Date(now.getTime() - forMs),
  actions: [],
});

export interface UnattributedJobs {
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly since: Date;
}

export function needOfJobs({ jobs, grossWei, since }: UnattributedJobs): Need {
  const [noun, verb] = jobs === 1 ? ['job', 'credits'] : ['jobs', 'credit'];
  return {
    kind: 'unattributed',
    subject: 'jobs',
    code: 'JOBS_UNATTRIBUTED',
    title: `${jobs} ${noun} worth ${formatEth(grossWei)} ETH ${verb} nobody`,
    words: 'Their other half has not come, or their worker named no address.',
    safe: 'Their fees are kept. They are credited by themselves when the other half comes.',
    atStakeWei: grossWei,
    isGrave: false,
    since,
    actions: ['jobs.assign', 'jobs.absorb'],
  };
}

export interface SetAsideGroup {
  readonly code: string;
  readonly events: number;
  readonly since: Date;
  /** What helps against this code. */
  readonly help: string;
}

export const needOfSetAside = ({ code, events, since, help }: SetAsideGroup): Need => ({
  kind: 'set-aside',
  subject: code,
  code,
  title: `${events} ${events === 1 ? 'event is' : 'events are'} set aside: ${code}`,
  words: help,
  safe: 'Each is kept as it came, and counts for nobody until it can be read.',
  atStakeWei: null,
  isGrave: false,
  since,
  actions: ['set-aside.retry'],
});

export interface NeedFinding {
  readonly id: number;
  readonly code: string;
  readonly sourceId: string;
  readonly words: string;
  readonly isGrave: boolean;
  readonly grossWei: bigint | null;
  readonly since: Date;
}

export const needOfFinding = (found: NeedFinding): Need => ({
  kind: 'finding',
  subject: String(found.id),
  code: found.code,
  title: found.sourceId === '' ? found.code : `${found.code}: ${found.sourceId}`,
  words: found.words,
  safe: 'The sentinel stops nothing. It ends by itself when the cause has.',
  atStakeWei: found.grossWei,
  isGrave: found.isGrave,
  since: found.since,
  actions: ['finding.acknowledge'],
});

export const needOfSource = (source: {
  readonly id: string;
  readonly why: string;
  readonly at: Date;
}): Need => ({
  kind: 'source',
  subject: source.id,
  code: 'SOURCE_READ_TWICE',
  title: `The source ${source.id} is stopped`,
  words: source.why,
  safe: 'It is not read, so nothing counts twice. It is compared again when it goes on.',
  atStakeWei: null,
  isGrave: true,
  since: source.at,
  actions: ['source.resume'],
});

export const needOfPause = (pause: {
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
}): Need => ({
  kind: 'sync-paused',
  subject: 'sync',
  code: 'SYNC_PAUSED',
  title: 'No source is read: the sync is paused',
  words: `${pause.actor}: ${pause.reason}`,
  safe: 'Nothing is lost: what happens meanwhile is read afterwards.',
  atStakeWei: null,
  isGrave: true,
  since: pause.at,
  actions: ['sync.resume'],
});

export const needOfReconciliation = (latest: {
  readonly at: Date;
  readonly differences: number;
  readonly first: string;
}): Need => ({
  kind: 'reconciliation',
  subject: 'wallet',
  code: 'RECONCILIATION_FAILED',
  title: `Chain and ledger tell different things in ${latest.differences} ${latest.differences === 1 ? 'place' : 'places'}`,
  words: latest.first,
  safe: 'Compare once more; what stays is to be looked at before anything is resumed.',
  atStakeWei: null,
  isGrave: true,
  since: latest.at,
  actions: ['reconcile.start'],
});
