/**
 * How workflows call activities: time-outs, retries and lanes. Every option is set explicitly, because the SDK's
 * defaults (time-outs of ten years, unlimited retries) do not fit here.
 */
import {
  type ActivityFunction,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { type Lane, laneQueue } from './contract.js';

/**
 * Proxies the activities so that they run on this lane's task queue, which is derived from the calling workflow's
 * queue.
 */
export function onLane<Activities>(lane: Lane, options: ActivityOptions): Activities {
  const call = (name: string) => {
    return (...args: readonly unknown[]) => {
      const taskQueue = laneQueue(workflowInfo().taskQueue, lane);
      const proxied = proxyActivities<Readonly<Record<string, ActivityFunction>>>({
        ...options,
        taskQueue,
      });
      return proxied[name]?.(...args);
    };
  };
  return new Proxy({}, { get: (_, name) => call(String(name)) }) as Activities;
}

/**
 * For orders whose result a person waits for: the call fails after a few tries instead of hanging. Postgres remembers
 * what was done, so the same order can be given again.
 */
export const PERSON_WAITS: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '30 seconds',
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '5 seconds',
    maximumAttempts: 5,
  },
};

/**
 * For a saga's step, which signs and broadcasts or returns the payout's state. It is a local activity, which saves
 * thousands of sagas one activity task each. Running it twice is harmless, because Postgres decides.
 */
export const SEND_CALL: LocalActivityOptions = {
  startToCloseTimeout: '2 minutes',
  localRetryThreshold: '5 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** For a sync, which reads a source to its end; the first one may have years of events to read. */
export const SYNC_CALL: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '30 seconds',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    // When a source is down, the sync fails visibly after a few tries; the schedule starts the next one.
    maximumAttempts: 4,
  },
};

/**
 * For a backfill, which may read years of a source. No schedule would start it again, so its retries outlast a source
 * or a database that is away for hours.
 */
export const BACKFILL_CALL: ActivityOptions = {
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '15 seconds',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '1 minute',
    maximumAttempts: 200,
  },
};

/**
 * For a repair that a person waits for, which may have to search the chain. The wallet is halted meanwhile, so the
 * heartbeat lets another worker take over within seconds when this one dies.
 */
export const REPAIR_CALL: ActivityOptions = {
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '15 seconds',
  scheduleToCloseTimeout: '10 minutes',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
    maximumAttempts: 5,
  },
};

/**
 * For work on the history of the wallet or the ledger, which may take days; its heartbeats show that it makes progress.
 * When the RPC endpoints cannot answer, it fails with the reason, and the schedule starts it again.
 */
export const HISTORY_CALL: ActivityOptions = {
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '1 minute',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    maximumAttempts: 6,
  },
};

/** For activities that go through many rows or sagas, with heartbeats. */
export const BULK_CALL: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** For one look of the sentinel, about ten queries. When it fails or hangs, the next look makes up for it. */
export const LOOK_CALL: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 minutes',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '15 seconds',
    maximumAttempts: 4,
  },
};
