import { setTimeout as sleep } from 'node:timers/promises';
import type { Orchestrator } from './simulator.js';
import type { Traffic } from './simulator-traffic.js';

const TICK_MS = 100;
const DOWN_MS = 1_500;
const HOUR_MS = 3_600_000;
/** The average number of events of one job. */
const EVENTS_PER_JOB = { ai: 1.96, transcode: 1 } as const;

export interface Incident {
  /** When it happens, as a share of the live events. */
  readonly at: number;
  readonly what: 'restart' | 'wipe' | 'oddities' | 'burst' | 'huge-job';
}

export interface RunOptions {
  readonly orchestrator: Orchestrator;
  readonly traffic: Traffic;
  readonly nodeType: 'ai' | 'transcode';
  readonly signal: AbortSignal;
}

export interface BoundedOptions extends RunOptions {
  readonly backlogEvents: number;
  readonly liveEvents: number;
  readonly liveMs: number;
  readonly incidents: readonly Incident[];
}

/** Makes the events of the hours before the manager's start. The first answer has all of them. */
export function fillBacklog(
  options: Pick<BoundedOptions, 'orchestrator' | 'traffic' | 'nodeType' | 'backlogEvents'>,
): void {
  const { orchestrator, traffic, backlogEvents, nodeType } = options;
  const now = Date.now();
  const beginMs = now - 24 * HOUR_MS;
  const steps = 1_000;
  const before = orchestrator.emitted();
  traffic.start(beginMs);
  for (let step = 1; step <= steps; step += 1) {
    const atMs = beginMs + Math.floor((step / steps) * (now - beginMs - 60_000));
    const wanted = (backlogEvents * step) / steps - (orchestrator.emitted() - before);
    const older = step < steps * 0.15;
    const perJob = older ? 2 : EVENTS_PER_JOB[nodeType];
    traffic.jobs(Math.max(0, Math.round(wanted / perJob)), atMs, { older });
    if (step % 200 === 0) traffic.oddities(atMs);
    if (step % 25 === 0) traffic.flap(atMs);
    orchestrator.insert(traffic.due(atMs));
  }
  orchestrator.insert(traffic.rest(now - 30_000));
}

/** Makes live traffic with incidents, up to a number of events. Ends when all halves of jobs are out. */
export async function runBounded(options: BoundedOptions): Promise<void> {
  const { orchestrator, traffic, liveEvents, nodeType, signal } = options;
  const incidents = [...options.incidents].sort((a, b) => a.at - b.at);
  const before = orchestrator.emitted();
  const done = () => orchestrator.emitted() - before;
  const endMs = Date.now() + options.liveMs;
  const flow = openFlow(options);
  while (done() < liveEvents && !signal.aborted) {
    const [incident] = incidents;
    if (incident !== undefined && done() >= incident.at * liveEvents) {
      incidents.shift();
      await flow.suffer(incident.what);
    }
    const ticksLeft = Math.max(1, (endMs - Date.now()) / TICK_MS);
    flow.jobs((liveEvents - done()) / EVENTS_PER_JOB[nodeType] / ticksLeft);
    await sleep(TICK_MS);
  }
  flow.close();
  orchestrator.insert(traffic.rest(Date.now()));
}

export interface EndlessOptions extends RunOptions {
  readonly jobsPerSecond: number;
}

/** Makes live traffic until it is told to stop, with an incident now and then. */
export async function runEndless(options: EndlessOptions): Promise<void> {
  const { orchestrator, traffic, signal } = options;
  const flow = openFlow(options);
  for (let tick = 1; !signal.aborted; tick += 1) {
    if (tick % 450 === 0) await flow.suffer('burst');
    if (tick % 1_700 === 0) await flow.suffer('oddities');
    if (tick % 3_100 === 0) await flow.suffer('restart');
    if (tick % 9_000 === 0) await flow.suffer('wipe');
    flow.jobs((options.jobsPerSecond * TICK_MS) / 1_000);
    await sleep(TICK_MS);
  }
  flow.close();
  orchestrator.insert(traffic.rest(Date.now()));
}

interface Flow {
  /** Emits this many jobs in small bunches. Fractions are carried over to the next call. */
  jobs(count: number): void;
  suffer(what: Incident['what']): Promise<void>;
  close(): void;
}

function openFlow({ orchestrator, traffic, signal }: RunOptions): Flow {
  let owed = 0;
  let calls = 0;
  let quiet = false;
  const emit = () => orchestrator.insert(traffic.due(Date.now()));
  orchestrator.onAnswer(() => {
    // These get the same second as the poll, so a reader that only goes forward would lose them.
    if (quiet || signal.aborted) return;
    traffic.jobs(2, Date.now());
    emit();
  });
  const restart = async (wipe: boolean) => {
    quiet = true;
    emit();
    while (wipe && !orchestrator.servedTwice() && !signal.aborted) await sleep(TICK_MS);
    await orchestrator.goDown(DOWN_MS);
    if (wipe && !signal.aborted) orchestrator.wipe();
    traffic.start(Date.now());
    quiet = false;
  };
  const now = {
    oddities: () => traffic.oddities(Date.now()),
    burst: () => traffic.jobs(120, Date.now()),
    'huge-job': () => traffic.jobs(1, Date.now(), { huge: true }),
  };
  return {
    jobs(count) {
      owed += count;
      calls += 1;
      if (calls % 7 === 0) traffic.flap(Date.now());
      if (calls % 3 === 0) {
        traffic.jobs(Math.floor(owed), Date.now());
        owed -= Math.floor(owed);
      }
      emit();
    },
    async suffer(what) {
      if (what === 'restart' || what === 'wipe') await restart(what === 'wipe');
      else now[what]();
      emit();
    },
    close() {
      quiet = true;
    },
  };
}
