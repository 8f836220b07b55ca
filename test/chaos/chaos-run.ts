/** One storm, from an empty directory to a verdict. */
import { setTimeout as sleep } from 'node:timers/promises';
import { keccak256 } from 'ethers';
import { createRandom, type Random } from '../../local/simulator-random.js';
import { closeDatabase, openDatabase } from '../../store/database.js';
import { checkInvariants } from '../../store/invariants.js';
import { type ChaosReport, makeReport } from './chaos-report.js';
import { type ChaosStack, CONFIRMATIONS, startChaosStack } from './chaos-stack.js';
import { createTally, type FaultTally } from './fault-tally.js';
import { createForeignKeyUser } from './foreign-key-user.js';
import { createOperator } from './operator.js';
import { createOracle, type Oracle } from './oracle.js';
import { bookCredits, castPayees, drawCredits, type PayeeCast } from './payees.js';
import { pause } from './rpc-weather.js';
import { FAIR_BASE_FEE_WEI, runStorm, type StormScene } from './storm.js';
import { planStorm } from './storm-plan.js';
import { ownOf } from './verdict.js';

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly control: 'naive' | null;
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const WORKER_SCRIPT = { real: 'worker/main.ts', naive: 'test/chaos/naive-worker.ts' } as const;
const DRAIN_MS = 150_000;
/** The control has broken by then, or it never will. */
const CONTROL_DRAIN_MS = 10_000;
const CREDIT_EVERY_MS = 1_000;
const CREDITS_AT_ONCE = 10;
const FIRST_TRANSFERS_MS = 20_000;
const QUIET_LOOKS = 2;
/** Less than the threshold may stay pending. */
const LEAST_PENDING_WEI = 10n ** 12n;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, say, signal, dir } = options;
  // One stream for each, so that what one draws, and when, changes nothing for the others.
  const [forPlan, forCast, forRpc, random] = [1, 2, 3, 4].map((n) =>
    createRandom(seed * 16 + n),
  ) as [Random, Random, Random, Random];
  const plan = planStorm({ ...options, confirmations: CONFIRMATIONS, random: forPlan });
  const tally = createTally();
  // Signed bytes pass before there is an oracle; nobody sends any before the storm.
  let oracle: Oracle | undefined;
  const onRaw = async (raws: readonly string[]) =>
    oracle?.witness(raws.map((raw) => keccak256(raw)));
  const workerScript = WORKER_SCRIPT[options.control ?? 'real'];
  const stack = await startChaosStack({
    ...{ dir, tally, onRaw, workerScript, signal, say },
    random: forRpc,
  });
  try {
    stack.miner.setBaseFee(FAIR_BASE_FEE_WEI);
    const cast = await castPayees(stack.chain, forCast);
    const foreign = createForeignKeyUser(stack, random);
    oracle = createOracle({
      pool: stack.pool,
      rpcUrl: stack.chain.rpcUrl,
      wallet: stack.wallet,
      foreignHashes: foreign.hashes,
      payees: cast.all,
    });
    const operator = createOperator({ configPath: stack.configPath, pool: stack.pool, say });
    const scene = { stack, cast, tally, foreign, operator, random, say };
    return await playOut(scene, { ...options, plan, oracle });
  } finally {
    say('ending the stack …');
    await stack.stop();
  }
}

interface Play extends ChaosOptions {
  readonly plan: ReturnType<typeof planStorm>;
  readonly oracle: Oracle;
}

