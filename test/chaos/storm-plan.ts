/** Says what goes wrong and when. It is drawn from the seed before anything is started. */
import type { Random } from '../../dev/kit/random.js';
import {
  ADOPTION_FAULTS,
  FAULTS,
  type Fault,
  type MovedFault,
  PAYEE_FAULTS,
  RESTORE_FAULTS,
  SECOND_POOL_FAULTS,
  WALLET_FAULTS,
} from './fault-tally.js';

export type Deed =
  | { readonly kind: 'killWorker' }
  | { readonly kind: 'killBackends' }
  | { readonly kind: 'postgresDown'; readonly forMs: number }
  | { readonly kind: 'killTemporal'; readonly forMs: number }
  | { readonly kind: 'halfOpen' }
  | { readonly kind: 'wedgeSagas'; readonly forMs: number }
  | { readonly kind: 'rpcDown'; readonly forMs: number }
  | { readonly kind: 'reorg'; readonly depth: number }
  | { readonly kind: 'stall'; readonly forMs: number }
  | { readonly kind: 'standChain'; readonly forMs: number }
  | { readonly kind: 'raiseBaseFee'; readonly forMs: number }
  | { readonly kind: 'emptyPool' }
  | { readonly kind: 'foreign'; readonly to: 'stranger' | 'payee'; readonly inPlace: boolean }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'moveEndpoints'; readonly how: MovedFault; readonly forMs: number }
  | { readonly kind: 'startSecondPool' }
  | { readonly kind: 'stopSecondPool' }
  | { readonly kind: 'replaceWallet' }
  | { readonly kind: 'payManually' }
  | { readonly kind: 'releasePayees' };

export interface PlannedDeed {
  readonly atMs: number;
  readonly deed: Deed;
}

/** In storms of at least this many seconds, incidents have their full duration. */
const LONG_SECONDS = 45;
/** In storms of at least this many seconds, the chain stands still at the end with hundreds of payouts open. */
const STANDING_SECONDS = 60;
/** By then a process that waits for a block has noticed that none comes, and a sync pass is due. */
const STANDS_FOR_MS = 50_000;

export interface StormKind {
  readonly seconds: number;
  /** True for the control, which has no operator and no second pool. */
  readonly isControl: boolean;
}

/** A short storm has no time to recover from these in addition to all the others. */
const SLOW: readonly Fault[] = ['connectionsHalfOpen', 'sagasWedged', 'bytesRefused'];
const TAKES_TIME: readonly Fault[] = [...SECOND_POOL_FAULTS, ...WALLET_FAULTS, ...SLOW];

/** Returns the faults that a storm of this kind must have. A short storm has no time to start workers anew. */
export function plannedFaults(kind: StormKind): readonly Fault[] {
  const left: readonly Fault[] = [
    ...(hasTime(kind) ? [] : TAKES_TIME),
    ...(canStand(kind) ? [] : (['chainStood'] as const)),
    ...(kind.isControl ? ADOPTION_FAULTS : []),
  ];
  return FAULTS.filter((fault) => !left.includes(fault));
}

/** Returns true when there is time for workers that start anew: the second pool's, and those with another key. */
export function hasTime({ seconds, isControl }: StormKind): boolean {
  return seconds >= LONG_SECONDS && !isControl;
}

function canStand(kind: StormKind): boolean {
  return kind.seconds >= STANDING_SECONDS && hasTime(kind);
}

const SOURCES_OF: Readonly<Partial<Record<Fault, Deed['kind']>>> = {
  ...{
    workerKilled: 'killWorker',
    postgresBackendKilled: 'killBackends',
    poolEmptied: 'emptyPool',
  },
  rpcDown: 'rpcDown',
  foreignToPayee: 'foreign',
  foreignToStranger: 'foreign',
  strangerStarted: 'stranger',
  strangerMessaged: 'stranger',
  strangerTerminated: 'stranger',
  allEndpointsMoved: 'moveEndpoints',
  mostEndpointsMoved: 'moveEndpoints',
  adoptRefusedElsewhere: 'moveEndpoints',
  secondPoolStarted: 'startSecondPool',
  secondPoolStopped: 'stopSecondPool',
  connectionsHalfOpen: 'halfOpen',
  sagasWedged: 'wedgeSagas',
};

/** Returns true when this deed can cause this class of fault. */
export function leadsTo(deed: Deed, fault: Fault): boolean {
  if (SOURCES_OF[fault] !== deed.kind) return false;
  if (deed.kind === 'foreign') return (fault === 'foreignToPayee') === (deed.to === 'payee');
  if (deed.kind !== 'moveEndpoints') return true;
  return (fault === 'mostEndpointsMoved') === (deed.how === 'mostEndpointsMoved');
}

const COUNTED_ELSEWHERE: readonly Fault[] = [
  ...[...PAYEE_FAULTS, ...RESTORE_FAULTS, ...WALLET_FAULTS],
  'chainStood',
];

/**
 * Whether more of the storm would not help: payees' failures are read from the chain at its end, a key is changed
 * once, and what waited for a chain that stood shows as its class left out, which a second try would hide.
 */
export function isCountedElsewhere(fault: Fault): boolean {
  return COUNTED_ELSEWHERE.includes(fault);
}

