/** One storm, from an empty directory to a verdict. */

import { keccak256, Transaction } from 'ethers';
import type pg from 'pg';
import { createRandom, type Random } from '../../dev/kit/random.js';
import { happens } from '../../dev/kit/until.js';
import { CONFIRMATIONS } from './chaos-config.js';
import { type ChaosReport, makeReport } from './chaos-report.js';
import { type ChaosStack, startChaosStack } from './chaos-stack.js';
import { earn, type Side, settleDown } from './earnings.js';
import { createTally, type FaultTally } from './fault-tally.js';
import { createForeignKeyUser } from './foreign-key-user.js';
import { createOperator } from './operator.js';
import { createOracle, type Oracle } from './oracle.js';
import { startOtherChain } from './other-chain.js';
import { castPayees, type PayeeCast } from './payees.js';
import { changedSchedules, type PoolSchedules, readSchedules } from './pool-schedules.js';
import type { TemporalKind } from './restartable.js';
import { receivedTwice, restoreOutOfGas } from './restored-out-of-gas.js';
import { addSecondSide, brokenIn, type SecondSide } from './second-side.js';
import { FAIR_BASE_FEE_WEI, runStorm } from './storm.js';
import { besideRestore, hasTime, plannedFaults, planStorm, RESTORE_PLAN } from './storm-plan.js';
import type { StormScene } from './storm-scene.js';
import { createStranger } from './stranger.js';
import { ownOf } from './verdict.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly workers: number;
  readonly temporal: TemporalKind;
  readonly control: 'naive' | null;
  readonly scenario: 'restored-out-of-gas' | null;
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const WORKER_SCRIPT = { real: 'worker/main.ts', naive: 'test/chaos/naive-worker.ts' } as const;
const DRAIN_MS = 150_000;
/** A control that has not paid twice by then never will. */
const CONTROL_DRAIN_MS = 10_000;
const FIRST_TRANSFERS_MS = 20_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, say, signal, dir } = options;
  // Each part draws from its own stream, so a change in one part does not change the others.
  const [forPlan, forCast, forRpc, random, forSecond, forStranger] = [1, 2, 3, 4, 5, 6].map((n) =>
    createRandom(seed * 16 + n),
  ) as [Random, Random, Random, Random, Random, Random];
  const kind = { seconds: options.seconds, isControl: options.control !== null };
  const isStorm = options.scenario === null;
  const whole = planStorm({ ...kind, confirmations: CONFIRMATIONS, random: forPlan });
  const plan = isStorm ? whole : besideRestore(whole);
  const tally = createTally(isStorm ? plannedFaults(kind) : RESTORE_PLAN);
  const sentHashes = new Set<string>();
  // The endpoints exist before the oracles do, but nobody sends signed bytes before the storm.
  const oracles = new Map<string, Oracle>();
  const onRaw = async (raws: readonly string[]) => {
    for (const raw of raws) {
      const sender = Transaction.from(raw).from?.toLowerCase() ?? '';
      const hash = keccak256(raw);
      if (oracles.has(sender)) sentHashes.add(hash);
      await oracles.get(sender)?.witness([hash]);
    }
  };
  const workerScript = WORKER_SCRIPT[options.control ?? 'real'];
  const stack = await startChaosStack({
    dir,
    tally,
    onRaw,
    workerScript,
    workers: options.workers,
    temporalKind: options.temporal,
    signal,
    say,
    random: forRpc,
    refusesBytes: isStorm && hasTime(kind),
  });
  try {
    stack.miner.setBaseFee(FAIR_BASE_FEE_WEI);
    const cast = await castPayees(stack.chain, forCast);
    const foreign = createForeignKeyUser(stack, random);
    const earned = new Map<string, bigint>();
    const wallets = stack.wallets.map(({ address }) => address);
    const { pool } = stack;
    const oracle = createOracle({
      pool,
      rpcUrl: stack.chain.rpcUrl,
      wallets,
      payees: cast.all,
      earned,
      foreignHashes: foreign.hashes,
    });
    for (const wallet of wallets) oracles.set(wallet, oracle);
    const payees = { payees: cast.all, plain: cast.plain };
    const side = {
      name: 'the pool',
      pool,
      ...payees,
      earned,
      oracle,
      random,
      booked: new Map(),
      crowd: [],
    };
    const second =
      isStorm && hasTime(kind) ? await addSecondSide(stack, forSecond, say) : undefined;
    if (second !== undefined) oracles.set(second.place.wallet.address, second.oracle);
    const otherChain = stack.keep(await startOtherChain(stack.wallets, cast.plain));
    const poolId = await poolIdOf(pool);
    const stranger = createStranger({
      temporalAddress: stack.temporal.current.address,
      poolId,
      payees: cast.plain,
      random: forStranger,
      tally,
    });
    const operator = createOperator({ configPath: stack.configPath, pool, say });
    const scene: StormScene = {
      stack,
      cast,
      tally,
      foreign,
      operator,
      stranger,
      poolId,
      random,
      say,
      side,
      otherChainUrl: otherChain.rpcUrl,
      second: second?.place,
      isControl: kind.isControl,
    };
    return await playOut(scene, { ...options, plan, side, second, sentHashes });
  } finally {
    say('ending the stack …');
    await stack.stop();
  }
}

