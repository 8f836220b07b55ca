/**
 * No block for most of a minute while hundreds of payouts are open: what must go on meanwhile is a person's hold and
 * the sync, and everything settles when blocks come.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';
import { until } from '../../dev/kit/until.js';
import { earnOnce } from './earnings.js';
import { plainPayees } from './payees.js';
import type { StormScene } from './storm-scene.js';

const CROWD = 300;
/** Of the crowd, as many as must be open for the fault to count. */
const LEAST_OPEN = 200;
/** Above `pool.maxPayout`: it is reserved and not signed before somebody approves it, so that it can be held. */
const UNSEEN_WEI = 101n * 10n ** 18n;
const UNHALTED_WITHIN_MS = 180_000;
const LOOK_EVERY_MS = 500;
const OPENING = { withinMs: 60_000, everyMs: LOOK_EVERY_MS };
/** The start of the command is part of it: a second of work, and several on a busy machine. */
const HOLD_WITHIN_MS = 15_000;
const APPROVE_TRIES = 5;

/** Answers with figures; throws when something waited for the chain that must not. */
export async function standChain(scene: StormScene, forMs: number): Promise<string> {
  const { stack, side, tally } = scene;
  const halts = () => count(scene, 'SELECT count(*) AS n FROM wallet_halt');
  await until('the end of the halts before it', async () => (await halts()) === 0, {
    withinMs: UNHALTED_WITHIN_MS,
    everyMs: LOOK_EVERY_MS,
  });
  const [unseen, ...crowd] = plainPayees(CROWD + 1, side.random);
  if (unseen === undefined) throw new Error('there is no crowd');
  stack.miner.stall();
  try {
    const startedMs = performance.now();
    side.crowd.push(unseen, ...crowd);
    const name = `crowd ${randomBytes(4).toString('hex')}`;
    await earnOnce(side, crowd, name);
    await earnOnce(side, [unseen], `${name} unseen`, UNSEEN_WEI);
    const open = () => count(scene, OPEN, [crowd, OPEN_STATES]);
    await until('the crowd', async () => (await open()) >= LEAST_OPEN, OPENING);
    const heldMs = await holdUnseen(scene, unseen);
    const syncedAt = await lastSync(scene);
    await until('the end of a sync pass', async () => (await lastSync(scene)) > syncedAt, {
      withinMs: forMs,
      everyMs: LOOK_EVERY_MS,
    });
    await sleep(Math.max(startedMs + forMs - performance.now(), 0));
    const stood = await open();
    if (stood < LEAST_OPEN) throw new Error(`${stood} were open at the end of it`);
    tally.note('chainStood');
    return `${stood} open, a hold answered in ${Math.round(heldMs)} ms, and a sync pass ended`;
  } finally {
    stack.miner.resume();
    await letGo(scene, unseen);
  }
}

const OPEN = `SELECT count(*) AS n FROM payout
  WHERE destination = ANY($1) AND state = ANY($2)`;

async function count({ stack }: StormScene, text: string, values: unknown[] = []): Promise<number> {
  const { rows } = await stack.pool.query<{ n: string }>(text, values);
  return Number(rows[0]?.n);
}

/** The time of the last finished sync pass, in milliseconds of Postgres' clock. */
function lastSync(scene: StormScene): Promise<number> {
  const text = 'SELECT extract(epoch FROM max(last_success_at)) * 1000 AS n FROM source';
  return count(scene, text);
}

async function reservedOf({ stack }: StormScene, payee: string): Promise<string> {
  let payoutId = '';
  const isReserved = async () => {
    const { rows } = await stack.pool.query<{ id: string }>(
      `SELECT id FROM payout WHERE destination = $1 AND state = 'reserved'`,
      [payee],
    );
    payoutId = rows[0]?.id ?? '';
    return payoutId !== '';
  };
  await until('the payout above the cap', isReserved, OPENING);
  return payoutId;
}

/** Holds the payout above the cap; resolves with how long that took. */
async function holdUnseen(scene: StormScene, payee: string): Promise<number> {
  const payoutId = await reservedOf(scene, payee);
  const { operator } = scene;
  const startedMs = performance.now();
  const { code, told } = await operator.run('payout', 'hold', payoutId, '--reason', 'the storm');
  const heldMs = performance.now() - startedMs;
  if (code !== 0) throw new Error(`the hold was not answered: ${told}`);
  if (heldMs > HOLD_WITHIN_MS) throw new Error(`the hold took ${Math.round(heldMs)} ms`);
  return heldMs;
}

/** Resumes and approves the held payout, so that it is paid with the others. */
async function letGo(scene: StormScene, payee: string): Promise<void> {
  const payoutId = await reservedOf(scene, payee);
  const { operator } = scene;
  for (const word of ['resume', 'approve']) {
    for (let turn = 1; turn <= APPROVE_TRIES; turn += 1) {
      const { code } = await operator.run('payout', word, payoutId, '--reason', 'the storm');
      if (code === 0) break;
    }
  }
}
