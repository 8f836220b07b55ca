/**
 * Runs every workflow type of the contract to each of its endings, on a real Temporal server. The activities follow a script, so
 * that every branch is reached. `KEEP_HISTORIES=1` saves what ran, for `replay.test.ts`. The saga's endings are in
 * `payout.test.ts`.
 */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pausedReport } from '../core/events/rules/sync-reports.js';
import { keepHistory } from '../test/harness/keep-history.js';
import { connectTestTemporal, type TestTemporal } from '../test/harness/temporal.js';
import { WORKFLOW_TYPES } from '../test/harness/workflow-types.js';
import type { Activities } from './activity-types.js';

/** What the activities return in one run. One without an answer fails for good. */
type Answers = { readonly [Name in keyof Activities]?: Awaited<ReturnType<Activities[Name]>> };

const PAYOUT = { payoutId: 'p1', workflowId: 'w/payout/p1', amountWei: '5', created: true };
const PAYEE = `0x${'a1'.repeat(20)}`;
const WEI = { grossWei: '4', commissionWei: '1', netWei: '3' };
const READ = { events: 2, fresh: 1, duplicates: 1, setAside: 0, batches: 1 };
const DIFFERS = [{ code: 'DRIFT', message: 'one wei is missing' }];
const REPAIR = { applied: true, words: 'The payout was ended.' };
const JOBS = { ...WEI, applied: true, jobs: 1, already: 0, shown: [], words: 'One job.' };
const ROUND = { payouts: 1, reservedWei: '5', leftOut: [{ payee: PAYEE, words: 'refused' }] };
const NOBODY_DUE = { payouts: 0, reservedWei: '0', leftOut: [] };
const ADJUSTED = {
  ...({ applied: true, already: false, payee: PAYEE, nodeType: 'ai', region: 'eu' } as const),
  amountWei: '1',
  pendingWei: '6',
  words: 'One wei more is pending.',
};
const BLOCKS = { fromBlock: 1, toBlock: 9, fromNonce: 0, toNonce: 1 };
const BALANCE = { openingWei: '9', balanceWei: '3', inWei: '0', outWei: '5', gasWei: '1' };
const REDEEMED = { told: 1, settled: 1, open: 0, trouble: null };
const RESOLVED = { payees: 1, workers: 1, rates: 1, rules: 0, admissions: 0, looks: 0 };
const REBUILT = { id: '1', events: 2, archivedEvents: 0, tookMs: 3, schema: null };

/** The endings of each type beside its failure, by name. */
const ENDINGS: Readonly<Record<string, Readonly<Record<string, Answers>>>> = {
  sync: {
    done: { syncSource: { ...READ, retried: 0, cursor: null } },
    paused: { syncSource: pausedReport('the archive is full') },
  },
  payoutRound: {
    'nobody-due': { reserveRound: NOBODY_DUE },
    reserved: { reserveRound: ROUND, startSagas: { started: 1 } },
  },
  audit: {
    'adds-up': { auditPool: { ok: true, findings: [] } },
    differs: { auditPool: { ok: false, findings: DIFFERS } },
  },
  recheck: { done: { recheckSettled: { final: 1, moved: 0, reopened: 0 } } },
  reconcile: {
    differs: { reconcileWallet: { ...BLOCKS, ...BALANCE, ok: false, findings: DIFFERS } },
  },
  sentinel: {
    quiet: {
      lookAtSources: { sources: 1, opened: 0, worse: 0, resolved: 0, open: 0, findings: [] },
    },
  },
  guard: {
    off: { judgeWorkers: { mode: 'off', judged: 0, changes: [] } },
    judged: { judgeWorkers: { mode: 'warn', judged: 3, changes: [] } },
  },
  policies: {
    failing: {
      askPolicies: {
        ...RESOLVED,
        bonuses: 0,
        bonusShortWei: '0',
        failures: [
          {
            about: 'rates',
            policy: 'tiers',
            policyVersion: '1',
            payee: null,
            payees: 1,
            wrong: 'it hangs',
          },
        ],
      },
    },
  },
  revenue: {
    shared: { lookAtRevenue: { ...REDEEMED, periodsClosed: 1, sharedWei: '7', waits: null } },
    waits: {
      lookAtRevenue: {
        ...REDEEMED,
        trouble: 'no endpoint answers',
        periodsClosed: 0,
        sharedWei: '0',
        waits: 'not read to the end of the period: a',
      },
    },
  },
  shadow: {
    compared: { compareShadow: { place: 'a file', failure: null, payees: 2, unexplained: 0 } },
    'not-compared': {
      compareShadow: { place: 'a file', failure: 'no such file', payees: 0, unexplained: 0 },
    },
  },
  sweep: {
    stuck: {
      sweepSagas: {
        started: 1,
        told: 0,
        stuck: [{ payoutId: 'p1', workflowId: 'w/payout/p1', failure: 'a bad deploy' }],
      },
    },
  },
  archiveEvents: {
    archived: {
      archiveEvents: {
        archived: [{ month: '2025-01', file: '2025-01.gz', rows: 2, bytes: 99 }],
        compactedPostings: 1,
        waiting: null,
      },
    },
  },
  notices: {
    'nobody-told': { spreadNotices: { targetIds: [] } },
    told: {
      spreadNotices: { targetIds: ['ops', 'payees'] },
      deliverNotices: { delivered: 1, failed: 0, refused: 0, lastError: null },
    },
  },
  deliverNotices: {
    delivered: { deliverNotices: { delivered: 1, failed: 0, refused: 0, lastError: null } },
    'not-answered': {
      deliverNotices: { delivered: 0, failed: 1, refused: 0, lastError: 'it does not answer' },
    },
  },
  releasePayout: { done: { releasePayout: REPAIR } },
  payElsewhere: {
    'not-applied': { payElsewhere: { applied: false, words: 'It would be booked as paid.' } },
  },
  assignJobs: { done: { assignJobs: JOBS } },
  absorbJobs: { done: { absorbJobs: JOBS } },
  adjustPayee: { done: { adjustPayee: ADJUSTED } },
  adoptWallet: {
    done: { adoptWallet: { applied: true, complete: true, waiting: null, findings: [] } },
    waits: {
      adoptWallet: { applied: false, complete: false, waiting: 'not final', findings: [] },
    },
  },
  manualPayout: { reserved: { reserveManual: PAYOUT, startSagas: { started: 1 } } },
  orderedRound: {
    'nobody-due': { reserveOrderedRound: { ...NOBODY_DUE, roundId: 'r1' } },
    reserved: { reserveOrderedRound: { ...ROUND, roundId: 'r1' }, startSagas: { started: 1 } },
  },
  backfill: {
    done: {
      backfillSource: {
        ...READ,
        passedOver: 0,
        newest: null,
        eventsPerSecond: 1,
        attempts: 1,
        tookMs: 9,
      },
    },
  },
  retrySetAside: {
    done: { retrySetAside: { applied: true, looked: 1, outcomes: { counted: 1 }, shown: [] } },
  },
  rebuild: {
    'adds-up': {
      rebuildBalances: {
        ...REBUILT,
        ok: true,
        findings: [],
        findingsTotal: 0,
        applied: false,
        corrections: null,
      },
    },
    differs: {
      rebuildBalances: {
        ...REBUILT,
        ok: false,
        findings: DIFFERS,
        findingsTotal: 1,
        applied: false,
        corrections: null,
      },
    },
  },
  restoreArchive: { done: { restoreArchive: { rows: 2 } } },
  verifyArchive: { damaged: { verifyArchive: { files: 1, findings: DIFFERS } } },
};

