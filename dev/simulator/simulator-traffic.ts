import { createRandom, type Random } from '../kit/random.js';
import type { Happening } from './simulator.js';
import type { CastWorker } from './simulator-cast.js';
import { aiJob, happening, transcodeJob } from './simulator-jobs.js';
import { brokenEvents, strangeEvents } from './simulator-oddities.js';

export interface TrafficOptions {
  readonly seed: number;
  readonly nodeType: 'ai' | 'transcode';
  readonly workers: readonly CastWorker[];
  /** The number of the first job, after a restart of the simulator. */
  readonly firstJob: number;
  /** Newer versions leave fields out of job-received. */
  readonly terse: boolean;
}

/** The traffic around one orchestrator. It keeps later halves of jobs until they are due. */
export interface Traffic {
  /** Restarts the orchestrator: all workers go offline, and then connect again. */
  start(atMs: number): void;
  jobs(count: number, atMs: number, options?: { huge?: boolean; older?: boolean }): void;
  /** Lets a worker connect, leave, or open a second connection. */
  flap(atMs: number): void;
  oddities(atMs: number): void;
  /** Returns the events that are due by now, in order of time. */
  due(atMs: number): readonly Happening[];
  /** Returns all events that still wait. */
  rest(atMs: number): readonly Happening[];
}

/** A request id may come back, but not within the time in which halves are matched. */
const REUSE_AFTER_MS = 2 * 60 * 60_000;

/** Seeded traffic for one orchestrator. */
export function createTraffic(options: TrafficOptions): Traffic {
  const random = createRandom(options.seed);
  const requestIds = createRequestIds(random);
  const connections = new Map<CastWorker, string[]>();
  let waiting: Happening[] = [];
  let job = options.firstJob;

  const connect = (worker: CastWorker, atMs: number) => {
    const connection = `10.${random.int(0, 255)}.${random.int(0, 255)}.9:${random.int(1024, 65_535)}`;
    connections.set(worker, [...(connections.get(worker) ?? []), connection]);
    waiting.push(link('worker-connected', worker, connection, atMs));
  };
  const disconnect = (worker: CastWorker, atMs: number) => {
    const [connection, ...others] = connections.get(worker) ?? [];
    if (connection === undefined) return;
    connections.set(worker, others);
    waiting.push(link('worker-disconnected', worker, connection, atMs));
  };
  const jobHappenings = (atMs: number, huge: boolean, older: boolean) => {
    const worker = pickByShare(random, options.workers);
    job += 1;
    if (options.nodeType === 'transcode') {
      return transcodeJob(random, { job, atMs, worker, huge, older });
    }
    const requestId = requestIds.take(atMs);
    return aiJob(random, { job, atMs, worker, requestId, huge, terse: options.terse });
  };
  const take = (isDue: (one: Happening) => boolean) => {
    const due = waiting.filter(isDue).sort((a, b) => a.atMs - b.atMs);
    waiting = waiting.filter((one) => !isDue(one));
    return due;
  };

  return {
    start(atMs) {
      connections.clear();
      waiting.push(happening(atMs, 'orchestrator-reset', {}));
      for (const worker of options.workers) connect(worker, atMs + random.int(0, 2000));
    },
    jobs(count, atMs, { huge = false, older = false } = {}) {
      for (let n = 0; n < count; n += 1) waiting.push(...jobHappenings(atMs, huge, older));
    },
    flap(atMs) {
      const worker = random.pick(options.workers);
      const open = connections.get(worker)?.length ?? 0;
      if (open > 1 || (open === 1 && random.chance(0.4))) disconnect(worker, atMs);
      else connect(worker, atMs);
    },
    oddities: (atMs) =>
      void waiting.push(...strangeEvents(random, atMs), ...brokenEvents(random, atMs)),
    due: (atMs) => take((one) => one.atMs <= atMs),
    rest: (atMs) => take(() => true).map((one) => ({ ...one, atMs: Math.min(one.atMs, atMs) })),
  };
}

function link(type: string, worker: CastWorker, connection: string, atMs: number): Happening {
  const truth = { worker: worker.identity, connection };
  return happening(atMs, type, { ethAddress: worker.address, connection }, truth);
}

function pickByShare(random: Random, workers: readonly CastWorker[]): CastWorker {
  const total = workers.reduce((sum, worker) => sum + worker.share, 0);
  let left = random.next() * total;
  for (const worker of workers) {
    left -= worker.share;
    if (left <= 0) return worker;
  }
  return random.pick(workers);
}

function createRequestIds(random: Random) {
  const used: { readonly id: string; readonly atMs: number }[] = [];
  return {
    take(atMs: number): string {
      const oldest = used[0];
      const returns = oldest !== undefined && atMs - oldest.atMs > REUSE_AFTER_MS;
      if (returns) used.shift();
      const id = returns && random.chance(0.2) ? oldest.id : random.hex(4);
      used.push({ id, atMs });
      return id;
    },
  };
}
