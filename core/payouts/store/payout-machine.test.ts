/** Tests the state machine of payouts on a real Postgres: every move is made, and every other step is refused. */

import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgePayouts, type TestDatabase } from '../../../test/harness/database.js';
import {
  balancesOf,
  createMoneyDatabase,
  credit,
  randomAddress,
  reserveFor,
  stateOf,
  TEST_ROUND,
  WIDE_LIMITS,
} from '../../../test/harness/money.js';
import type { Address } from '../../base/address.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { adopt } from '../../checks/store/foreign-transactions.js';
import { reopenPayout } from '../../checks/store/paid-slots.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { listNotices } from '../../notices/store/notice-reads.js';
import { OPEN_STATES, PAYOUT_STATES, type PayoutState } from '../rules/payout.js';
import { PAYOUT_MOVES, type PayoutMove, type PayoutMoveName } from '../rules/payout-machine.js';
import type { FinalVerdict } from '../rules/settlement-verdict.js';
import { allocateSlots } from './nonces/nonces.js';
import { closeSlots } from './open-slots.js';
import { cancelPayout } from './payout-messages.js';
import { movePayouts } from './payout-moves.js';
import { reserveRound } from './reservations.js';
import { haltWallet, openWalletRow } from './wallet/wallets.js';

const KEY = { chainId: 31_337, address: randomAddress() };
const AMOUNT_WEI = 1_000n;
const said = { actor: 'test', reason: 'because' };
const moves: readonly (readonly [PayoutMoveName, PayoutMove])[] = Object.entries(
  PAYOUT_MOVES,
) as never;

let database: TestDatabase;
beforeAll(async () => {
  database = await createMoneyDatabase();
  const opening = { nonce: 0, block: 0, balanceWei: 0n };
  await openWalletRow(database.db, KEY, { opening, halt: null });
});
afterAll(() => database.close());

interface Walked {
  readonly payoutId: string;
  readonly payee: Address;
}

let signatures = 0;

async function sign({ payoutId }: Walked): Promise<void> {
  const result = await allocateSlots(database.db, {
    wallet: KEY,
    orders: [{ payoutId, gasLimit: 21_000n, gasCostWei: 0n }],
    limits: WIDE_LIMITS,
    fees: { maxFeePerGasWei: 1n, maxPriorityFeePerGasWei: 1n },
    ...{ chainNonce: 0, claimedNonce: 0, balanceWei: 10n ** 18n, keepInWalletWei: 0n },
    sign: () => {
      signatures += 1;
      const hash = `0x${signatures.toString(16).padStart(64, '0')}`;
      return Promise.resolve({ raw: Buffer.from([signatures % 256]), hash });
    },
  });
  expect(result).toEqual({ kind: 'done', refusals: new Map() });
}

async function slotOf({ payoutId, payee }: Walked) {
  const [row] = await query<{ nonce: string; hash: string }>(
    database.db,
    sql`SELECT slot.nonce, attempt.hash FROM nonce_slot slot JOIN attempt USING (chain_id, wallet, nonce)
         WHERE payout_id = ${payoutId}`,
  );
  const inclusion = {
    ...{ hash: row?.hash ?? '', from: KEY.address, to: payee, blockNumber: 7, blockHash: '0xb' },
    ...{ gasUsed: 21_000n, gasPriceWei: 2n, depth: 'final' as const },
  };
  return { slot: { nonce: Number(row?.nonce), payoutId, payee }, inclusion };
}

async function close(walked: Walked, kind: FinalVerdict['kind']): Promise<void> {
  const { slot, inclusion } = await slotOf(walked);
  const seen = { ...inclusion, succeeded: kind === 'settled' };
  const verdict = { kind, inclusion: seen, reason: 'it reverted', nextGasLimit: 42_000n };
  await closeSlots(database.db, KEY, { closings: [{ slot, verdict }] });
}

