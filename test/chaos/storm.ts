/** Does to a paying pool what was planned. */

import { setTimeout as sleep } from 'node:timers/promises';
import { happens } from '../../dev/kit/until.js';
import { rpc } from '../../dev/stack/chain-node.js';
import { moveEndpoints } from './moved-endpoints.js';
import { replaceWallet } from './replace-wallet.js';
import { pause } from './rpc-weather.js';
import { standChain } from './standing-chain.js';
import { type Deed, isCountedElsewhere, leadsTo, type PlannedDeed } from './storm-plan.js';
import type { StormScene } from './storm-scene.js';
import { wedgeSagas } from './wedged-sagas.js';

/** The base fee without a fault, and in a jump, which is far above the cap. */
export const FAIR_BASE_FEE_WEI = 10n ** 9n;
const HIGH_BASE_FEE_WEI = 100n * 10n ** 9n;
const POOL_WAIT_MS = 3_000;
const BACKENDS_AT_ONCE = 2;

/** How much longer a storm lasts, at most, when a class of fault has not struck yet. */
const LONGER_FOR_MISSING_MS = 90_000;

/**
 * Resolves when the last deed is done and all that was taken away is back. A fault needs something to hit: a
 * storm that has found nothing yet for one of its classes goes on for a while, and does again what leads to it.
 */
export async function runStorm(
  scene: StormScene,
  plan: readonly PlannedDeed[],
  seconds: number,
): Promise<void> {
  const over = new AbortController();
  const weather = scene.stack.rpc.storm(over.signal);
  const startedMs = performance.now();
  const tryIt = async (deed: Deed) => {
    const at = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
    try {
      scene.say(`${at.padStart(7)}  ${describe(deed)}: ${await doIt(scene, deed)}`);
    } catch (error) {
      scene.say(`${at.padStart(7)}  ${describe(deed)} failed: ${String(error)}`);
    }
  };
  const isLast = ({ deed }: PlannedDeed) => deed.kind === 'standChain';
  const done = plan
    .filter((one) => !isLast(one))
    .map(async ({ atMs, deed }) => {
      await sleep(atMs);
      await tryIt(deed);
    });
  await pause(seconds * 1_000, new AbortController().signal);
  await Promise.all(done);
  scene.stack.rpc.calmToUnmet();
  // The other deeds halt the wallet or need blocks, and so end late on a slow machine.
  for (const { deed } of plan.filter(isLast)) await tryIt(deed);
  const latestMs = performance.now() + (scene.isControl ? 0 : LONGER_FOR_MISSING_MS);
  const missing = () => scene.tally.missing().filter((fault) => !isCountedElsewhere(fault));
  for (let left = missing(); left.length > 0 && performance.now() < latestMs; left = missing()) {
    scene.say(`still without ${left.join(', ')}`);
    // A stalled chain keeps a halt from ending, and nothing is sent during a halt.
    const again = (await isHalted(scene))
      ? undefined
      : plan.find(({ deed }) => left.some((fault) => leadsTo(deed, fault)));
    if (again !== undefined) await tryIt(again.deed);
    await sleep(LOOK_FOR_MISSING_MS);
  }
  over.abort();
  await weather;
}

const LOOK_FOR_MISSING_MS = 1_000;

async function isHalted({ stack }: StormScene): Promise<boolean> {
  return stack.pool.query('SELECT FROM wallet_halt').then(
    ({ rowCount }) => rowCount !== 0,
    () => true,
  );
}

