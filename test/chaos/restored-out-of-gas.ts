/**
 * Postgres comes back as it was while transfers were under way that then ran out of gas, and whose payees later
 * payouts have paid since; the robot adopts and resumes, and everybody has what they earned, once.
 */

import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../dev/kit/until.js';
import { rpc } from '../../dev/stack/chain-node.js';
import type { ChaosStack } from './chaos-stack.js';
import { bookAgain, type Side } from './earnings.js';
import type { FaultTally } from './fault-tally.js';
import { pause } from './rpc-weather.js';

/** The code of a contract that needs more gas than was estimated when its address had no code. */
const DEAR_CODE = `0x${'60206000a0'.repeat(16)}`;
const VICTIMS = 3;
const UNDER_WAY_WAIT_MS = 20_000;
const PAID_AGAIN_WAIT_MS = 60_000;
const LOOK_EVERY_MS = 500;

export interface RestoreScene {
  readonly stack: ChaosStack;
  readonly side: Side;
  readonly tally: FaultTally;
  /** The hashes of all signed bytes that an endpoint got. */
  readonly sentHashes: ReadonlySet<string>;
  /** Gets every transaction that the restored ledger does not know. */
  readonly foreignHashes: Set<string>;
  readonly say: (line: string) => void;
}

/** Resolves when the restored pool runs again. */
export async function restoreOutOfGas(scene: RestoreScene): Promise<void> {
  const { stack, say } = scene;
  const copy = join(stack.dir, 'backup');
  const data = join(stack.dir, 'postgres');
  stack.miner.stall();
  let victims: readonly string[];
  try {
    victims = await untilUnderWay(scene);
    for (const address of victims)
      await rpc(stack.chain.rpcUrl, 'anvil_setCode', [address, DEAR_CODE]);
    await stack.postgres.goDown(0, () => copyWhole(data, copy));
  } finally {
    stack.miner.resume();
  }
  say(`backup taken; ${victims.length} transfers under way will run out of gas`);
  await untilPaidAgain(scene, victims);
  say('the payees have been paid by later payouts; the backup is restored …');
  await scene.side.oracle.blind(async () => {
    await stack.workers.whileStopped(async () => {
      await stack.postgres.goDown(0, () => {
        rmSync(data, { recursive: true });
        renameSync(copy, data);
      });
      await noteForeign(scene);
    });
  });
  scene.tally.note('backupRestored');
  await bookAgain(scene.side);
}

/** Copies a directory with its owners, because Postgres runs as another user when root starts it. */
function copyWhole(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

/** Waits for open transfers to plain addresses; resolves with some of these addresses. */
async function untilUnderWay({ stack, side }: RestoreScene): Promise<readonly string[]> {
  let found: readonly { readonly destination: string }[] = [];
  const isUnderWay = async () => {
    const { rows } = await stack.pool.query<{ destination: string }>(
      `SELECT DISTINCT destination FROM payout JOIN nonce_slot slot ON slot.payout_id = payout.id
        WHERE payout.state = 'signed' AND slot.state = 'open' AND destination = ANY($1)`,
      [side.plain],
    );
    found = rows;
    return rows.length > 0;
  };
  const patience = { withinMs: UNDER_WAY_WAIT_MS, everyMs: LOOK_EVERY_MS };
  await until('a transfer that may run out of gas', isUnderWay, patience);
  return found.slice(0, VICTIMS).map(({ destination }) => destination);
}

/** Waits until each victim has had a transfer that ran out of gas, and a later one that succeeded. */
async function untilPaidAgain(scene: RestoreScene, victims: readonly string[]): Promise<void> {
  const deadline = performance.now() + PAID_AGAIN_WAIT_MS;
  const never = new AbortController().signal;
  for (;;) {
    const { chain } = await scene.side.oracle.look().catch(() => ({ chain: [] }));
    const states = victims.map((victim) => {
      const failed = chain.find(({ to, succeeded }) => to === victim && !succeeded);
      const again =
        failed &&
        chain.some(
          ({ to, succeeded, nonce }) => to === victim && succeeded && nonce > failed.nonce,
        );
      return { failed: failed !== undefined, again: again === true };
    });
    const isOver = performance.now() > deadline;
    if (isOver || states.every(({ again }) => again)) {
      scene.tally.note('outOfGas', states.filter(({ failed }) => failed).length);
      scene.tally.note('paidAfterOutOfGas', states.filter(({ again }) => again).length);
      return;
    }
    await pause(LOOK_EVERY_MS, never);
  }
}

/** Notes what was sent after the backup. For the restored ledger, somebody else has sent it. */
async function noteForeign({ stack, sentHashes, foreignHashes, say }: RestoreScene): Promise<void> {
  const { rows } = await stack.pool.query<{ hash: string }>('SELECT hash FROM attempt');
  const known = new Set(rows.map(({ hash }) => hash));
  for (const hash of sentHashes) if (!known.has(hash)) foreignHashes.add(hash);
  say(`restored: ${known.size} attempts are known, ${foreignHashes.size} sent since are not`);
}

/** Finds payees that received more than they earned, over the transfers before and after the restore. */
export async function receivedTwice({
  side,
  foreignHashes,
}: RestoreScene): Promise<readonly string[]> {
  const { chain } = await side.oracle.look();
  const sums = new Map<string, bigint>();
  for (const { to, valueWei, succeeded } of chain) {
    if (succeeded) sums.set(to, (sums.get(to) ?? 0n) + valueWei);
  }
  const twice = [...sums].flatMap(([to, gotWei]) => {
    const moreWei = gotWei - (side.earned.get(to) ?? 0n);
    return moreWei > 0n ? [`${to} has received ${moreWei} wei more than it has earned`] : [];
  });
  const lost = chain.some(({ hash }) => foreignHashes.has(hash));
  return lost ? twice : [...twice, 'nothing was sent between backup and restore'];
}
