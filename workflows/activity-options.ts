/**
 * How activities are called. Every option is spelled out: the defaults of the SDK (ten-year
 * time-outs, retries without bound) are decisions too, and not ours.
 */
import {
  type ActivityFunction,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { type Lane, laneQueue } from './contract.js';

/** Activities that run in the slots of this lane, next to the queue of the workflow that calls them. */
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
 * Answers a person who waits: fails after a few tries instead of hanging. What it did is in
 * Postgres, so that asking again is harmless.
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
 * Signs and broadcasts, or tells how the payout stands. It is local: the first step of thousands of sagas needs
 * no task of its own, and it can run twice, because Postgres decides.
 */
export const SEND_CALL: LocalActivityOptions = {
  startToCloseTimeout: '2 minutes',
  localRetryThreshold: '5 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** Reads a source to its end, which may be years of events away. */
export const SYNC_CALL: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '30 seconds',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    // The schedule comes again; a source that is down shows as a failed sync, not as a hung one.
    maximumAttempts: 4,
  },
};

/**
 * Reads years of a source because a person asked once: no schedule comes again, so it outlasts a source
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
 * A repair that a person waits for: the chain may have to be searched, and must answer soon. The wallet is
 * halted meanwhile: the heartbeat lets another worker take over within seconds when this one dies.
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
 * Reads the wallet's or the ledger's history, which may be years long, and beats while it gets on: it ends when
 * it ends. What the endpoints cannot tell shows as a failure that says why, not as a run without end: the schedule comes again.
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

/** Goes over many rows or sagas, heartbeating. */
export const BULK_CALL: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** One look of the sentinel, some ten queries: what fails or hangs is left to the next look. */
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
