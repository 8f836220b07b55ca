import { join } from 'node:path';
import type { JournalSource } from '../../referee/compare-journal.js';
import { type Orchestrator, startOrchestrator } from '../../simulator/simulator.js';
import { type Cast, type CastContracts, castWorkers } from '../../simulator/simulator-cast.js';
import type { PoolFile } from './pool-file.js';
import type { StackSource } from './stack-config.js';

/** An orchestrator with its workers. */
export interface Site extends Omit<StackSource, 'endpoint'> {
  readonly orchestrator: Orchestrator;
  readonly workers: Cast['ai'];
  readonly journal: JournalSource;
  /** True when it has emitted nothing yet. */
  readonly isNew: boolean;
  readonly seed: number;
}

const SITES = [
  { id: 'us-west-transcode', region: 'us-west', nodeType: 'transcode', workers: 'transcode' },
  { id: 'us-west-ai-1', region: 'us-west', nodeType: 'ai', workers: 'ai' },
  // This one has the same region and node type as the one above. The two must not be mixed up.
  { id: 'us-west-ai-2', region: 'us-west', nodeType: 'ai', workers: 'secondAi' },
] as const;

interface SiteOptions {
  readonly dir: string;
  readonly seed: number;
  readonly contracts: CastContracts;
  readonly pool: PoolFile | undefined;
  readonly ports: readonly number[];
  readonly stops: (() => Promise<void>)[];
}

/** Starts the orchestrators of a stack. A pool's file may say whom they work with, and in which regions they are. */
export async function startSites(options: SiteOptions): Promise<readonly Site[]> {
  const cast = castWorkers(options.seed, options.contracts, options.pool?.payees);
  const [first, second = first] = options.pool?.regions ?? [];
  const sites: Site[] = [];
  for (const [at, { id, nodeType, workers, ...site }] of SITES.entries()) {
    const region = (nodeType === 'transcode' ? first : second) ?? site.region;
    const path = join(options.dir, `${id}.ndjson`);
    const port = options.ports[at] ?? 0;
    const orchestrator = await startOrchestrator({ name: id, journalPath: path, port });
    options.stops.push(() => orchestrator.stop());
    sites.push({
      id,
      region,
      nodeType,
      orchestrator,
      workers: cast[workers],
      journal: { sourceId: id, nodeType, region, path },
      isNew: orchestrator.emitted() === 0,
      // The seed changes with a restart; otherwise request ids would come back within the hour.
      seed: options.seed * 31 + at * 7 + orchestrator.emitted() * 1_013,
    });
  }
  return sites;
}