/**
 * Returns the deeds that can run around a restored backup. The others would undo what the scenario does to the
 * chain.
 */
const BESIDE_RESTORE: readonly Deed['kind'][] = [
  ...(['killWorker', 'killBackends', 'emptyPool', 'raiseBaseFee', 'stranger'] as const),
];
export const RESTORE_PLAN: readonly Fault[] = [
  ...(['workerKilled', 'postgresBackendKilled', 'baseFeeJump', 'strangerStarted'] as const),
  ...RESTORE_FAULTS,
];

export function besideRestore(plan: readonly PlannedDeed[]): readonly PlannedDeed[] {
  return plan.filter(({ deed }) => BESIDE_RESTORE.includes(deed.kind));
}

/** Draws the deeds in order of time. Every planned class of fault is in it at least once. */
export function planStorm(
  options: StormKind & { readonly confirmations: number; readonly random: Random },
): readonly PlannedDeed[] {
  const { seconds, confirmations, random } = options;
  const isLong = seconds >= LONG_SECONDS;
  const deeds: PlannedDeed[] = [];
  /** Plans a deed several times. Each gets an equal share of the time, and happens anywhere within it. */
  const spread = (times: number, make: () => Deed, { from = 0, to = 0.95 } = {}) => {
    const share = (to - from) / times;
    for (let turn = 0; turn < times; turn += 1) {
      const at = from + share * (turn + random.next());
      deeds.push({ atMs: Math.round(at * seconds * 1_000), deed: make() });
    }
  };
  const every = (periodSeconds: number, least: number) =>
    Math.max(least, Math.round(seconds / periodSeconds));

  spread(every(12, 2), () => ({ kind: 'killWorker' }));
  spread(every(6, 3), () => ({ kind: 'killBackends' }));
  const downMs = isLong ? 10_000 : 4_000;
  spread(1, () => ({ kind: 'postgresDown', forMs: downMs }), { from: 0.5, to: 0.65 });
  const outage = () => ({ kind: 'killTemporal', forMs: random.int(300, 2_000) }) as const;
  spread(1, outage, { from: 0.2, to: 0.35 });
  if (isLong) spread(1, outage, { from: 0.75, to: 0.9 });
  spread(every(30, 1), () => ({ kind: 'rpcDown', forMs: random.int(1_500, 3_000) }));
  spread(every(4, 4), () => ({ kind: 'reorg', depth: random.int(1, confirmations - 1) }));
  spread(every(15, 2), () => ({ kind: 'stall', forMs: random.int(1_500, 3_500) }));
  spread(every(20, 2), () => ({ kind: 'raiseBaseFee', forMs: random.int(2_000, 3_500) }));
  spread(every(8, 3), () => ({ kind: 'emptyPool' }));
  // Foreign transactions come in pairs: each time, the wallet is halted until both are judged, and nothing is paid.
  const pairs = isLong ? [0.15, 0.65] : [0.25];
  for (const from of pairs) {
    const inPlace = random.chance(0.5);
    const pair = { from, to: from + 0.1 };
    spread(1, () => ({ kind: 'foreign', to: 'payee', inPlace }), pair);
    spread(1, () => ({ kind: 'foreign', to: 'stranger', inPlace: !inPlace }), pair);
  }
  spread(every(12, 2), () => ({ kind: 'payManually' }));
  spread(every(30, 1), () => ({ kind: 'releasePayees' }), { from: 0.35 });
  spread(every(10, 2), () => ({ kind: 'stranger' }));
  // This happens during the halt for a foreign transaction, so that an operator who adopts meets it.
  const moves: readonly MovedFault[] = ['allEndpointsMoved', 'mostEndpointsMoved'];
  for (const [turn, how] of moves.entries()) {
    const from = (isLong ? pairs[turn] : [0.3, 0.7][turn]) ?? 0.3;
    const forMs = isLong ? random.int(4_000, 6_000) : 3_000;
    spread(1, () => ({ kind: 'moveEndpoints', how, forMs }), {
      from: from + 0.04,
      to: from + 0.12,
    });
  }
  if (hasTime(options)) {
    spread(every(20, 1), () => ({ kind: 'halfOpen' }));
    spread(1, () => ({ kind: 'wedgeSagas', forMs: 8_000 }), { from: 0.4, to: 0.5 });
    spread(1, () => ({ kind: 'startSecondPool' }), { from: 0.02, to: 0.08 });
    spread(1, () => ({ kind: 'stopSecondPool' }), { from: 0.4, to: 0.5 });
    spread(1, () => ({ kind: 'startSecondPool' }), { from: 0.55, to: 0.6 });
    spread(1, () => ({ kind: 'stopSecondPool' }), { from: 0.85, to: 0.95 });
    spread(1, () => ({ kind: 'replaceWallet' }), { from: 0.35, to: 0.42 });
  }
  // This deed begins when all others have ended.
  if (canStand(options)) {
    spread(1, () => ({ kind: 'standChain', forMs: STANDS_FOR_MS }), { from: 0.96, to: 0.99 });
  }
  return deeds.sort((a, b) => a.atMs - b.atMs);
}
