/**
 * Thousands of payouts at once, on a chain that stands still: how long syncing waits while they are taken up, how soon a
 * hold is answered, and what it costs that they are open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import { query } from '../../core/db/query.js';
import { until } from '../../dev/kit/until.js';
import { rpc } from '../../dev/stack/chain-node.js';
import { cpuMsOf, rounded } from '../figures.js';
import type { PayoutStack } from './payout-stack.js';

export interface StandingFigures {
  readonly open: number;
  /**
   * The greatest age of the source's last sync, which is due every 5 s, until all payouts are signed and while
   * they stand open.
   */
  readonly maxSyncAgeMs: number;
  /** The greatest age of the sentinel's last look, which is due every minute, while the payouts stand open. */
  readonly maxSentinelAgeMs: number;
  /** The time of the slowest hold while the payouts stand open. */
  readonly holdAnswerMs: number;
  /**
   * CPU usage of the workers and Temporal, as a percentage of one core, while all payouts are signed and no block is
   * made.
   */
  readonly idleCpuPercent: number;
  readonly idleWorkerCpuPercent: number;
  readonly idleTemporalCpuPercent: number;
  /** The time from the first new block until the last payout was paid. */
  readonly secondsToPaid: number;
}

const SETTLE_DOWN_MS = 15_000;
const IDLE_MS = 60_000;
const HOLDS = 10;
const LOOK_EVERY_MS = 500;
const PATIENCE = { withinMs: 1_800_000, everyMs: LOOK_EVERY_MS };

/** @param startRound starts a round of so many payees, and of one more that is owed too much to be paid unseen */
export async function measureStanding(
  stack: PayoutStack,
  payees: number,
  startRound: () => Promise<void>,
): Promise<StandingFigures> {
  const syncAges = watchAge(stack, sql`SELECT max(last_success_at) AS at FROM source`);
  await rpc(stack.chain.rpcUrl, 'evm_setIntervalMining', [0]);
  await startRound();
  const signed = (count: number) => async () => (await countIn(stack, 'signed')) === count;
  await until('the signatures of all payouts', signed(payees), PATIENCE);
  const looked = sql`SELECT changed_at AS at FROM setting WHERE key = 'sentinel.looked-at'`;
  const sentinelAges = watchAge(stack, looked);
  await sleep(SETTLE_DOWN_MS);
  const idle = await idleCpu(stack);
  const answers: number[] = [];
  const held = await waitingPayout(stack);
  for (let turn = 0; turn < HOLDS; turn += 1) {
    answers.push(await hold(stack, held, turn % 2 === 0 ? 'hold' : 'resume'));
  }
  const [maxSyncAgeMs, maxSentinelAgeMs] = [await syncAges.stop(), await sentinelAges.stop()];
  const open = await countIn(stack, 'signed');
  await rpc(stack.chain.rpcUrl, 'anvil_setIntervalMining', [1]);
  const minedMs = performance.now();
  await until('the end of all payouts', signed(0), PATIENCE);
  return {
    open,
    maxSyncAgeMs: Math.round(maxSyncAgeMs),
    maxSentinelAgeMs: Math.round(maxSentinelAgeMs),
    holdAnswerMs: Math.round(Math.max(...answers)),
    idleCpuPercent: rounded(idle.worker + idle.temporal),
    idleWorkerCpuPercent: rounded(idle.worker),
    idleTemporalCpuPercent: rounded(idle.temporal),
    secondsToPaid: rounded((performance.now() - minedMs) / 1_000),
  };
}

/** Watches how old a timestamp gets. While there is none, its age is counted from the start of the watch. */
function watchAge({ db }: PayoutStack, when: SQL) {
  let [worst, isOver] = [0, false];
  const startedMs = performance.now();
  const look = async () => {
    while (!isOver) {
      const [row] = await query<{ age: string | null }>(
        db,
        sql`SELECT extract(epoch FROM now() - at) * 1000 AS age FROM (${when}) it`,
      );
      worst = Math.max(worst, Number(row?.age ?? performance.now() - startedMs));
      await sleep(LOOK_EVERY_MS);
    }
  };
  const looking = look();
  // `stop` reports a failure of the watch. By then, something else has failed that says more.
  looking.catch(() => undefined);
  return {
    async stop() {
      isOver = true;
      await looking;
      return worst;
    },
  };
}

/** Finds the payout that is reserved but never signed, because its amount needs an approval. */
async function waitingPayout({ db }: PayoutStack): Promise<string> {
  const [row] = await query<{ id: string }>(
    db,
    sql`SELECT id FROM payout WHERE state = 'reserved' AND wait_code = 'PAYOUT_ABOVE_CAP'`,
  );
  if (row === undefined) throw new Error('there is no payout that a person may hold');
  return row.id;
}

async function hold({ api }: PayoutStack, payoutId: string, act: 'hold' | 'resume') {
  const startedMs = performance.now();
  const response = await fetch(`${api.url}/v1/payouts/${payoutId}/${act}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'bench' }),
  });
  if (!response.ok) throw new Error(`${act}: ${response.status} ${await response.text()}`);
  return performance.now() - startedMs;
}

/** CPU time of workers and Temporal while payouts stand open, in percent of one core. */
async function idleCpu({ pids }: PayoutStack) {
  const workersMs = () => pids.workers.reduce((total, pid) => total + cpuMsOf(pid), 0);
  const before = { workers: workersMs(), temporal: cpuMsOf(pids.temporal) };
  const startedMs = performance.now();
  await sleep(IDLE_MS);
  const percent = (takenMs: number) => (takenMs / (performance.now() - startedMs)) * 100;
  return {
    worker: percent(workersMs() - before.workers),
    temporal: percent(cpuMsOf(pids.temporal) - before.temporal),
  };
}

async function countIn({ db }: PayoutStack, state: string): Promise<number> {
  const [row] = await query<{ n: number }>(
    db,
    sql`SELECT count(*)::int AS n FROM payout WHERE state = ${state}`,
  );
  return row?.n ?? 0;
}
