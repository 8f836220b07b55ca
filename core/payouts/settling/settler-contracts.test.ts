/** What becomes of transfers that need more gas than was estimated or signed for, and of payees that are contracts. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import {
  balancesOf,
  CONTRACTS,
  createPayer,
  createTestWallet,
  deploy,
  paidByChain,
  recordTestTerms,
  reserveFor,
  stateOf,
  TEST_ROUND,
  type TestWallet,
  transfersOf,
  waitOf,
} from '../../../test/harness/money.js';
import { allocateOnly, expectEachPaid } from '../../../test/harness/wallets.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import { cancelPayout } from '../store/payout-messages.js';
import { payoutProgress } from '../store/payout-progress.js';
import { reserveManual } from '../store/reservations.js';

const GWEI = 10n ** 9n;
const AMOUNT_WEI = 123_456_789_000_000_001n;
const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;
let chain: LocalChain;

beforeAll(async () => {
  [database, chain] = await Promise.all([
    createTestDatabase(20),
    startChain({ blockTimeSeconds: 0.1 }),
  ]);
  await recordTestTerms(database.db);
});
afterAll(async () => {
  await Promise.all([database.close(), chain.stop()]);
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
});

/** Creates a wallet of the test's own, so that what other tests left open does not disturb it. */
const makeWallet = (options: Parameters<typeof createTestWallet>[2] = {}) =>
  createTestWallet(database.db, chain, options);
const nodeRpc = (method: string, ...params: readonly unknown[]) =>
  rpc(chain.rpcUrl, method, params);

const waitUntil = (ready: () => Promise<boolean>) =>
  expect.poll(ready, { timeout: 20_000 }).toBe(true);
const expectPaidOnce = (wallet: TestWallet, payees: readonly string[]) =>
  expectEachPaid(chain, wallet, { payees, amountWei: AMOUNT_WEI });

