/** Tests the limits where money leaves, with a real Postgres, a real chain and several senders. */
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  reserveFor,
  stateOf,
  type TestWallet,
  transfersOf,
} from '../../../test/harness/money.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { closeDatabase, openDatabase } from '../../db/database.js';
import { query } from '../../db/query.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import type { PayoutLimits } from '../rules/payout-limits.js';
import { closeSlots } from '../store/open-slots.js';
import { readDayUse } from '../store/payee-standings.js';
import { approvePayout, cancelPayout, holdPayout } from '../store/payout-messages.js';
import { keepCompared } from '../store/wallet/paying-wallet.js';
import { walletKeyOf } from '../wallet/money-deps.js';
import { createSender } from './sending.js';

const MILLI_ETH = 10n ** 15n;
const ETH = 10n ** 18n;
const GWEI = 10n ** 9n;
const decision = { actor: 'ann', reason: 'it was looked at' };

let database: TestDatabase;
let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());
// Each test has a database of its own, because the limit of the day applies to the whole pool.
beforeEach(async () => {
  database = await createMoneyDatabase();
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
  await database.close();
});

const makeWallet = (limits: Partial<PayoutLimits>, balanceWei = 100n * ETH) =>
  createTestWallet(database.db, chain, { limits, balanceWei });
const reserve = async (amountWei: bigint) => (await reserveFor(database.db, amountWei)).payoutId;
const shownWait = async (payoutId: string) =>
  (
    await query<{ wait_code: string | null; wait_reason: string | null }>(
      database.db,
      sql`SELECT wait_code, wait_reason FROM payout WHERE id = ${payoutId}`,
    )
  )[0];
const nonces = async (payoutId: string) =>
  (await query(database.db, sql`SELECT FROM nonce_slot WHERE payout_id = ${payoutId}`)).length;
const ageSettlement = (payoutId: string, age: string) =>
  database.db.execute(
    sql`UPDATE payout SET signed_at = signed_at - ${age}::interval,
               closed_at = closed_at - ${age}::interval WHERE id = ${payoutId}`,
  );

describe('the cap per payout', () => {
  it('keeps a larger payout unsigned until it is approved, while others go on', async () => {
    const wallet = await makeWallet({ maxPayoutWei: ETH });
    const { sender, pay } = createPayer(wallet.deps);
    const large = await reserve(ETH + 1n);
    const small = await reserve(ETH);
    const [waiting, sent] = await Promise.all([sender.send(large), sender.send(small)]);
    expect(sent).toMatchObject({ kind: 'sent' });
    expect(waiting).toMatchObject({ kind: 'waiting', wait: { code: 'PAYOUT_ABOVE_CAP' } });
    expect(await shownWait(large)).toMatchObject({
      wait_code: 'PAYOUT_ABOVE_CAP',
      wait_reason: expect.stringContaining(`openpool payout approve ${large} --reason`),
    });
    expect([await stateOf(database.db, large), await nonces(large)]).toEqual(['reserved', 0]);

    const said = await approvePayout(database.db, large, decision);
    expect(said).toMatchObject({ state: 'reserved', words: expect.stringContaining('approved') });
    expect((await shownWait(large))?.wait_code).toBeNull();
    expect(await pay(large)).toMatchObject({ state: 'paid' });
    const { items } = await listAuditLog(database.db, { limit: 1, cursor: null });
    expect(items[0]).toMatchObject({ action: 'payout.approve', subject: large, ...decision });
  });

  it('is reported before an empty wallet, so nobody tops up for an amount that nobody has approved', async () => {
    const wallet = await makeWallet({ maxPayoutWei: ETH }, ETH / 2n);
    const large = await reserve(1_000n * ETH);
    const { sender } = createPayer(wallet.deps);
    expect(await sender.send(large)).toMatchObject({ wait: { code: 'PAYOUT_ABOVE_CAP' } });
    await approvePayout(database.db, large, decision);
    expect(await sender.send(large)).toMatchObject({ wait: { code: 'WALLET_EMPTY' } });
  });

  it('still allows cancelling, and refuses an approval without a reason or after the signature', async () => {
    const wallet = await makeWallet({ maxPayoutWei: ETH });
    const { sender } = createPayer(wallet.deps);
    const [ended, signed] = [await reserve(2n * ETH), await reserve(ETH)];
    await sender.send(ended);
    expect(await cancelPayout(database.db, ended, decision)).toMatchObject({ state: 'cancelled' });
    expect(await sender.send(ended)).toMatchObject({ kind: 'closed', state: 'cancelled' });
    await sender.send(signed);
    const approve = (id: string, reason = 'why') =>
      approvePayout(database.db, id, { actor: 'ann', reason });
    await expect(approve(signed, ' ')).rejects.toMatchObject({ code: 'REASON_MISSING' });
    await expect(approve(signed)).rejects.toMatchObject({ code: 'PAYOUT_ALREADY_SIGNED' });
    await expect(approve(ended)).rejects.toMatchObject({ code: 'PAYOUT_ALREADY_CLOSED' });
  });

  it('signs nothing for a payee that has meanwhile become a wallet of the pool', async () => {
    const { db } = database;
    const { deps } = await makeWallet({});
    const payout = await reserve(ETH);
    await db.execute(sql`
      INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
      SELECT 2, ${chain.chainId}, destination, 'ann', 'a slip' FROM payout WHERE id = ${payout}`);
    await db.execute(sql`
      INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
      SELECT 3, chain_id, address, 'ann', 'and back' FROM paying_wallet WHERE no = 1`);
    await keepCompared(db, walletKeyOf(deps), 3);
    expect(await createSender(deps).send(payout)).toMatchObject({
      ...{ kind: 'waiting', wait: { code: 'PAYEE_IS_WALLET' } },
    });
    expect(await nonces(payout)).toBe(0);
    await cancelPayout(db, payout, decision);
  });

  it('is lifted by an approval, but a hold is not', async () => {
    const wallet = await makeWallet({ maxPayoutWei: ETH });
    const { sender } = createPayer(wallet.deps);
    const large = await reserve(2n * ETH);
    await holdPayout(database.db, large, decision);
    const { words } = await approvePayout(database.db, large, decision);
    expect(words).toContain('still held');
    expect((await shownWait(large))?.wait_code).toBe('PAYOUT_HELD');
    expect(await sender.send(large)).toMatchObject({ wait: { code: 'PAYOUT_HELD' } });
  });
});

