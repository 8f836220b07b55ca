/** Measures payouts a second, from due to settled: reserving, signing, sending and confirming are included. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { query } from '../../core/db/query.js';
import { isOpen } from '../../core/payouts/store/tables.js';
import { until } from '../../dev/kit/until.js';
import { LOCAL_POOL_ID } from '../../dev/stack/pool/stack-config.js';
import { payoutWorkflowId, singleWorkflowId } from '../../workflows/contract.js';
import { rounded } from '../figures.js';
import type { TemporalKind } from '../pool-servers.js';
import { inScratch, type Say } from '../scratch.js';
import { measureAnvilAlone } from './anvil-alone.js';
import { addOldPayouts } from './old-payouts.js';
import { creditRegion } from './payout-credit.js';
import { type Counters, type PayoutStack, startPayoutStack } from './payout-stack.js';
import { measureStanding } from './payout-standing.js';

export interface PayoutBenchOptions {
  /** The number of payouts in the main round. */
  readonly payees: number;
  /** The number of further rounds, which show whether the cost stays the same. */
  readonly sizes: readonly number[];
  /** The number of old payouts in the tables before the last round; 0 leaves that round out. */
  readonly oldPayouts: number;
  /** The number of payouts that stay open on a chain that stands still; 0 leaves this out. */
  readonly standing: number;
  /** The number of workers that share the database. Their CPU times and requests are added up. */
  readonly workers: number;
  readonly temporal: TemporalKind;
  readonly say: Say;
}

interface RoundFigures {
  readonly payees: number;
  readonly oldPayouts: number;
  readonly payoutsPerSecond: number;
  readonly secondsToLast: number;
  readonly historyEventsPerPayout: number;
  readonly databaseRoundTripsPerPayout: number;
  readonly rpcPostsPerPayout: number;
  readonly rpcCallsPerPayout: number;
  readonly workerCpuMsPerPayout: number;
  readonly temporalCpuMsPerPayout: number;
}

const AMOUNT_WEI = 10n ** 15n;
const ABOVE_CAP_WEI = 2_000_000n * 10n ** 18n;
const WARM_UP = 50;
const ROUND_TIMEOUT_MS = 900_000;

export function benchPayout(options: PayoutBenchOptions) {
  return inScratch('payout', async (scratch) => {
    options.say(`starting Postgres, Temporal, the chain and workers: ${options.workers}`);
    return measure(await startPayoutStack(scratch, options), options);
  });
}

async function measure(stack: PayoutStack, options: PayoutBenchOptions) {
  const { say } = options;
  say(`a round of ${WARM_UP} to warm up`);
  await payRound(stack, { payees: WARM_UP, oldPayouts: 0 });
  const round = async (payees: number, oldPayouts: number) => {
    const figures = await payRound(stack, { payees, oldPayouts });
    say(`${payees} payees, ${oldPayouts} old payouts: ${describe(figures)}`);
    return figures;
  };
  const main = await round(options.payees, 0);
  const anvilTransfersPerSecond = await measureAnvilAlone(stack.chain, options.payees);
  const rounds: RoundFigures[] = [];
  for (const size of options.sizes) rounds.push(await round(size, 0));
  if (options.oldPayouts > 0) {
    await addOldPayouts(stack, options.oldPayouts, say);
    rounds.push(await round(options.payees, options.oldPayouts));
  }
  const standing = options.standing === 0 ? null : await stand(stack, options);
  const { payees, oldPayouts: _, ...figures } = main;
  return {
    payees,
    workers: options.workers,
    temporal: options.temporal,
    ...figures,
    anvilTransfersPerSecond: rounded(anvilTransfersPerSecond),
    ratioToAnvil: rounded(main.payoutsPerSecond / anvilTransfersPerSecond),
    rounds: [main, ...rounds],
    standing,
  };
}

async function stand(stack: PayoutStack, { standing, say }: PayoutBenchOptions) {
  const startRound = async () => {
    await creditNewPayees(stack, standing);
    await creditNewPayees(stack, 1, ABOVE_CAP_WEI);
    await sleep(1_500);
    await triggerRound(stack);
  };
  const figures = await measureStanding(stack, standing, startRound);
  say(`${standing} open on a chain that stands still: ${JSON.stringify(figures)}`);
  return figures;
}

async function triggerRound({ client }: PayoutStack): Promise<void> {
  await client.schedule
    .getHandle(singleWorkflowId(LOCAL_POOL_ID, 'payout-round'))
    .trigger(ScheduleOverlapPolicy.ALLOW_ALL);
}