async function playOut(scene: StormScene, play: Play): Promise<ChaosReport> {
  const { stack, operator, tally, say } = scene;
  const { oracle, plan, seconds, signal } = play;
  const watching = new AbortController();
  const crediting = new AbortController();
  const beside = [oracle.watch(watching.signal)];
  // The control knows no halt: there is nothing for an operator to do.
  if (play.control === null) beside.push(operator.serve(watching.signal));
  const credits = earn(scene, crediting.signal);
  say('waiting for the first transfers …');
  await abortable(firstTransfers(oracle), signal);
  say(`the storm: ${plan.length} deeds in ${seconds} s, ${scene.cast.all.length} payees`);
  await abortable(runStorm(scene, plan, seconds), signal);
  crediting.abort();
  await credits;
  say('the faults end; what is open is let settle …');
  const endedMs = performance.now();
  const drainMs = play.control === null ? DRAIN_MS : CONTROL_DRAIN_MS;
  await abortable(settleDown(scene, oracle, drainMs), signal);
  const drainSeconds = Math.round((performance.now() - endedMs) / 1_000);
  watching.abort();
  await Promise.all(beside);
  const sight = await oracle.look();
  notePayeeFaults(scene.cast, tally, ownOf(sight));
  return makeReport({
    options: { seed: play.seed, seconds, control: play.control },
    injected: tally.injected(),
    missing: tally.missing(),
    sight,
    findings: oracle.findings(),
    broken: await brokenInvariants(stack),
    run: {
      drainSeconds,
      workerRestarts: stack.workers.restarts(),
      rpcRequests: stack.rpc.requests(),
      commands: operator.commands(),
    },
  });
}

/** So that the storm hits a pool that is paying. */
async function firstTransfers(oracle: Oracle): Promise<void> {
  const deadline = performance.now() + FIRST_TRANSFERS_MS;
  while (performance.now() < deadline && (await oracle.look()).chain.length === 0) {
    await sleep(200);
  }
}

/** Everybody at once at first, then some of them every second. */
async function earn({ stack, cast, random }: StormScene, signal: AbortSignal): Promise<void> {
  await bookPatiently(stack, drawCredits(cast.all, random), 'first');
  for (let turn = 1; !signal.aborted; turn += 1) {
    await pause(CREDIT_EVERY_MS, signal);
    if (signal.aborted) return;
    const some = Array.from({ length: CREDITS_AT_ONCE }, () => random.pick(cast.all));
    await bookPatiently(stack, drawCredits([...new Set(some)], random), `turn ${turn}`);
  }
}

async function bookPatiently(
  stack: ChaosStack,
  credits: ReturnType<typeof drawCredits>,
  name: string,
): Promise<void> {
  for (;;) {
    try {
      await bookCredits(stack.pool, credits, name);
      return;
    } catch {
      await sleep(500);
    }
  }
}

/**
 * Until everything is paid that can be, or the time is up. All earn once more first: a wallet whose key
 * was used elsewhere finds that out when it pays.
 */
async function settleDown(scene: StormScene, oracle: Oracle, forMs: number): Promise<void> {
  const { stack, cast, random, say } = scene;
  await bookPatiently(stack, drawCredits(cast.all, random), 'last');
  const deadline = performance.now() + forMs;
  let quiet = 0;
  for (let turn = 1; quiet < QUIET_LOOKS && performance.now() < deadline; turn += 1) {
    await sleep(1_000);
    const { liveness, ledger } = await oracle.look();
    const waiting = cast.plain.filter(
      (payee) => (ledger.promised.get(payee)?.pendingWei ?? 0n) >= LEAST_PENDING_WEI,
    );
    const isQuiet =
      liveness.open.length + waiting.length + ledger.haltCodes.length === 0 &&
      liveness.unbooked.length + liveness.drift.length === 0;
    quiet = isQuiet ? quiet + 1 : 0;
    if (turn % 10 === 0) {
      const halted = ledger.haltCodes.join(', ') || 'no';
      say(`  ${liveness.open.length} open, ${waiting.length} waiting, halted: ${halted}`);
    }
  }
}

function notePayeeFaults(cast: PayeeCast, tally: FaultTally, own: ReturnType<typeof ownOf>): void {
  const failed = own.filter(({ succeeded }) => !succeeded);
  tally.note('payeeReverts', failed.filter(({ to }) => to === cast.refusing).length);
  tally.note('payeeBurnsGas', failed.filter(({ to }) => to === cast.burning).length);
}

async function brokenInvariants(stack: ChaosStack): Promise<readonly string[]> {
  const db = openDatabase({ url: stack.postgres.current.url, maxConnections: 1 });
  try {
    const findings = await checkInvariants(db);
    return findings.map(({ code, message }) => `${code}: ${message}`);
  } finally {
    await closeDatabase(db);
  }
}

/** Whoever stops the harness does not wait for the storm to blow over. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