describe('the cap per day', () => {
  it('delays what is above it, approved or not, until a day after the others', async () => {
    const wallet = await makeWallet({ maxPaidPerDayWei: 5n * ETH });
    const { sender, pay } = createPayer(wallet.deps);
    const first = await reserve(3n * ETH);
    await pay(first);
    const second = await reserve(2n * ETH);
    await sender.send(second);
    const third = await reserve(1n);
    await approvePayout(database.db, third, decision);
    expect(await sender.send(third)).toMatchObject({ wait: { code: 'DAILY_CAP_REACHED' } });
    expect((await shownWait(third))?.wait_reason).toMatch(/pool\.maxPaidPerDay, 5 ETH.*from 20/);
    await ageSettlement(first, '23 hours 59 minutes');
    expect(await sender.send(third)).toMatchObject({ wait: { code: 'DAILY_CAP_REACHED' } });
    await ageSettlement(first, '1 minute');
    expect(await sender.send(third)).toMatchObject({ kind: 'sent' });
  });

  it('counts signed payouts for as long as their money may still leave, but not those that ended unpaid', async () => {
    const wallet = await makeWallet({ maxPaidPerDayWei: 5n * ETH });
    const { sender } = createPayer(wallet.deps);
    const stuck = await reserve(3n * ETH);
    await sender.send(stuck);
    await ageSettlement(stuck, '3 days');
    expect(await readDayUse(database.db)).toMatchObject({ usedWei: 3n * ETH, nextFreeAt: null });
    const cancelled = await reserve(ETH);
    await cancelPayout(database.db, cancelled, decision);
    expect((await readDayUse(database.db)).usedWei).toBe(3n * ETH);
  });

  it('does not count a payout that ran out of gas, and counts the next one once', async () => {
    const wallet = await makeWallet({ maxPaidPerDayWei: 5n * ETH });
    const { sender, pay } = createPayer(wallet.deps);
    const { payoutId, payee } = await reserveFor(database.db, 5n * ETH);
    const sent = await sender.send(payoutId);
    if (sent.kind !== 'sent') throw new Error('it was not sent');
    const inclusion = {
      ...{ hash: sent.txHash, blockNumber: 1, blockHash: `0x${'1'.repeat(64)}` },
      ...{ gasUsed: 21_000n, gasPriceWei: 1n, from: wallet.address, to: payee },
      ...{ succeeded: false, depth: 'final' as const },
    };
    const slot = { nonce: sent.nonce, payoutId, payee };
    const verdict = { kind: 'out-of-gas' as const, inclusion, nextGasLimit: 50_000n };
    const key = walletKeyOf(wallet.deps);
    await closeSlots(database.db, key, { closings: [{ slot, verdict }] });
    expect((await readDayUse(database.db)).usedWei).toBe(0n);
    expect(await sender.send(payoutId)).toMatchObject({ kind: 'closed', state: 'failed' });
    const next = await reserveFor(database.db, 0n, payee);
    expect(await pay(next.payoutId)).toMatchObject({ state: 'paid' });
    expect((await readDayUse(database.db)).usedWei).toBe(5n * ETH);
  });

  it.each([1, 2, 3])(
    'holds for two managers that send the same and other payouts at once (%i)',
    async (seed) => {
      const capWei = 10n * ETH;
      const wallet = await makeWallet({ maxPaidPerDayWei: capWei });
      const amounts = Array.from({ length: 30 }, (_, i) => {
        const noise = BigInt(((seed * 7_919 + i * 104_729) % 997) + 1);
        return noise * MILLI_ETH + BigInt(i);
      });
      const ids: string[] = [];
      for (const amountWei of amounts) ids.push(await reserve(amountWei));
      const other = openDatabase({ url: database.url, maxConnections: 5 });
      try {
        const senders = [database.db, other].flatMap((db) => {
          const deps = { ...wallet.deps, db };
          // Each manager has several senders, as if a process was started twice or a group was split.
          return [createSender(deps), createSender(deps)];
        });
        await Promise.all(
          senders.map((sender, n) =>
            Promise.all(ids.filter((_, i) => (i + n) % 3 !== 0).map((id) => sender.send(id))),
          ),
        );
      } finally {
        await closeDatabase(other);
      }
      await expectWithinCap(wallet, ids, capWei);
    },
  );

  async function expectWithinCap(wallet: TestWallet, ids: readonly string[], capWei: bigint) {
    const rows = await query<{ state: string; amount_wei: string; wait_code: string | null }>(
      database.db,
      sql`SELECT state, amount_wei, wait_code FROM payout`,
    );
    expect(rows).toHaveLength(ids.length);
    const sumOf = (state: string) =>
      rows
        .filter((row) => row.state === state)
        .reduce((sum, row) => sum + BigInt(row.amount_wei), 0n);
    const signedWei = sumOf('signed');
    expect(signedWei).toBeLessThanOrEqual(capWei);
    const waiting = rows.filter(({ state }) => state === 'reserved');
    expect(waiting.length).toBeGreaterThan(0);
    // The payouts that wait do not fit: the cap is used up as far as it goes.
    for (const { amount_wei, wait_code } of waiting) {
      expect(wait_code).toBe('DAILY_CAP_REACHED');
      expect(signedWei + BigInt(amount_wei)).toBeGreaterThan(capWei);
    }
    await waitForTransfers(wallet, rows.length - waiting.length);
    const onChain = await transfersOf(chain, wallet.address);
    expect(onChain.reduce((sum, { valueWei }) => sum + valueWei, 0n)).toBe(signedWei);
  }

  async function waitForTransfers(wallet: TestWallet, count: number): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
      const params = [wallet.address, 'latest'];
      if (Number(await rpc(chain.rpcUrl, 'eth_getTransactionCount', params)) >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

describe('the share of gas', () => {
  const setBaseFee = async (wei: bigint) => {
    await rpc(chain.rpcUrl, 'anvil_setNextBlockBaseFeePerGas', [`0x${wei.toString(16)}`]);
    await rpc(chain.rpcUrl, 'anvil_mine', ['0x1']);
  };
  /** The amount of which a tenth pays for 21,000 gas at a little less than five gwei. */
  const AMOUNT_WEI = 1_000_000n * GWEI;

  it('makes a payout wait while gas is expensive, and lets it continue when gas is cheaper', async () => {
    const wallet = await makeWallet({ maxGasShareBps: 1_000 });
    const { sender } = createPayer(wallet.deps);
    const payoutId = await reserve(AMOUNT_WEI);
    await setBaseFee(40n * GWEI);
    expect(await sender.send(payoutId)).toMatchObject({ wait: { code: 'GAS_SHARE_ABOVE_CAP' } });
    expect([await stateOf(database.db, payoutId), await nonces(payoutId)]).toEqual(['reserved', 0]);
    await setBaseFee(GWEI);
    expect(await sender.send(payoutId)).toMatchObject({ kind: 'sent' });
  });

  it('does not apply after an approval, but the fee cap still does', async () => {
    const wallet = await makeWallet({ maxGasShareBps: 1_000 });
    const { sender } = createPayer(wallet.deps);
    const payoutId = await reserve(AMOUNT_WEI);
    await approvePayout(database.db, payoutId, decision);
    await setBaseFee(500n * GWEI);
    expect(await sender.send(payoutId)).toMatchObject({ wait: { code: 'FEE_ABOVE_CAP' } });
    await setBaseFee(20n * GWEI);
    expect(await sender.send(payoutId)).toMatchObject({ kind: 'sent' });
  });
});
