/** Money that follows what payees sign, on a real chain: drawn histories of wishes, reservations and payments. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../dev/kit/random.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { TEST_POOL_ID, type TestDatabase } from '../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  paidByChain,
  randomAddress,
  sendForeign,
  TEST_ROUND,
  type TestWallet,
} from '../../test/harness/money.js';
import { createPayee, messageOf, type TestPayee, wishSigned } from '../../test/harness/wishes.js';
import type { Address } from '../base/address.js';
import { ChainError } from '../chain/endpoint-error.js';
import { adoptWallet } from '../checks/adoption.js';
import { checkInvariants } from '../checks/audit/invariants.js';
import { query } from '../db/query.js';
import { reserveManual, reserveRound } from '../payouts/store/reservations.js';
import { haltWallet } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { confirmRedirects } from './redirecting.js';
import { recordWish } from './store/recording.js';

const STEPS = 120;
const NO_TIME = 0;
const A_DAY_MS = 86_400_000;
let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
  database = await createMoneyDatabase();
  wallet = await createTestWallet(database.db, chain);
});
afterAll(async () => {
  await chain.stop();
  await database.close();
});

/** What the test itself believes of a payee: no row of the product's is read for it. */
interface Belief {
  readonly payee: TestPayee;
  destination: Address;
  /** Asked for, and whether a worker has confirmed it with a cool-down that does not end within the test. */
  asked: { readonly destination: Address; isConfirmed: boolean } | null;
}

const confirm = (coolDownMs: number) =>
  confirmRedirects({
    db: database.db,
    poolId: TEST_POOL_ID,
    chainId: 31_337,
    chain: wallet.deps.rpc,
    coolDownMs,
  });

const reserve = (payee: Address) => {
  const asked = { actor: 'test', reason: 'test', requestId: randomUUID() };
  return reserveManual(database.db, { payee, belowThreshold: true, ...asked }, TEST_ROUND);
};

describe('payouts of payees that change their destinations', () => {
  it('go where each was paid when they were reserved, to the wei, and nowhere before its time', async () => {
    const { db } = database;
    const draw = createRandom(20_260_301);
    const places = Array.from({ length: 5 }, () => randomAddress());
    const beliefs: Belief[] = [];
    for (let n = 0; n < 4; n += 1) {
      const payee = await createPayee(db);
      beliefs.push({ payee, destination: payee.address, asked: null });
    }
    const payer = createPayer(wallet.deps);
    const release = payer.follow();
    const promised = new Map<string, bigint>();
    const underWay = new Map<Address, string>();
    const payAll = async () => {
      const paying = [...underWay.values()].map((payoutId) => payer.pay(payoutId));
      const mining = setInterval(() => void rpc(chain.rpcUrl, 'anvil_mine', ['0x1']), 20);
      for (const outcome of await Promise.all(paying)) {
        expect(outcome).toMatchObject({ state: 'paid' });
      }
      clearInterval(mining);
      underWay.clear();
    };
    const counts = { redirects: 0, revoked: 0, payouts: 0 };
    for (let step = 0; step < STEPS; step += 1) {
      const belief = draw.pick(beliefs);
      const { address } = belief.payee;
      const deed = draw.int(0, 5);
      if (deed === 0) await askElsewhere(belief, draw, places);
      else if (deed === 1 && (await revoke(belief))) counts.revoked += 1;
      else if (deed === 2) counts.redirects += await confirmAll(beliefs, draw);
      else if (deed === 3) await credit(db, [BigInt(draw.int(1, 1_000_000))], address);
      else if (deed === 4 && !underWay.has(address)) {
        await credit(db, [BigInt(draw.int(1, 1_000_000))], address);
        const { payoutId, amountWei } = await reserve(address);
        underWay.set(address, payoutId);
        const to = belief.destination;
        promised.set(to, (promised.get(to) ?? 0n) + amountWei);
        counts.payouts += 1;
      } else if (deed === 5 && draw.chance(0.25)) await payAll();
    }
    await payAll();
    await release();
    expect(await paidByChain(chain, wallet.address)).toEqual(promised);
    expect(await checkInvariants(db)).toEqual([]);
    // With this seed each deed was done several times.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(3);
  });

  it('pays one that waits for its cool-down at its own address, in a round too', async () => {
    const { db } = database;
    const payee = await createPayee(db, 77n);
    await wishSigned(db, payee, { kind: 'destination', destination: randomAddress() });
    await confirm(A_DAY_MS);
    await reserveRound(db, { roundId: randomUUID(), workflowId: 'payout-round' }, TEST_ROUND);
    const made = await query(
      db,
      sql`SELECT destination, amount_wei AS wei FROM payout WHERE payee = ${payee.address}`,
    );
    expect(made).toEqual([{ destination: payee.address, wei: '77' }]);
  });
});