function describe({ kind, ...more }: Deed): string {
  return [kind, ...Object.entries(more).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/** Does one deed, and returns its result in words. A fault counts only when it really happened. */
async function doIt(scene: StormScene, deed: Deed): Promise<string> {
  const { stack, tally } = scene;
  switch (deed.kind) {
    case 'killWorker': {
      const isKilled = stack.workers.kill();
      if (isKilled) tally.note('workerKilled');
      return isKilled ? 'killed' : 'none is up';
    }
    case 'killBackends':
      return killBackends(scene);
    case 'postgresDown':
      tally.note('postgresDown');
      await stack.postgres.goDown(deed.forMs);
      return 'back again';
    case 'killTemporal':
      tally.note('temporalKilled');
      await stack.temporal.goDown(deed.forMs);
      return 'back again';
    case 'halfOpen':
      stack.postgresWay.silence();
      tally.note('connectionsHalfOpen');
      return 'all connections of now are silent';
    case 'wedgeSagas':
      return wedgeSagas(scene, deed.forMs);
    case 'rpcDown':
      await stack.rpc.goDown(deed.forMs);
      return 'back again';
    case 'reorg':
      await stack.miner.between(() => rpc(stack.chain.rpcUrl, 'anvil_reorg', [deed.depth, []]));
      tally.note('reorg');
      return 'done';
    case 'stall':
      stack.miner.stall();
      tally.note('miningStalled');
      await sleep(deed.forMs);
      stack.miner.resume();
      return 'goes on';
    case 'standChain':
      return standChain(scene, deed.forMs);
    case 'raiseBaseFee':
      stack.miner.setBaseFee(HIGH_BASE_FEE_WEI);
      tally.note('baseFeeJump');
      await sleep(deed.forMs);
      stack.miner.setBaseFee(FAIR_BASE_FEE_WEI);
      return 'fair again';
    case 'emptyPool':
      return emptyPool(scene);
    case 'foreign':
      return useKey(scene, deed);
    case 'stranger':
      return scene.stranger.wave();
    case 'moveEndpoints':
      return moveEndpoints(scene, deed);
    case 'startSecondPool':
      if (!(await scene.second?.start())) return 'ended before it was up';
      tally.note('secondPoolStarted');
      return 'up';
    case 'stopSecondPool':
      await scene.second?.stopWorker();
      tally.note('secondPoolStopped');
      return 'ended';
    case 'replaceWallet':
      return scene.foreign.whileAway(() => replaceWallet(scene));
    case 'payManually':
      return payManually(scene);
    case 'releasePayees':
      return releasePayees(scene);
  }
}

async function killBackends({ stack, tally }: StormScene): Promise<string> {
  const { rowCount } = await stack.pool.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'openpool' ORDER BY state <> 'active', random() LIMIT $1`,
    [BACKENDS_AT_ONCE],
  );
  tally.note('postgresBackendKilled', rowCount ?? 0);
  return `${rowCount} ended`;
}

/** Stops the blocks, waits until transactions are pending, and drops them. */
async function emptyPool({ stack, tally }: StormScene): Promise<string> {
  const { rpcUrl } = stack.chain;
  stack.miner.stall();
  try {
    let lost = 0;
    const isFilled = async () => {
      lost = await poolSize(rpcUrl);
      return lost > 0;
    };
    if (!(await happens(isFilled, { withinMs: POOL_WAIT_MS }))) return 'it was empty';
    await rpc(rpcUrl, 'anvil_dropAllTransactions');
    tally.note('poolEmptied');
    return `${lost} transactions dropped`;
  } finally {
    stack.miner.resume();
  }
}

async function poolSize(rpcUrl: string): Promise<number> {
  const status = (await rpc(rpcUrl, 'txpool_status')) as Readonly<Record<string, string>>;
  return Number(status['pending']) + Number(status['queued']);
}

async function useKey(
  scene: StormScene,
  deed: Extract<Deed, { readonly kind: 'foreign' }>,
): Promise<string> {
  const { foreign, cast, random, tally } = scene;
  const to = deed.to === 'payee' ? random.pick(cast.plain) : `0x${random.hex(20)}`;
  // The waiting transfer may be a foreign one with the same fee; then the next nonce is used.
  const isTaken =
    (deed.inPlace && (await foreign.sendInPlace(to))) || (await foreign.sendAhead(to));
  if (isTaken) tally.note(deed.to === 'payee' ? 'foreignToPayee' : 'foreignToStranger');
  return isTaken ? `taken by the node, to ${to}` : 'the node did not take it';
}

async function payManually({ operator, cast, random }: StormScene): Promise<string> {
  const payee = random.pick(cast.plain);
  const words = ['payout', 'pay', payee, '--below-threshold', '--reason', 'asked for by the storm'];
  const { code } = await operator.run(...words);
  return code === 0 ? 'reserved' : `exit code ${code}`;
}

/** Lets payees that refused be paid again. */
async function releasePayees({ stack, operator }: StormScene): Promise<string> {
  const { rows } = await stack.pool.query<{ address: string }>(
    'SELECT address FROM payee WHERE unpayable_code IS NOT NULL',
  );
  for (const { address } of rows) {
    await operator.run('payee', 'release', address, '--reason', 'the storm lets it try again');
  }
  return `${rows.length} payees`;
}
