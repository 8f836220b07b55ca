/** The Temporal workers of a process, one for each task queue: what waits in one queue holds up none of the others. */
import { hostname } from 'node:os';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { LANES, type Lane, laneQueue } from '../../workflows/contract.js';

/** On a stop, running activities have this many ms before they are cancelled. */
const SHUTDOWN_GRACE_MS = 15_000;
/** On a stop, the worker gives up on them after this many ms. A container's grace period must be longer. */
export const SHUTDOWN_FORCE_MS = 25_000;

type Slots = Pick<
  WorkerOptions,
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxConcurrentWorkflowTaskExecutions'
  | 'maxConcurrentLocalActivityExecutions'
  | 'maxCachedWorkflows'
>;

/** The main queue's slots, for rounds, sweeps, audits and the sentinel, all of which repeat on a schedule. */
const MAIN_SLOTS: Slots = {
  maxConcurrentActivityTaskExecutions: 20,
  maxConcurrentWorkflowTaskExecutions: 40,
  maxCachedWorkflows: 200,
};

const LANE_SLOTS: Readonly<Record<Lane, Slots>> = {
  // Many slots, because a saga's first step signs together with up to a hundred others in one transaction.
  payouts: {
    maxConcurrentWorkflowTaskExecutions: 100,
    maxConcurrentLocalActivityExecutions: 200,
    maxCachedWorkflows: 1_000,
  },
  orders: { maxConcurrentActivityTaskExecutions: 20 },
  sync: { maxConcurrentActivityTaskExecutions: 100 },
  // A backfill may take days, and no scheduled work may wait for it.
  backfill: { maxConcurrentActivityTaskExecutions: 10 },
  long: { maxConcurrentActivityTaskExecutions: 10 },
  // A slot for each target that does not answer at once. They wait for the network and do little else.
  notices: { maxConcurrentActivityTaskExecutions: 50 },
};

/** The only lane whose worker also runs workflows, as the main queue's does; the other lanes run activities only. */
const WITH_WORKFLOWS: Lane = 'payouts';

/** Lists the task queues of a pool, and what a worker polls each of them for. */
export function polledQueues(mainQueue: string) {
  const both = ['workflow', 'activity'] as const;
  const activities = ['activity'] as const;
  return [
    { queue: mainQueue, kinds: both },
    ...LANES.map((lane) => ({
      queue: laneQueue(mainQueue, lane),
      kinds: lane === WITH_WORKFLOWS ? both : activities,
    })),
  ];
}

export interface LaneOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly mainQueue: string;
  readonly activities: object;
  readonly workflows: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  /** Names the build in the histories of what it ran and among the pollers of its queues. @default the SDK's name */
  readonly buildId?: string;
  readonly more?: Pick<WorkerOptions, 'interceptors'>;
}

/** Creates the workers of all queues. They poll only once they are run. */
export async function createLanes(options: LaneOptions): Promise<readonly Worker[]> {
  const { mainQueue, workflows, more, buildId, ...common } = options;
  const named = buildId === undefined ? {} : nameBuild(buildId);
  const create = (taskQueue: string, slots: Slots, hasWorkflows: boolean) =>
    Worker.create({
      ...common,
      ...named,
      ...slots,
      taskQueue,
      shutdownGraceTime: SHUTDOWN_GRACE_MS,
      shutdownForceTime: SHUTDOWN_FORCE_MS,
      ...(hasWorkflows ? workflows : {}),
      ...more,
    });
  const workers = [await create(mainQueue, MAIN_SLOTS, true)];
  for (const lane of LANES) {
    const queue = laneQueue(mainQueue, lane);
    workers.push(await create(queue, LANE_SLOTS[lane], lane === WITH_WORKFLOWS));
  }
  return workers;
}

/**
 * The build's id goes into every workflow task that it completes, and with the worker's identity into what Temporal's UI and
 * `temporal task-queue describe` show. Temporal gives tasks to workers of every build nevertheless: two builds run beside each
 * other for a moment in each deploy, and `openpool doctor --replay` tells beforehand whether they can.
 */
function nameBuild(buildId: string) {
  return {
    identity: `openpool ${buildId} ${process.pid}@${hostname()}`,
    workerDeploymentOptions: {
      version: { deploymentName: 'openpool', buildId },
      useWorkerVersioning: false,
    },
  };
}

/** Runs all workers until all have stopped. When one fails, stops the others and throws its error. */
export async function runLanes(workers: readonly Worker[]): Promise<void> {
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } catch (error) {
      stopLanes(workers);
      throw error;
    }
  });
  const ends = await Promise.allSettled(runs);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

export function stopLanes(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}
