import { type BoundedOptions, fillBacklog, runBounded } from '../simulator/simulator-run.js';
import { createTraffic, type Traffic } from '../simulator/simulator-traffic.js';
import type { Site } from '../stack/pool/sites.js';

type SitePlan = Pick<BoundedOptions, 'backlogEvents' | 'liveEvents' | 'incidents'>;

const LIVE_MS = 30_000;

/** The plan of each orchestrator. Together they emit over 10 000 events and every trap. */
const PLANS: Readonly<Record<string, SitePlan>> = {
  'us-west-transcode': {
    backlogEvents: 1_900,
    liveEvents: 2_400,
    incidents: [
      { at: 0.15, what: 'burst' },
      { at: 0.3, what: 'restart' },
      { at: 0.5, what: 'huge-job' },
      { at: 0.6, what: 'oddities' },
    ],
  },
  'us-west-ai-1': {
    backlogEvents: 1_900,
    liveEvents: 2_200,
    incidents: [
      { at: 0.2, what: 'oddities' },
      { at: 0.4, what: 'wipe' },
      { at: 0.7, what: 'burst' },
      { at: 0.8, what: 'huge-job' },
    ],
  },
  'us-west-ai-2': {
    backlogEvents: 900,
    liveEvents: 1_300,
    incidents: [
      { at: 0.5, what: 'restart' },
      { at: 0.75, what: 'burst' },
    ],
  },
};

/** Creates the traffic around one orchestrator from its own seed. */
export function trafficOf({ id, seed, nodeType, workers, orchestrator }: Site): Traffic {
  const terse = id.endsWith('2');
  return createTraffic({ seed, nodeType, workers, firstJob: orchestrator.lastJob(), terse });
}

export interface DayAtSite {
  /** Returns the share of the live events that were emitted, 0 to 1. */
  progress(): number;
  /** Plays the day. Resolves when everything is emitted. */
  live(signal: AbortSignal): Promise<void>;
}

/** Fills a site with the events from before the manager's start, and prepares the live ones. */
export function prepareDay(site: Site): DayAtSite {
  const plan = PLANS[site.id];
  if (plan === undefined) throw new RangeError(`the day has no plan for ${site.id}`);
  const { orchestrator, nodeType } = site;
  const run = { ...plan, orchestrator, nodeType, liveMs: LIVE_MS, traffic: trafficOf(site) };
  fillBacklog(run);
  const before = orchestrator.emitted();
  return {
    progress: () => Math.min(1, (orchestrator.emitted() - before) / plan.liveEvents),
    live: (signal) => runBounded({ ...run, signal }),
  };
}