function describe(figures: RoundFigures): string {
  return [
    `${figures.payoutsPerSecond} payouts/s`,
    `${figures.secondsToLast} s to the last one`,
    `${figures.workerCpuMsPerPayout} ms of the workers' CPU`,
    `${figures.temporalCpuMsPerPayout} ms of Temporal's`,
    `${figures.databaseRoundTripsPerPayout} database round trips`,
    `${figures.rpcPostsPerPayout} RPC posts with ${figures.rpcCallsPerPayout} calls`,
    `${figures.historyEventsPerPayout} history events each`,
  ].join(', ');
}

async function payRound(
  stack: PayoutStack,
  asked: { readonly payees: number; readonly oldPayouts: number },
): Promise<RoundFigures> {
  await creditNewPayees(stack, asked.payees);
  // Wait for the minimum interval of a second, and until the queues of the last round are empty.
  await sleep(1_500);
  const before = stack.counters();
  const startedMs = performance.now();
  const [{ at } = { at: '' }] = await query<{ at: string }>(stack.db, sql`SELECT now() AS at`);
  await triggerRound(stack);
  const roundId = await untilPaid(stack, { payees: asked.payees, since: at });
  const seconds = (performance.now() - startedMs) / 1_000;
  await sleep(500);
  const after = stack.counters();
  const per = (key: keyof Counters) => rounded((after[key] - before[key]) / asked.payees);
  return {
    ...asked,
    payoutsPerSecond: rounded(asked.payees / seconds),
    secondsToLast: rounded(seconds),
    historyEventsPerPayout: rounded(await historyEvents(stack, roundId)),
    databaseRoundTripsPerPayout: per('databaseRoundTrips'),
    rpcPostsPerPayout: per('rpcPosts'),
    rpcCallsPerPayout: per('rpcCalls'),
    workerCpuMsPerPayout: per('cpuMs'),
    temporalCpuMsPerPayout: per('temporalCpuMs'),
  };
}

async function creditNewPayees(
  { db }: PayoutStack,
  count: number,
  amountWei = AMOUNT_WEI,
): Promise<void> {
  const region = randomBytes(6).toString('hex');
  const addresses = Array.from({ length: count }, () => `0x${randomBytes(20).toString('hex')}`);
  await db.transaction(async (tx) => {
    const payees = sql`unnest(${sql.param(addresses)}::text[]) AS new (address)`;
    await tx.execute(sql`INSERT INTO payee (address) SELECT address FROM ${payees}`);
    await tx.execute(sql`
      INSERT INTO remote_worker (payee, node_type, region) SELECT address, 'ai', ${region} FROM ${payees}`);
    await creditRegion(tx, region, amountWei);
  });
}

/** Waits until all payouts of the round that was started since then are paid; resolves with its id. */
async function untilPaid(
  { db }: PayoutStack,
  { payees, since }: { readonly payees: number; readonly since: string },
): Promise<string> {
  let id = '';
  const isPaid = async () => {
    const [round] = await query<{ id: string; paid: number }>(
      db,
      sql`SELECT round.id, (SELECT count(*)::int FROM payout
                             WHERE round_id = round.id AND state = 'paid') AS paid
            FROM (SELECT id FROM payout_round WHERE payouts = ${payees}
                     AND started_at >= ${since}::timestamptz) round
           WHERE NOT EXISTS (SELECT FROM payout WHERE ${isOpen()})`,
    );
    id = round?.id ?? '';
    return round?.paid === payees;
  };
  await until(`the end of ${payees} payouts`, isPaid, { withinMs: ROUND_TIMEOUT_MS, everyMs: 50 });
  return id;
}

/** Events in the history of the largest saga, plus its share of the round's history. */
async function historyEvents({ db, client }: PayoutStack, roundId: string): Promise<number> {
  const payouts = await query<{ id: string; workflow_id: string }>(
    db,
    sql`SELECT payout.id, round.workflow_id FROM payout
          JOIN payout_round round ON round.id = payout.round_id WHERE round_id = ${roundId}::uuid`,
  );
  const lengthOf = async (workflowId: string) =>
    (await client.workflow.getHandle(workflowId).describe()).historyLength;
  let largest = 0;
  for (const { id } of payouts)
    largest = Math.max(largest, await lengthOf(payoutWorkflowId(LOCAL_POOL_ID, id)));
  const [first] = payouts;
  const round = first === undefined ? 0 : await lengthOf(first.workflow_id);
  return largest + round / payouts.length;
}