/** Books somebody else's final transaction that took the payout's nonce and paid nobody. */
async function supersede(walked: Walked): Promise<void> {
  const { slot, inclusion } = await slotOf(walked);
  const hash = `0x${'f'.repeat(56)}${String(slot.nonce).padStart(8, '0')}`;
  const foreign = {
    ...{ hash, sender: KEY.address, nonce: slot.nonce, to: randomAddress(), valueWei: 1n },
    ...{ succeeded: true, blockNumber: 7, blockHash: inclusion.blockHash },
    ...{ gasUsed: 21_000n, gasPriceWei: 1n },
  };
  await haltWallet(database.db, KEY, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
  const found = { ours: [], payments: [], paysNobody: [foreign], nextNonce: 0, isComplete: true };
  await adopt(database.db, KEY, { ...found, ...said });
  await resumeWallet(database.db, KEY, said);
}

async function reopen(walked: Walked): Promise<void> {
  const { slot, inclusion } = await slotOf(walked);
  expect(await reopenPayout(database.db, KEY, { ...slot, ...inclusion })).toBe(true);
}

/** Makes each move in the way the program does. */
const WALKS: Readonly<Record<PayoutMoveName, (walked: Walked) => Promise<unknown>>> = {
  reserve: async ({ payee }) => {
    await credit(database.db, [AMOUNT_WEI], payee);
    return reserveRound(database.db, { roundId: randomUUID(), workflowId: 'round' }, TEST_ROUND);
  },
  sign,
  cancel: ({ payoutId }) => cancelPayout(database.db, payoutId, said),
  settle: (walked) => close(walked, 'settled'),
  refuse: (walked) => close(walked, 'refused'),
  fail: (walked) => close(walked, 'out-of-gas'),
  supersede,
  reopen,
};

/** The moves that lead from the start to each state. */
const WAYS: Readonly<Record<PayoutState, readonly PayoutMoveName[]>> = {
  reserved: [],
  signed: ['sign'],
  paid: ['sign', 'settle'],
  reopened: ['sign', 'settle', 'reopen'],
  refused: ['sign', 'refuse'],
  failed: ['sign', 'fail'],
  cancelled: ['cancel'],
};

async function walkTo(state: PayoutState): Promise<Walked> {
  const walked = await reserveFor(database.db, AMOUNT_WEI);
  for (const name of WAYS[state]) await WALKS[name](walked);
  expect(await stateOf(database.db, walked.payoutId)).toBe(state);
  return walked;
}

describe('a payout', () => {
  const steps = moves.flatMap(([name, { from }]) => from.map((state) => [name, state] as const));

  it.each(steps)('takes the move %s from %s, and its amount moves with it', async (name, from) => {
    const { to } = PAYOUT_MOVES[name];
    if (from === 'nothing') {
      const payee = randomAddress();
      await WALKS[name]({ payoutId: '', payee });
      const made = await query<{ state: string }>(
        database.db,
        sql`SELECT state FROM payout WHERE payee = ${payee}`,
      );
      expect(made).toEqual([{ state: to }]);
      return;
    }
    const walked = await walkTo(from);
    await WALKS[name](walked);
    expect(await stateOf(database.db, walked.payoutId)).toBe(to);
    const isOpen = OPEN_STATES.some((state) => state === to);
    expect(await balancesOf(database.db, walked.payee)).toMatchObject({
      reserved: isOpen ? AMOUNT_WEI : 0n,
      paid: to === 'paid' ? AMOUNT_WEI : 0n,
      pending: isOpen || to === 'paid' ? 0n : AMOUNT_WEI,
    });
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  const isMove = (from: string, to: string) =>
    moves.some(([, move]) => move.to === to && move.from.some((state) => state === from));
  const others = PAYOUT_STATES.flatMap((from) =>
    PAYOUT_STATES.filter((to) => to !== from && !isMove(from, to)).map((to) => [from, to] as const),
  );

  it.each(others)('cannot step from %s to %s, whoever asks', async (from, to) => {
    const { payoutId } = await walkTo(from);
    const step = database.db.execute(sql`UPDATE payout SET state = ${to} WHERE id = ${payoutId}`);
    await expect(step).rejects.toMatchObject({
      message: expect.stringContaining(`does not go from ${from} to ${to}`),
    });
    for (const [name, move] of moves) {
      if (name === 'reserve' || move.to !== to) continue;
      const asked = database.db.transaction((tx) => movePayouts(tx, name, [payoutId]));
      await expect(asked).rejects.toThrow('0 of 1 payouts could');
    }
    expect(await stateOf(database.db, payoutId)).toBe(from);
  });

  it.each(PAYOUT_STATES.filter((state) => !isMove('nothing', state)))(
    'does not begin as %s',
    async (state) => {
      const payee = await credit(database.db, [AMOUNT_WEI]);
      const begin = database.db.execute(sql`
        INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
        VALUES (${randomUUID()}, ${payee}, ${payee}, 1, ${state}, 'round')`);
      await expect(begin).rejects.toMatchObject({
        message: expect.stringContaining('from nothing'),
      });
    },
  );

  it('cannot be signed again after it ended, because only a newly reserved payout can be signed', () => {
    const signable = moves.filter(([, { to }]) => to === 'reserved').map(([name]) => name);
    expect(signable).toEqual(['reserve']);
    expect(PAYOUT_MOVES.reserve.from).toEqual(['nothing']);
    const leaving = moves.filter(([, { to }]) => to === 'signed').map(([name]) => name);
    expect(leaving).toEqual(['sign']);
  });

  it('is moved by one file only', () => {
    const dirs = ['activities', 'api', 'cli', 'client', 'core', 'worker'];
    const writers = dirs.flatMap((dir) => {
      const root = new URL(`../../../${dir}/`, import.meta.url);
      const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
      return files
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .filter((file) =>
          /UPDATE\s+payout\s+SET[^;`]*?\bstate\s*=(?![^;`]*?WHERE[^;`]*\bstate\s*=\s*\$)/is.test(
            readFileSync(new URL(file, root), 'utf8').replace(/WHERE[^`]*`/gi, '`'),
          ),
        )
        .map((file) => `${dir}/${file}`);
    });
    expect(writers).toEqual(['core/payouts/store/payout-moves.ts']);
  });
});

describe('a nonce', () => {
  it.each(PAYOUT_STATES.filter((state) => state !== 'reserved' && state !== 'cancelled'))(
    'is never given a second time to a payout that is %s',
    async (state) => {
      const { payoutId } = await walkTo(state);
      const second = (tx: Pick<typeof database.db, 'execute'>) =>
        tx.execute(sql`
          INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id)
          VALUES (${KEY.chainId}, ${KEY.address}, 900000, ${payoutId})`);
      await expect(second(database.db)).rejects.toMatchObject({
        message: expect.stringContaining('PAYOUT_SECOND_NONCE'),
      });
      // The error text comes from a trigger; a unique index also refuses two at once.
      await expect(forgePayouts(database.db, second)).rejects.toMatchObject({
        constraint: expect.stringMatching(/^nonce_slot_one_(live_)?per_payout$/),
      });
    },
  );
});

describe('docs/architecture.md', () => {
  it('shows the machine as it is', () => {
    const doc = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8');
    const rows = moves.map(([name, move]) => {
      const books = move.books === null ? '' : `${move.books.from} → ${move.books.to}`;
      const cells = [`\`${name}\``, move.from.join(', '), move.to, move.causes.join(', ')];
      return `| ${[...cells, books, move.asks].join(' | ')} |`;
    });
    for (const row of rows) expect(doc).toContain(row);
  });
});

describe('what is told of a payout', () => {
  const told = async (payee: Address) => {
    const { items } = await listNotices(database.db, {}, { limit: 200, cursor: null });
    return items.filter((one) => one.payee === payee).reverse();
  };

  it('is that it is paid once it is settled and not before, that a reorg took it back, and that it is paid again', async () => {
    const walked = await reserveFor(database.db, AMOUNT_WEI);
    await sign(walked);
    expect(await told(walked.payee)).toEqual([]);
    const { inclusion } = await slotOf(walked);
    await close(walked, 'settled');
    const facts = { payoutId: walked.payoutId, payee: walked.payee, amountWei: '1000' };
    expect(await told(walked.payee)).toMatchObject([
      { kind: 'paid', facts: { ...facts, txHash: inclusion.hash } },
    ]);
    await close(walked, 'settled');
    expect(await told(walked.payee)).toHaveLength(1);
    await reopen(walked);
    await close(walked, 'settled');
    const notices = await told(walked.payee);
    expect(notices.map(({ kind }) => kind)).toEqual(['paid', 'reopened', 'paid']);
    expect(new Set(notices.map(({ ref }) => ref)).size).toBe(3);
  });

  it('is that it was refused; nothing of one that ran out of gas, and nothing of what was rolled back', async () => {
    const walked = await reserveFor(database.db, AMOUNT_WEI);
    await sign(walked);
    const undone = database.db.transaction(async (tx) => {
      await movePayouts(tx, 'refuse', [walked.payoutId]);
      throw new Error('the process dies');
    });
    await expect(undone).rejects.toThrow();
    expect(await told(walked.payee)).toEqual([]);
    await close(walked, 'refused');
    expect(await told(walked.payee)).toMatchObject([{ kind: 'refused', payee: walked.payee }]);
    const other = await reserveFor(database.db, AMOUNT_WEI);
    await sign(other);
    await close(other, 'out-of-gas');
    expect(await told(other.payee)).toEqual([]);
  });
});
