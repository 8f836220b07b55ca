/** A changed key, as docs/operations.md says, while the old one's transfers are under way. */

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

/** No block is made from before the replacement until after: what is signed by then stays open. */
export async function replaceWallet(scene: StormScene): Promise<string> {
  const { stack, tally } = scene;
  const [from, to] = stack.wallets;
  let words = '';
  // Blocks go on while nothing is under way: a halt is only looked into at finality.
  await happens(async () => (await openTransfers(scene)) > 0, {
    withinMs: UNDER_WAY_WAIT_MS,
    everyMs: LOOK_EVERY_MS,
  });
  stack.miner.stall();
  try {
    const underWay = await openTransfers(scene);
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

/** The number of open transfers; 0 while Postgres cannot be asked. */
async function openTransfers({ stack }: StormScene): Promise<number> {
  return stack.pool
    .query<{ open: string }>(
      "SELECT count(*) AS open FROM nonce_slot WHERE wallet = $1 AND state = 'open'",
      [stack.wallets[0].address],
    )
    .then(({ rows }) => Number(rows[0]?.open ?? 0))
    .catch(() => 0);
}

/** A key that somebody uses before a worker has met its wallet halts as WALLET_USED_BEFORE, rightly. */
async function untilOpened({ stack }: StormScene): Promise<void> {
  const find = 'SELECT FROM wallet WHERE address = $1';
  const isOpened = async () =>
    (await stack.pool.query(find, [stack.wallets[1].address])).rowCount === 1;
  await happens(isOpened, { withinMs: OPENED_WAIT_MS, everyMs: PAUSE_MS });
}

/** Replaces the wallet, in several tries, as Postgres loses connections meanwhile. Resolves with why it was refused. */
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
