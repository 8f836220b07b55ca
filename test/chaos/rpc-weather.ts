/** Three endpoints in front of one node. All of them fail now and then, and one of them at a time lies. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../dev/kit/random.js';
import {
  type Fault,
  type FaultTally,
  LIES,
  type Lie,
  type MovedFault,
  TRANSPORT_FAULTS,
} from './fault-tally.js';
import { type FaultChances, type RpcProxy, startRpcProxy } from './rpc-proxy.js';

export interface RpcWeather {
  readonly urls: readonly string[];
  readonly requests: () => number;
  /** Injects faults until the signal: requests fail at all endpoints, and the endpoints lie in turn. */
  storm(signal: AbortSignal): Promise<void>;
  /**
   * Switches off all faults but those that have not struck yet, so that an operator can adopt and payouts are sent
   * again.
   */
  calmToUnmet(): void;
  /** Lets no endpoint answer for this long, and longer until at least one request has failed. */
  goDown(forMs: number): Promise<void>;
  /** Lets all endpoints, or all but one, answer for another chain, as long as above and until the work is done. */
  move(
    target: string,
    fault: MovedFault,
    forMs: number,
    during: () => Promise<void>,
  ): Promise<void>;
  stop(): Promise<void>;
}

export interface RpcWeatherOptions {
  readonly target: string;
  readonly random: Random;
  readonly tally: FaultTally;
  /** True when nodes refuse signed bytes as well. */
  readonly refusesBytes: boolean;
  /** How long clients wait for an answer. */
  readonly timeoutMs: number;
  readonly onRaw: (raws: readonly string[]) => Promise<void>;
}

const ENDPOINTS = 3;
const LONGER_FOR_WANT_OF_QUESTIONS_MS = 6_000;
const LOOK_EVERY_MS = 100;
const LATER_THAN_TIMEOUT_MS = 500;

const TROUBLE: FaultChances = {
  answerLost: 0.3,
  requestLost: 0.02,
  answerLate: 0.008,
  http429: 0.02,
  http5xx: 0.02,
  garbageAnswer: 0.015,
  htmlAnswer: 0.015,
  bytesRefused: 0.1,
};

/** The ways in which an endpoint lies for some seconds. The endpoint that is behind stays behind all the time. */
const MOODS: readonly Readonly<Partial<Record<Lie, number>>>[] = [
  { receiptNull: 0.4, receiptForged: 0.5 },
  {
    receiptNull: 0.2,
    receiptForged: 0.3,
    blockNull: 0.1,
    headTooLow: 0.1,
    headTooHigh: 0.1,
    nonceTooHigh: 0.2,
    nonceTooLow: 0.2,
  },
  { headTooLow: 0.3, headGoesBack: 0.2, headTooHigh: 0.3 },
  { nonceTooHigh: 0.3, nonceTooLow: 0.3, blockNull: 0.2 },
  { hundredBehind: 1 },
];

