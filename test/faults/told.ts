/** Notices while their receiver is down and their worker is killed again and again, and the payouts meanwhile. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { inject } from 'vitest';
import {
  startTestReceiver,
  type TestReceiver,
} from '../../core/notices/notifiers/testing/test-receiver.js';
import { countUndelivered } from '../../core/notices/store/notice-reads.js';
import { type NewNotice, writeNotices } from '../../core/notices/store/outbox.js';
import { spreadNotices } from '../../core/notices/store/spreading.js';
import { startProcess } from '../../dev/kit/process.js';
import { until } from '../../dev/kit/until.js';
import { createTestDatabase } from '../harness/database.js';
import { compiled } from '../harness/script.js';
import { connectTestTemporal } from '../harness/temporal.js';
import type { TellerJob } from './teller.js';

const WALLET = `0x${'ee'.repeat(20)}` as const;
const ROOT = new URL('../..', import.meta.url).pathname;

export interface Story {
  readonly notices: number;
  readonly kills: number;
  /** How long the receiver is down, with times scaled by the back-off. */
  readonly downMs: number;
}

export interface Told {
  /** How often each id arrived, with a signature that is right. */
  readonly arrived: ReadonlyMap<string, number>;
  readonly left: number;
  readonly sagaMs: readonly number[];
}

const BACK_OFF = {
  firstPauseMs: 100,
  longestPauseMs: 12_000,
  failuresBeforeRest: 3,
  giveUpAfterMs: 86_400_000,
  leaseMs: 1_500,
};

export async function tellThroughTrouble({ notices, kills, downMs }: Story): Promise<Told> {
  const database = await createTestDatabase();
  const temporal = await connectTestTemporal();
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receiver = await startTestReceiver();
  const options = { url: receiver.url, secret };
  const ops = {
    id: 'ops',
    kind: 'webhook',
    module: null,
    baseDir: '/',
    addressOf: 'operator',
    payee: null,
    only: null,
    offlineAfterMs: null,
    options,
  } as const;
  const job: TellerJob = {
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    taskQueue: temporal.taskQueue,
    workflowBundlePath: inject('workflowBundlePath'),
    targets: [ops],
    backOff: BACK_OFF,
  };
  const life = () =>
    startProcess({
      name: 'teller',
      command: process.execPath,
      args: [compiled('test/faults/teller.ts'), JSON.stringify(job)],
      cwd: ROOT,
    });
  const { client, taskQueue } = temporal;
  const poolId = `told-${randomUUID()}`;
  const schedule = await client.schedule.create({
    scheduleId: `${poolId}/notices`,
    spec: { intervals: [{ every: 1_000 }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'notices',
      workflowId: `${poolId}/notices`,
      taskQueue,
      args: [{ poolId }],
    },
  });
  const sagaMs: number[] = [];
  let teller = life();
  try {
    await spreadNotices(database.db, [ops]);
    refuse(receiver);
    const upAtMs = Date.now() + downMs;
    for (let life_ = 0; ; life_ += 1) {
      const share = Math.ceil(notices / (kills + 1));
      const from = life_ * share;
      await writeNotices(database.db, haltsFrom(from, Math.min(share, notices - from)));
      await until('the worker', async () => teller.tail().includes('tells'), { withinMs: 30_000 });
      sagaMs.push(await carryPayout(client, taskQueue, poolId));
      if (life_ === kills) break;
      // The first lives meet a receiver that is down, the others one that is slow.
      if (Date.now() >= upAtMs) takeSlowly(receiver);
      const before = receiver.posted.length;
      await until('a try', async () => receiver.posted.length > before, { withinMs: 60_000 });
      teller.kill('SIGKILL');
      await teller.ended;
      teller = life();
    }
    await until('the end of the outage', async () => Date.now() >= upAtMs, {
      withinMs: downMs + 1_000,
    });
    take(receiver);
    // What was written last may still be without a delivery, so that nothing undelivered is not enough.
    const isAllTold = async () =>
      countArrived(receiver, secret).size === notices &&
      (await countUndelivered(database.db)).length === 0;
    await until('everything told', isAllTold, { withinMs: 120_000 });
    return { arrived: countArrived(receiver, secret), left: 0, sagaMs };
  } finally {
    await schedule.delete();
    teller.kill('SIGKILL');
    await teller.ended;
    await receiver.stop();
    await temporal.close();
    await database.close();
  }
}

const haltsFrom = (from: number, count: number): readonly NewNotice[] =>
  Array.from({ length: Math.max(count, 0) }, (_, i) => ({
    key: `halted/${from + i}`,
    kind: 'halted',
    facts: { code: 'HALTED_BY_OPERATOR', reason: `${from + i}`, wallet: WALLET },
  }));

/** The ids whose notices were answered with 204: those count as arrived. */
const taken = new WeakMap<TestReceiver, Set<object>>();
function refuse(receiver: TestReceiver): void {
  taken.set(receiver, new Set());
  receiver.answer = (response) => response.writeHead(503).end('down');
}
function take(receiver: TestReceiver): void {
  receiver.answer = (response, posted) => {
    taken.get(receiver)?.add(posted);
    response.writeHead(204).end();
  };
}
/** Takes what comes and answers a while later, so that a kill finds some of it taken and not yet stored as delivered. */
function takeSlowly(receiver: TestReceiver): void {
  receiver.answer = (response, posted) => {
    taken.get(receiver)?.add(posted);
    setTimeout(() => response.writeHead(204).end(), 50);
  };
}

function countArrived(receiver: TestReceiver, secret: string): ReadonlyMap<string, number> {
  const verifier = new Webhook(secret);
  const counts = new Map<string, number>();
  for (const posted of receiver.posted) {
    if (taken.get(receiver)?.has(posted) !== true) continue;
    const of = (name: string) => String(posted.headers[`webhook-${name}`]);
    verifier.verify(posted.body, {
      'webhook-id': of('id'),
      'webhook-timestamp': of('timestamp'),
      'webhook-signature': of('signature'),
    });
    counts.set(of('id'), (counts.get(of('id')) ?? 0) + 1);
  }
  return counts;
}

/** Starts a payout's saga, and returns how many ms it took to its end. */
async function carryPayout(
  client: Awaited<ReturnType<typeof connectTestTemporal>>['client'],
  taskQueue: string,
  poolId: string,
): Promise<number> {
  const startedMs = performance.now();
  const payoutId = randomUUID();
  await client.workflow.execute('payout', {
    taskQueue: `${taskQueue}/payouts`,
    workflowId: `${poolId}/payout/${payoutId}`,
    args: [{ poolId, payoutId }],
  });
  return performance.now() - startedMs;
}
