import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { trafficOf } from '../demo/day-plan.js';
import { createNarrator, statusLine } from '../demo/narration.js';
import { openSnapshots } from '../demo/snapshot.js';
import type { Terminal } from '../demo/terminal.js';
import { fillBacklog, runEndless } from '../simulator/simulator-run.js';
import type { Traffic } from '../simulator/simulator-traffic.js';
import type { PoolFile } from './pool/pool-file.js';
import type { Site } from './pool/sites.js';
import { type Stack, startStack } from './stack.js';
import type { StackPorts } from './stack-state.js';

export interface LiveOptions {
  readonly dir: string;
  readonly fresh: boolean;
  readonly seed: number;
  /** Whose terms hold. @default the demo's own */
  readonly pool: PoolFile | undefined;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

const USUAL_PORTS: StackPorts = {
  api: 8080,
  temporal: 7233,
  temporalUi: 8233,
  chain: 8545,
  orchestrators: [7935, 7936, 7937],
};
const BACKLOG_EVENTS = 600;
const JOBS_PER_SECOND = { ai: 3, transcode: 6 } as const;
const LOOK_EVERY_MS = 500;

/** Runs a pool until it is told to end. The next run goes on from there. */
export async function runLive(options: LiveOptions): Promise<void> {
  const { terminal, signal } = options;
  const traffic = new Map<string, Traffic>();
  const stack = await startStack({
    dir: options.dir,
    fresh: options.fresh,
    seed: options.seed,
    pool: options.pool,
    ports: USUAL_PORTS,
    signal,
    pace: {
      syncInterval: '3s',
      payoutInterval: '20s',
      minPayoutInterval: '10s',
    },
    say: terminal.line,
    prepare: (site) => void traffic.set(site.id, prepare(site)),
  });
  const running = Promise.all(
    stack.sites.map((site) => {
      const { orchestrator, nodeType, id } = site;
      const jobsPerSecond = JOBS_PER_SECOND[nodeType];
      const ofSite = traffic.get(id) ?? trafficOf(site);
      return runEndless({ orchestrator, nodeType, signal, jobsPerSecond, traffic: ofSite });
    }),
  );
  try {
    greet(stack, terminal);
    await watch(stack, options);
  } finally {
    terminal.end();
    terminal.line('stopping …');
    await running;
    await stack.stop();
    terminal.line('stopped; the next start goes on from here');
  }
}

function prepare(site: Site): Traffic {
  const { orchestrator, nodeType } = site;
  const traffic = trafficOf(site);
  if (site.isNew) fillBacklog({ orchestrator, nodeType, traffic, backlogEvents: BACKLOG_EVENTS });
  else traffic.start(Date.now());
  return traffic;
}

function greet(stack: Stack, terminal: Terminal): void {
  terminal.line(
    [
      '',
      `  Pool and API      ${stack.apiUrl}`,
      `  Temporal          ${stack.temporalUiUrl}`,
      `  Chain             ${stack.rpcUrl}`,
      ...stack.sites.map((site) => `  Orchestrator      ${site.orchestrator.url}  ${site.id}`),
      `  State and logs    ${stack.dir}`,
      `  API token         ${join(stack.dir, 'api-token')}`,
      '',
      'A sync every 3 s, a payout round every 20 s. Ctrl-C ends it; the next start goes on.',
      '',
    ].join('\n'),
  );
}

async function watch(stack: Stack, { signal, terminal }: LiveOptions): Promise<void> {
  const snapshots = openSnapshots(stack.databaseUrl);
  const narrator = createNarrator();
  while (!signal.aborted) {
    try {
      const snapshot = await snapshots.read();
      for (const line of narrator.lines(snapshot)) {
        terminal.line(`${new Date().toLocaleTimeString('en-GB')}  ${line}`);
      }
      terminal.status(statusLine(snapshot));
    } catch {
      // Postgres is busy or starting. It is read again soon.
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  await snapshots.close();
}
