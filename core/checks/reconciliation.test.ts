import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import {
  CONTRACTS,
  chainConfig,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  deploy,
  reserveFor,
  sendForeign,
  setBalance,
  type TestWallet,
} from '../../test/harness/money.js';
import type { ChainReads } from '../chain/node-reads.js';
import { createChainClient } from '../chain/quorum.js';
import { findWallet, haltWallet } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { adoptWallet } from './adoption.js';
import { openWallet } from './opening.js';
import { reconcile } from './reconciliation.js';
import { listReconciliations } from './store/reconciliation-records.js';

let chain: LocalChain;
let database: TestDatabase;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
  return () => database.close();
});

const mine = (blocks: number) => rpc(chain.rpcUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
const run = ({ deps }: TestWallet, fromOpening = false) => reconcile(deps, { fromOpening });

async function payAll(wallet: TestWallet, amountsWei: readonly bigint[], payee?: `0x${string}`) {
  const payer = createPayer(wallet.deps);
  const mining = setInterval(() => void mine(1), 60);
  for (const amountWei of amountsWei) {
    const { payoutId } = await reserveFor(database.db, amountWei, payee);
    await payer.pay(payoutId);
  }
  clearInterval(mining);
  await mine(8);
}

describe('the reconciliation', () => {
  it('adds up: opening + in − out − gas is the balance, interval after interval', async () => {
    const wallet = await createTestWallet(database.db, chain, { balanceWei: 10n ** 18n });
    await payAll(wallet, [1_000n, 2_000n]);
    const first = await run(wallet);
    expect(first).toMatchObject({ ok: true, inWei: '0', outWei: '3000', toNonce: 2, findings: [] });
    await setBalance(chain, wallet.address, 7n * 10n ** 18n);
    await payAll(wallet, [50n]);
    const second = await run(wallet);
    expect(second).toMatchObject({ ok: true, outWei: '50', fromNonce: 2, toNonce: 3 });
    expect(second.openingWei).toBe(first.balanceWei);
    const whole = await run(wallet, true);
    expect(whole).toMatchObject({ ok: true, fromNonce: 0, toNonce: 3, outWei: '3050' });
    for (const { openingWei, inWei, outWei, gasWei, balanceWei } of [first, second, whole]) {
      expect(BigInt(openingWei) + BigInt(inWei) - BigInt(outWei) - BigInt(gasWei)).toBe(
        BigInt(balanceWei),
      );
    }
    expect(await listReconciliations(database.db, walletKeyOf(wallet.deps), 10)).toHaveLength(3);
  });

  it('counts the gas of a refused transfer, but no payment', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await payAll(wallet, [1_000n], await deploy(chain, CONTRACTS.refusing));
    const report = await run(wallet);
    expect(report).toMatchObject({ ok: true, outWei: '0', toNonce: 1 });
    expect(BigInt(report.gasWei)).toBeGreaterThan(21_000n);
  });

  it('reports a foreign transaction and halts; once it is adopted, the same interval adds up', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await payAll(wallet, [1_000n]);
    await sendForeign(chain, wallet, 1);
    await mine(8);
    const report = await run(wallet);
    expect(report.findings).toMatchObject([{ code: 'TRANSACTION_UNKNOWN' }]);
    const halted = await findWallet(database.db, walletKeyOf(wallet.deps));
    expect(halted?.halts.map(({ code }) => code)).toContain('RECONCILIATION_FAILED');
    const decision = { actor: 'test', reason: 'mine', dryRun: false, vouchedHashes: [] };
    await adoptWallet(wallet.deps, decision);
    expect(await run(wallet)).toMatchObject({ ok: true, fromNonce: 0, toNonce: 2, outWei: '1001' });
  });

  it('reports a foreign transaction that took the nonce of an open payout', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, 1_000n);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    await createPayer(wallet.deps).sender.send(payoutId);
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await sendForeign(chain, wallet, 0);
    await mine(8);
    expect((await run(wallet)).findings).toMatchObject([{ code: 'TRANSACTION_UNKNOWN' }]);
  });

  it('accepts transactions that were waiting when a used wallet was accepted', async () => {
    const used = await createTestWallet(database.db, chain);
    const other = await createTestDatabase();
    const wallet = { ...used, deps: { ...used.deps, db: other.db } };
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    await sendForeign(chain, wallet, 0);
    expect(await openWallet(wallet.deps, { acceptedTransactions: 1 })).toMatchObject({
      ...{ halt: null, nextNonce: 1 },
    });
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await mine(10);
    expect(await run(wallet)).toMatchObject({ ok: true, fromNonce: 0, toNonce: 1, outWei: '1' });
    await other.close();
  });

  it('stores no interval that ends on a nonce count which no transaction explains', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const opened = Number(await rpc(chain.rpcUrl, 'eth_blockNumber'));
    await mine(10);
    const honest = wallet.deps.rpc;
    const tooHigh = (reads: ChainReads): ChainReads => ({
      ...reads,
      nonceAt: async (address, block) =>
        (await reads.nonceAt(address, block)) + (block > opened ? 1 : 0),
    });
    const agreed: typeof honest.agreed = (read) => honest.agreed((reads) => read(tooHigh(reads)));
    const lied = { ...wallet.deps, rpc: { ...honest, agreed } };
    await expect(reconcile(lied, { fromOpening: false })).rejects.toThrow('nonce 0 is used');
    await sendForeign(chain, wallet, 0);
    await mine(10);
    expect((await run(wallet)).findings).toMatchObject([{ code: 'TRANSACTION_UNKNOWN' }]);
  });

  it.each([
    [
      'TRANSACTION_DIFFERS',
      sql`UPDATE nonce_slot SET mined_hash = '0x' || repeat('1', 64) WHERE nonce = 0`,
    ],
    ['TRANSACTION_DIFFERS', sql`UPDATE payout SET amount_wei = amount_wei + 1`],
    ['PAYOUT_NOT_SETTLED', sql`UPDATE nonce_slot SET state = 'open', mined_hash = NULL`],
    ['TRANSACTION_MISSING', sql`UPDATE nonce_slot SET nonce = 7; UPDATE wallet SET next_nonce = 8`],
  ])('finds %s', async (code, damage) => {
    const wallet = await createTestWallet(database.db, chain);
    await payAll(wallet, [1_000n]);
    await database.db.execute(
      sql`ALTER TABLE attempt DROP CONSTRAINT attempt_chain_id_wallet_nonce_fkey`,
    );
    await database.db.execute(damage);
    expect((await run(wallet)).findings.map((one) => one.code)).toContain(code);
  });

  it('finds money that left without a transaction', async () => {
    const wallet = await createTestWallet(database.db, chain, { balanceWei: 10n ** 18n });
    await mine(1);
    await setBalance(chain, wallet.address, 10n ** 17n);
    await mine(8);
    const { findings } = await run(wallet);
    expect(findings).toMatchObject([{ code: 'BALANCE_DIFFERS' }]);
    expect(findings[0]?.message).toContain('0.9 ETH');
  });

  it('decides nothing when the chain cannot be asked', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const config = chainConfig(chain, { rpcUrls: ['http://127.0.0.1:1'] });
    const cut = { ...deps, rpc: createChainClient(config) };
    await expect(reconcile(cut, { fromOpening: false })).rejects.toThrow();
    const key = walletKeyOf(deps);
    expect(await listReconciliations(database.db, key, 10)).toEqual([]);
    expect(await haltWallet(database.db, key, { code: 'X', reason: 'it was not halted' })).toBe(
      true,
    );
  });
});