export async function startRpcWeather(options: RpcWeatherOptions): Promise<RpcWeather> {
  const { target, random, tally, timeoutMs, onRaw, refusesBytes } = options;
  const usual = refusesBytes ? TROUBLE : { ...TROUBLE, bytesRefused: 0 };
  const proxies: RpcProxy[] = [];
  for (let one = 0; one < ENDPOINTS; one += 1) {
    const lateByMs = timeoutMs + LATER_THAN_TIMEOUT_MS;
    proxies.push(await startRpcProxy({ target, random, tally, lateByMs, onRaw }));
  }
  const state: { liar: number | undefined; lies: FaultChances; trouble: FaultChances } = {
    liar: undefined,
    lies: {},
    trouble: {},
  };
  let isDown = false;
  let isCalm = false;
  const apply = () => {
    for (const [index, proxy] of proxies.entries()) {
      if (isDown) proxy.setFaults({ rpcDown: 1 });
      else proxy.setFaults({ ...state.trouble, ...(index === state.liar ? state.lies : {}) });
    }
  };
  const lieCount = () => {
    const counts = tally.injected();
    return LIES.reduce((sum, lie) => sum + (counts[lie] ?? 0), 0);
  };
  /** Lies for at least this long, and longer until somebody has asked for what it lies about. */
  const untilTold = async (leastMs: number, signal: AbortSignal) => {
    const before = lieCount();
    const latest = performance.now() + leastMs + LONGER_FOR_WANT_OF_QUESTIONS_MS;
    await pause(leastMs, signal);
    while (!signal.aborted && lieCount() === before && performance.now() < latest) {
      await pause(LOOK_EVERY_MS, signal);
    }
  };
  const untilAsked = async (fault: Fault, forMs: number) => {
    const before = tally.injected()[fault];
    const latest = performance.now() + forMs + LONGER_FOR_WANT_OF_QUESTIONS_MS;
    await sleep(forMs);
    while (tally.injected()[fault] === before && performance.now() < latest) {
      await sleep(LOOK_EVERY_MS);
    }
  };
  return {
    urls: proxies.map(({ url }) => url),
    requests: () => proxies.reduce((sum, proxy) => sum + proxy.requests(), 0),
    async storm(signal) {
      for (let turn = 0; !signal.aborted; turn += 1) {
        const mood = MOODS[turn % MOODS.length] ?? {};
        const lies = withUntold(isCalm ? onlyBehind(mood) : mood, tally);
        const unmet = turn === 0 ? {} : unmetOf(usual, tally);
        const trouble = isCalm ? unmet : { ...usual, ...unmet };
        Object.assign(state, { liar: random.int(0, ENDPOINTS - 1), lies, trouble });
        apply();
        await untilTold(random.int(2_000, 3_500), signal);
        // Between two liars all tell the truth for as long as one question may take: what a client
        // holds against each other then never comes from two of them.
        Object.assign(state, { liar: undefined, lies: {} });
        apply();
        await pause(timeoutMs, signal);
      }
      Object.assign(state, { liar: undefined, lies: {}, trouble: {} });
      apply();
    },
    calmToUnmet() {
      isCalm = true;
    },
    async goDown(forMs) {
      isDown = true;
      apply();
      await untilAsked('rpcDown', forMs);
      isDown = false;
      apply();
    },
    async move(place, fault, forMs, during) {
      const moved = fault === 'allEndpointsMoved' ? proxies : proxies.slice(1);
      for (const proxy of moved) proxy.moveTo({ target: place, fault });
      await Promise.all([untilAsked(fault, forMs), during()]);
      for (const proxy of moved) proxy.moveTo(undefined);
    },
    stop: async () => void (await Promise.all(proxies.map((proxy) => proxy.stop()))),
  };
}

const UNTOLD_CHANCE = 0.8;

/** A short storm asks few questions, so a lie that was not told yet is told at the next opportunity. */
function withUntold(mood: FaultChances, tally: FaultTally): FaultChances {
  return mood.hundredBehind === undefined ? { ...mood, ...untold(tally) } : mood;
}

/** The endpoint that is behind keeps its turn, because no other endpoint can tell this lie. */
function onlyBehind(mood: FaultChances): FaultChances {
  return mood.hundredBehind === undefined ? {} : mood;
}

function untold(tally: FaultTally): FaultChances {
  const counts = tally.injected();
  const left = LIES.filter((lie) => counts[lie] === 0 && lie !== 'hundredBehind');
  return Object.fromEntries(left.map((lie) => [lie, UNTOLD_CHANCE]));
}

const UNMET_CHANCE = 0.2;
/** Few requests send, because one request carries several payouts. */
const UNMET_FACTOR = 3;

/** A fault that has not struck any request yet gets a higher chance. */
function unmetOf(trouble: FaultChances, tally: FaultTally): FaultChances {
  const counts = tally.injected();
  const unmet = TRANSPORT_FAULTS.filter(
    (fault) => counts[fault] === 0 && (trouble[fault] ?? 0) > 0,
  );
  return Object.fromEntries(
    unmet.map((fault) => [fault, Math.max(UNMET_CHANCE, UNMET_FACTOR * (trouble[fault] ?? 0))]),
  );
}

/** Waits. Ends early and without an error when the signal comes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
