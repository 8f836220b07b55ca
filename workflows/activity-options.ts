/**
 * How workflows call activities: time-outs, retries, lanes. Every option is spelled out, because the SDK's defaults
 * (ten-year time-outs, retries without bound) do not fit here.
 */
import {
  type ActivityFunction,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { type Lane, laneQueue } from './contract.js';

/** Calls activities in the slots of this lane, which belongs to the queue of the calling workflow. */
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
 * For a person who waits: the call fails after a few tries instead of hanging. Postgres has what it did, so asking again
 * is harmless.
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
 * For the step of a saga that signs and broadcasts, or tells how the payout stands. The activity is local, which spares
 * thousands of sagas a task each. Running it twice is harmless, because Postgres decides.
 */
export const SEND_CALL: LocalActivityOptions = {
  startToCloseTimeout: '2 minutes',
  localRetryThreshold: '5 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** For reading a source to its end, which may be years of events away. */
export const SYNC_CALL: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '30 seconds',
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    // A source that is down should show as a failed sync and not as a hung one, and the schedule comes again.
    maximumAttempts: 4,
  },
};

/**
 * For reading years of a source because a person asked for it. No schedule comes again, so the call outlasts a source
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
 * For work on the wallet's or the ledger's history, which may be years long: it takes as long as it takes, and beats
 * while it gets on. When the endpoints cannot answer, it fails and says why, and the schedule comes again.
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

/** For going over many rows or sagas, with heartbeats. */
export const BULK_CALL: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
};

/** For one look of the sentinel, some ten queries. What fails or hangs is left to the next look. */
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