describe('a destination that is a contract', () => {
  it('is paid when it accepts money, even if that needs more gas than a plain transfer', async () => {
    const wallet = await makeWallet();
    const payee = await deploy(chain, CONTRACTS.accepting);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI, payee);
    expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
    await expectPaidOnce(wallet, [payee]);
  });

  it.each(['refusing', 'burning'] as const)(
    'is refused only when final, released and marked unpayable: %s',
    async (kind) => {
      const wallet = await makeWallet();
      const payee = await deploy(chain, CONTRACTS[kind]);
      const { payoutId } = await reserveFor(database.db, AMOUNT_WEI, payee);
      const { db } = database;
      const payer = createPayer(wallet.deps);
      await chain.pause();
      await payer.sender.send(payoutId);
      // Two blocks confirm the refusal, and make it not final yet.
      await nodeRpc('anvil_mine', '0x2');
      const release = payer.follow();
      await waitUntil(async () => (await waitOf(db, payoutId))?.code === 'AWAITING_FINALITY');
      expect(await stateOf(db, payoutId)).toBe('signed');
      await chain.resume();
      expect(await payer.pay(payoutId)).toMatchObject({ state: 'refused' });
      await release();
      const [row] = await query<{ reason: string; pending: string }>(
        db,
        sql`SELECT unpayable_reason AS reason, amount_wei AS pending FROM payee
              JOIN remote_worker worker ON worker.payee = payee.address
              JOIN balance ON balance.remote_worker_id = worker.id AND account = 'pending'
             WHERE address = ${payee}`,
      );
      expect(row?.pending).toBe(AMOUNT_WEI.toString());
      expect(row?.reason).toMatch(/^transaction 0x[0-9a-f]{64} in block \d+ (was refused|ran out)/);
      expect((await paidByChain(chain, wallet.address)).size).toBe(0);
    },
  );

  it('that became a contract after the estimate ends its payout, and its next one has more gas and the amount owed then', async () => {
    const wallet = await makeWallet();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await allocateOnly(wallet, [payoutId]);
    // Sixteen log entries cost about 10,000 gas, which is more than the first limit allows.
    await nodeRpc('anvil_setCode', payee, `0x${'60206000a0'.repeat(16)}`);
    const payer = createPayer(wallet.deps);
    expect(await payer.settle(payoutId)).toMatchObject({ kind: 'closed', state: 'failed' });
    expect(await balancesOf(database.db, payee)).toMatchObject({ pending: AMOUNT_WEI });
    expect(await payer.sender.send(payoutId)).toMatchObject({ kind: 'closed', state: 'failed' });
    const next = await reserveFor(database.db, 5n, payee);
    expect((await payoutProgress(database.db, [next.payoutId]))[0]).toMatchObject({
      amountWei: AMOUNT_WEI + 5n,
      gasLimit: 52_500n,
    });
    expect(await payer.pay(next.payoutId)).toMatchObject({ state: 'paid' });
    const transfers = await transfersOf(chain, wallet.address);
    expect(transfers.map(({ nonce, succeeded }) => [nonce, succeeded])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI + 5n]]));
    // The gas that the transfer used is stored, and not the doubled limit.
    const [kept] = await query<{ gas: string; burnt: string }>(
      database.db,
      sql`SELECT gas_limit AS gas, burnt_gas_wei AS burnt FROM payee WHERE address = ${payee}`,
    );
    expect(Number(kept?.gas)).toBeGreaterThan(26_250);
    expect(Number(kept?.gas)).toBeLessThan(52_500);
    expect(kept?.burnt).toBe('0');
  });

  it('that burns all gas it is given costs one payout’s share of gas in sum, however often it is tried', async () => {
    const maxGasShareBps = 100;
    const limits = { maxGasShareBps };
    const config = { gasLimitCap: 2_000_000n };
    const wallet = await makeWallet({ limits, config });
    // This contract accepts money when gas costs nothing, as in an estimate, and otherwise burns everything.
    const payee = await deploy(chain, '3a600557005b600556');
    const payer = createPayer(wallet.deps);
    const amountWei = 20n * 10n ** 15n;
    let { payoutId } = await reserveFor(database.db, amountWei, payee);
    const endings: string[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const sent = await payer.sender.send(payoutId);
      if (sent.kind === 'waiting') {
        endings.push(sent.wait.code);
        expect(sent.wait.reason).toContain('failed transfers to it have cost');
        break;
      }
      const outcome = await payer.settle(payoutId);
      endings.push(outcome.kind === 'closed' ? outcome.state : outcome.kind);
      const asked = { actor: 'test', reason: 'once more', requestId: randomUUID() };
      ({ payoutId } = await reserveManual(
        database.db,
        { payee, belowThreshold: true, ...asked },
        TEST_ROUND,
      ));
    }
    expect(endings.at(-1)).toBe('GAS_SHARE_ABOVE_CAP');
    expect(new Set(endings.slice(0, -1))).toEqual(new Set(['failed']));
    expect(endings.length).toBeGreaterThan(2);
    const [burnt] = await query<{ wei: string }>(
      database.db,
      sql`SELECT sum(gas_used * gas_price_wei) AS wei FROM nonce_slot WHERE wallet = ${wallet.address}`,
    );
    expect(BigInt(burnt?.wei ?? 0)).toBeLessThanOrEqual(
      (amountWei * BigInt(maxGasShareBps)) / 10_000n,
    );
    await cancelPayout(database.db, payoutId, decision);
  });
});

describe('a transfer that now needs more gas than was signed for', () => {
  it.each([20n * GWEI, 50n * GWEI])(
    'is signed again under its nonce, even with its fee at the cap (%d wei), because every node refuses it as it is',
    async (maxFeePerGasWei) => {
      const wallet = await makeWallet({ config: { bumpAfterMs: 500, maxFeePerGasWei } });
      const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
      await allocateOnly(wallet, [payoutId], 20_000n);
      expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
      await expectPaidOnce(wallet, [payee]);
      const attempts = await query<{ n: number; answer: string }>(
        database.db,
        sql`SELECT n, last_answer AS answer FROM attempt WHERE wallet = ${wallet.address} ORDER BY n`,
      );
      expect(attempts.length).toBeGreaterThan(1);
      expect(attempts[0]?.answer).toContain('intrinsic gas too low');
    },
  );
});
