/**
 * How workflows call activities: time-outs, retries and lanes. Every option is set explicitly, because the SDK's
 * defaults (time-outs of ten years, unlimited retries) do not fit here.
 */
import type { Duration } from '@temporalio/common';
import {
  type ActivityFunction,
  type ActivityOptions,
  type LocalActivityOptions,
  proxyActivities,
  type RetryPolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { type Lane, laneQueue } from './contract.js';

/** Proxies the activities to this lane's task queue, which is derived from the calling workflow's queue. */
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

/** Retries after pauses that double. `tries` includes the first one; without it there is no limit. */
function doubling(pauses: {
  readonly from: Duration;
  readonly to: Duration;
  readonly tries?: number;
}): RetryPolicy {
  const { from, to, tries = Number.POSITIVE_INFINITY } = pauses;
  return {
    initialInterval: from,
    backoffCoefficient: 2,
    maximumInterval: to,
    maximumAttempts: tries,
  };
}

/** For orders that a person waits for: fails after a few tries. Postgres remembers, so the order can be given again. */
export const PERSON_WAITS: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: '30 seconds',
  retry: doubling({ from: '500 milliseconds', to: '5 seconds', tries: 5 }),
};

/** For a saga's step, which may run twice. A local activity saves thousands of sagas one activity task each. */
export const SEND_CALL: LocalActivityOptions = {
  startToCloseTimeout: '2 minutes',
  localRetryThreshold: '5 seconds',
  retry: doubling({ from: '1 second', to: '30 seconds' }),
};

/**
 * For a sync, which reads a source to its end; the first one may have years of events to read. When a source is down,
 * the sync fails visibly after a few tries; the schedule starts the next one.
 */
export const SYNC_CALL: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '30 seconds',
  retry: doubling({ from: '2 seconds', to: '30 seconds', tries: 4 }),
};

/** For a backfill. No schedule would start it again, so its retries outlast a source or database away for hours. */
export const BACKFILL_CALL: ActivityOptions = {
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '15 seconds',
  retry: doubling({ from: '2 seconds', to: '1 minute', tries: 200 }),
};

/** For a repair that a person waits for. The wallet is halted, so the heartbeat lets another worker take over soon. */
export const REPAIR_CALL: ActivityOptions = {
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '15 seconds',
  scheduleToCloseTimeout: '10 minutes',
  retry: doubling({ from: '1 second', to: '10 seconds', tries: 5 }),
};

/** For work of days on the history. When the RPC endpoints cannot answer it fails, and the schedule starts it again. */
export const HISTORY_CALL: ActivityOptions = {
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '1 minute',
  retry: doubling({ from: '1 second', to: '30 seconds', tries: 6 }),
};

/** For activities that go through many rows or sagas, with heartbeats. */
export const BULK_CALL: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '1 minute',
  retry: doubling({ from: '1 second', to: '30 seconds' }),
};

/** For finding out what is to be told to whom, some queries. When it fails, the next run makes up for it. */
export const SPREAD_CALL: ActivityOptions = {
  startToCloseTimeout: '2 minutes',
  scheduleToCloseTimeout: '5 minutes',
  retry: doubling({ from: '2 seconds', to: '15 seconds', tries: 4 }),
};

/**
 * For delivering what is due at one target. A receiver that fails is no failure of the activity: Postgres keeps when it
 * is tried again, for days. The retries here are for a worker that dies, and for a database that is away.
 */
export const DELIVER_CALL: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '8 seconds',
  retry: doubling({ from: '1 second', to: '30 seconds', tries: 20 }),
};

/** For one look of the sentinel, about ten queries. When it fails or hangs, the next look makes up for it. */
export const LOOK_CALL: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '3 minutes',
  retry: doubling({ from: '2 seconds', to: '15 seconds', tries: 4 }),
};
