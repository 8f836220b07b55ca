/** Changes the wallet's key as docs/operations.md describes, while the old key's transfers are under way. */

import { setTimeout as sleep } from 'node:timers/promises';
import { happens } from '../../dev/kit/until.js';
import { lastLine } from './operator.js';
import type { StormScene } from './storm-scene.js';

const UNDER_WAY_WAIT_MS = 60_000;
const LOOK_EVERY_MS = 100;
const REASON = 'yearly change';
const OPENED_WAIT_MS = 60_000;
const TRIES = 8;
const PAUSE_MS = 1_000;

/** Replaces the wallet while no block is made, so that the payouts signed by then stay open. */
export async function replaceWallet(scene: StormScene): Promise<string> {
  const { stack, tally } = scene;
  const [from, to] = stack.wallets;
  let words = '';
  const underWay = await stallWithTransfersUnderWay(scene);
  try {
    const refusal = await replace(scene, to.address);
    if (refusal !== undefined) return `refused: ${refusal}`;
    if (underWay > 0) tally.note('walletReplacedUnderWay', underWay);
    words = `${from.address} replaced by ${to.address} with ${underWay} transfers under way`;
  } finally {
    stack.miner.resume();
  }
  stack.nameWallet(to);
  await stack.workers.restart();
  await untilOpened(scene);
  return words;
}

/**
 * Stops the blocks while transfers are under way, and returns how many; 0 when there were none for a long time. Blocks
 * must go on while nothing is under way, because the operator deals with a halt only at finality.
 */
async function stallWithTransfersUnderWay(scene: StormScene): Promise<number> {
  const { miner } = scene.stack;
  const deadlineMs = performance.now() + UNDER_WAY_WAIT_MS;
  for (;;) {
    const withinMs = Math.max(deadlineMs - performance.now(), LOOK_EVERY_MS);
    await happens(async () => (await openTransfers(scene)) > 0, {
      withinMs,
      everyMs: LOOK_EVERY_MS,
    });
    miner.stall();
    // They may have been settled between the question and the stall.
    const underWay = await openTransfers(scene);
    if (underWay > 0 || performance.now() > deadlineMs) return underWay;
    miner.resume();
  }
}

/** Returns the number of open transfers, or 0 while Postgres is away. */
async function openTransfers({ stack }: StormScene): Promise<number> {
  return stack.pool
    .query<{ open: string }>(
      "SELECT count(*) AS open FROM nonce_slot WHERE wallet = $1 AND state = 'open'",
      [stack.wallets[0].address],
    )
    .then(({ rows }) => Number(rows[0]?.open ?? 0))
    .catch(() => 0);
}

/** Waits for a worker that has opened the wallet. A key used before that would rightly halt as WALLET_USED_BEFORE. */
async function untilOpened({ stack }: StormScene): Promise<void> {
  const find = 'SELECT FROM wallet WHERE address = $1';
  const isOpened = async () =>
    (await stack.pool.query(find, [stack.wallets[1].address])).rowCount === 1;
  await happens(isOpened, { withinMs: OPENED_WAIT_MS, everyMs: PAUSE_MS });
}

/**
 * Replaces the wallet. It tries several times, because Postgres loses connections meanwhile. Resolves with the
 * reason of a refusal.
 */
async function replace({ operator }: StormScene, to: string): Promise<string | undefined> {
  for (let turn = 1; ; turn += 1) {
    const { code, told } = await operator.run(
      ...['wallet', 'replace', '--to', to, '--reason', REASON],
    );
    if (code === 0) return undefined;
    if (turn === TRIES) return lastLine(told);
    await sleep(PAUSE_MS);
  }
}