describe('wishes of contracts that endpoints are slow to tell of', () => {
  it('are left for the next time when the time is over', async () => {
    const other = await createMoneyDatabase();
    try {
      const { db } = other;
      for (let i = 0; i < 3; i++) {
        const payee = await createPayee(db, 1n);
        const wish = { kind: 'destination', destination: randomAddress() } as const;
        const message = await messageOf(db, payee.address, wish);
        await recordWish(db, message, { signature: `0x${'ab'.repeat(65)}`, proof: 'contract' });
      }
      let asked = 0;
      const slow = {
        async agreed() {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 60));
          throw new ChainError('unreachable', 'no answer');
        },
      };
      const of = { db, poolId: TEST_POOL_ID, chainId: 31_337, chain: slow, coolDownMs: NO_TIME };
      expect(await confirmRedirects({ ...of, withinMs: 50 })).toMatchObject({ waiting: 1 });
      expect(asked).toBe(1);
      expect(await confirmRedirects(of)).toMatchObject({ waiting: 3 });
    } finally {
      await other.close();
    }
  });
});

describe('a transfer to another destination that the ledger did not sign', () => {
  it('is adopted as a payment to the payee who is paid there', async () => {
    const other = await createMoneyDatabase();
    try {
      const { db } = other;
      const used = await createTestWallet(db, chain);
      const payee = await createPayee(db, 500n);
      const destination = randomAddress();
      await wishSigned(db, payee, { kind: 'destination', destination });
      const of = { db, poolId: TEST_POOL_ID, chainId: 31_337, chain: used.deps.rpc };
      await confirmRedirects({ ...of, coolDownMs: NO_TIME });
      await sendForeign(chain, used, 0, { to: destination, valueWei: 200n });
      const key = walletKeyOf(used.deps);
      await haltWallet(db, key, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
      const asked = { actor: 'test', reason: 'looked', dryRun: false, vouchedHashes: [] };
      await chainFinal();
      const report = await adoptWallet(used.deps, asked);
      expect(report.findings).toMatchObject([{ verdict: 'payment', valueWei: '200' }]);
      const owed = await query(
        db,
        sql`SELECT account, amount_wei AS wei FROM balance JOIN remote_worker worker ON worker.id = remote_worker_id
             WHERE worker.payee = ${payee.address} ORDER BY account`,
      );
      expect(owed).toEqual([
        { account: 'paid', wei: '200' },
        { account: 'pending', wei: '300' },
      ]);
    } finally {
      await other.close();
    }
  });
});

async function chainFinal(): Promise<void> {
  await rpc(chain.rpcUrl, 'anvil_mine', ['0x20']);
}

async function askElsewhere(belief: Belief, draw: Random, places: readonly Address[]) {
  const destination = draw.pick([...places, belief.payee.address]);
  await wishSigned(database.db, belief.payee, { kind: 'destination', destination });
  belief.asked = { destination, isConfirmed: false };
}

async function revoke(belief: Belief): Promise<boolean> {
  const wish = wishSigned(database.db, belief.payee, { kind: 'revoke-destination' });
  if (belief.asked === null) {
    await expect(wish).rejects.toMatchObject({ code: 'WISH_NOTHING_TO_REVOKE' });
    return false;
  }
  await wish;
  belief.asked = null;
  return true;
}

/** A worker confirms what was asked; either its cool-down is over at once, or it does not end within this test. */
async function confirmAll(beliefs: readonly Belief[], draw: Random): Promise<number> {
  const isAtOnce = draw.chance(0.5);
  const fresh = beliefs.filter(({ asked }) => asked?.isConfirmed === false);
  const { confirmed } = await confirm(isAtOnce ? NO_TIME : A_DAY_MS);
  expect(confirmed).toBe(fresh.length);
  for (const belief of fresh) {
    if (belief.asked === null) continue;
    if (isAtOnce) {
      belief.destination = belief.asked.destination;
      belief.asked = null;
    } else belief.asked.isConfirmed = true;
  }
  return isAtOnce ? confirmed : 0;
}