interface Play extends ChaosOptions {
  readonly plan: ReturnType<typeof planStorm>;
  readonly side: Side;
  readonly second: SecondSide | undefined;
  readonly sentHashes: ReadonlySet<string>;
}

async function playOut(scene: StormScene, play: Play): Promise<ChaosReport> {
  const { stack, operator, tally, say } = scene;
  const { side, second, plan, seconds, signal } = play;
  const { oracle } = side;
  const watching = new AbortController();
  const crediting = new AbortController();
  const sides = second === undefined ? [side] : [side, second];
  const beside = sides.map((one) => one.oracle.watch(watching.signal));
  // The control never halts, so an operator would have nothing to do.
  if (play.control === null) beside.push(operator.serve(watching.signal));
  const credits = [earn(side, crediting.signal)];
  say('waiting for the first transfers …');
  await abortable(firstTransfers(oracle), signal);
  const schedules = await schedulesOf(stack, side);
  if (second !== undefined) credits.push(second.earnWhenOpen(crediting.signal));
  say(`the storm: ${plan.length} deeds in ${seconds} s, ${scene.cast.all.length} payees`);
  const restore = {
    stack,
    side,
    tally,
    say,
    sentHashes: play.sentHashes,
    foreignHashes: scene.foreign.hashes,
  };
  const isRestored = play.scenario !== null;
  const restored = isRestored ? restoreOutOfGas(restore) : Promise.resolve();
  await abortable(Promise.all([runStorm(scene, plan, seconds), restored]), signal);
  crediting.abort();
  await Promise.all(credits);
  say('the faults end; what is open is let settle …');
  const endedMs = performance.now();
  await scene.stranger.leave();
  await second?.place.start();
  const drainMs = play.control === null ? DRAIN_MS : CONTROL_DRAIN_MS;
  await abortable(Promise.all(sides.map((one) => settleDown(one, drainMs, say))), signal);
  const drainSeconds = Math.round((performance.now() - endedMs) / 1_000);
  watching.abort();
  await Promise.all(beside);
  const sight = await oracle.look();
  if (!isRestored) notePayeeFaults(scene.cast, tally, ownOf(sight));
  const after = await schedulesOf(stack, side);
  return makeReport({
    options: { seed: play.seed, seconds, control: play.control, scenario: play.scenario },
    injected: tally.injected(),
    missing: tally.missing(),
    sight,
    findings: oracle.findings(),
    broken: [
      ...(await brokenIn(stack.postgres.current.url)),
      ...changedSchedules(schedules.poolId, schedules.found, after.found),
      ...(isRestored ? await receivedTwice(restore) : []),
    ],
    second: await second?.judge(),
    run: {
      drainSeconds,
      workerRestarts: stack.workers.restarts(),
      rpcRequests: stack.rpc.requests(),
      commands: operator.commands(),
    },
  });
}

async function poolIdOf(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ pool_id: string }>('SELECT pool_id FROM ledger');
  return rows[0]?.pool_id ?? '';
}

async function schedulesOf(
  stack: ChaosStack,
  { pool }: Side,
): Promise<{ readonly poolId: string; readonly found: PoolSchedules }> {
  const poolId = await poolIdOf(pool);
  return { poolId, found: await readSchedules(stack.temporal.current.address, poolId) };
}

/** Waits for the first transfers, so that the storm hits a pool that is paying. */
async function firstTransfers(oracle: Oracle): Promise<void> {
  const isPaying = async () => (await oracle.look()).chain.length > 0;
  await happens(isPaying, { withinMs: FIRST_TRANSFERS_MS, everyMs: 200 });
}

function notePayeeFaults(cast: PayeeCast, tally: FaultTally, own: ReturnType<typeof ownOf>): void {
  const failed = own.filter(({ succeeded }) => !succeeded);
  tally.note('payeeReverts', failed.filter(({ to }) => to === cast.refusing).length);
  tally.note('payeeBurnsGas', failed.filter(({ to }) => to === cast.burning).length);
}

/** Gives up at the signal, so that Ctrl-C need not wait for the end of the storm. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