const SCRIPTED = WORKFLOW_TYPES.filter((type) => type !== 'payout');
const CASES = Object.entries(ENDINGS).flatMap(([type, endings]) =>
  Object.entries(endings).map(([ending, answers]) => ({ type, ending, answers })),
);

describe('every workflow of the contract', () => {
  let temporal: TestTemporal;
  /** What each run's activities return, by the pool id of its input. */
  const scripts = new Map<string, Answers>();
  beforeAll(async () => {
    temporal = await connectTestTemporal();
    await temporal.startWorker(scriptedActivities(scripts));
  });
  afterAll(() => temporal.close());

  async function start(type: string, ending: string, answers: Answers): Promise<WorkflowHandle> {
    const poolId = `${type}-${ending}-${randomUUID().slice(0, 8)}`;
    scripts.set(poolId, answers);
    return await temporal.client.workflow.start(type, {
      taskQueue: temporal.taskQueue,
      workflowId: `${poolId}/${type}`,
      args: [{ poolId, sourceId: 'one', targetId: 'ops', orderId: 'o1', withEvents: true }],
    });
  }

  it('has an ending here, so that a new type is not forgotten', () => {
    expect(Object.keys(ENDINGS).sort()).toEqual([...SCRIPTED].sort());
  });

  it.concurrent.each(CASES)('$type ends well: $ending', async ({ type, ending, answers }) => {
    const handle = await start(type, ending, answers);
    await handle.result();
    await keepHistory(handle, `${type}-${ending}`);
  });

  it.concurrent.each(SCRIPTED)('%s fails with the error of its activity', async (type) => {
    const handle = await start(type, 'failed', {});
    const failure = await handle.result().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    expect(String((failure as WorkflowFailedError).cause?.cause)).toContain('scripted to fail');
    await keepHistory(handle, `${type}-failed`);
  });

  it('starts no second delivery to a target whose first one runs', async () => {
    const poolId = `notices-running-${randomUUID().slice(0, 8)}`;
    scripts.set(poolId, { spreadNotices: { targetIds: ['ops'] } });
    const { client, taskQueue } = temporal;
    const running = await client.workflow.start('deliverNotices', {
      taskQueue: `${taskQueue}/nobody`,
      workflowId: `${poolId}/notices/ops`,
      args: [{ poolId, targetId: 'ops' }],
    });
    const handle = await client.workflow.start('notices', {
      taskQueue,
      workflowId: `${poolId}/notices`,
      args: [{ poolId }],
    });
    expect(await handle.result()).toEqual({ targets: 1, running: 1 });
    await keepHistory(handle, 'notices-running');
    await running.terminate();
  });
});

/** All activities that the scripts name; each answers by its input's pool id. */
function scriptedActivities(scripts: ReadonlyMap<string, Answers>) {
  const names = new Set(CASES.flatMap(({ answers }) => Object.keys(answers)));
  const answer = (name: string) => async (input: { readonly poolId: string }) => {
    const value = scripts.get(input.poolId)?.[name as keyof Activities];
    if (value !== undefined) return value;
    throw ApplicationFailure.nonRetryable('scripted to fail');
  };
  return Object.fromEntries([...names].map((name) => [name, answer(name)]));
}
