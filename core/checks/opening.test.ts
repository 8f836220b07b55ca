import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { runAudit } from '../../test/harness/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import {
  chainConfig,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  reserveFor,
  sendForeign,
  setBalance,
  type TestWallet,
} from '../../test/harness/money.js';
import { ChainError } from '../chain/endpoint-error.js';
import { createChainClient } from '../chain/quorum.js';
import { countUnaffordable } from '../payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../payouts/store/reads/wallet-reads.js';
import { findWallet } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { openWallet } from './opening.js';

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

const open = ({ deps }: TestWallet, acceptedTransactions = 0) =>
  openWallet(deps, { acceptedTransactions });

describe('opening the wallet', () => {
  it('stores a new wallet and finds it again, even when opened twice at once', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const opened = await Promise.all([open(wallet), open(wallet)]);
    for (const found of opened) expect(found).toMatchObject({ nextNonce: 0, halt: null });
  });

  it('stores the balance that the chain shows, and updates it at the next check', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { chainId, address } = walletKeyOf(wallet.deps);
    const seen = async () => (await findPayingWallet(database.db, chainId))?.balance;
    await open(wallet);
    const first = await seen();
    expect(first).toMatchObject({ wei: expect.any(BigInt), at: expect.any(Date) });
    await setBalance(chain, address, 12_345n);
    await runAudit(wallet.deps, { withEvents: false });
    expect(await seen()).toMatchObject({ wei: 12_345n });
    await setBalance(chain, address, 123n);
    const { payoutId } = await reserveFor(database.db, 9n * 10n ** 15n);
    expect(await createPayer(wallet.deps).sender.send(payoutId)).toMatchObject({
      wait: { code: 'WALLET_EMPTY' },
    });
    expect(await seen()).toMatchObject({ wei: 123n });
    expect(await countUnaffordable(database.db)).toEqual({
      ...{ payouts: 1, amountWei: 9n * 10n ** 15n },
    });
  });

  it('refuses a wrong chain id, whichever endpoint serves it', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const config = chainConfig(chain, { chainId: 42_161 });
    const elsewhere = { ...deps, chain: config, rpc: createChainClient(config) };
    await expect(openWallet(elsewhere, { acceptedTransactions: 0 })).rejects.toMatchObject({
      code: 'CHAIN_ID_WRONG',
      message: expect.stringContaining('serves chain 31337, the ledger is on 42161'),
    });
  });

  it('says that nothing is known when no endpoint answers', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const config = chainConfig(chain, { rpcUrls: ['http://127.0.0.1:1'] });
    const cut = { ...deps, chain: config, rpc: createChainClient(config) };
    await expect(openWallet(cut, { acceptedTransactions: 0 })).rejects.toBeInstanceOf(ChainError);
  });

  it('halts a used wallet that an empty ledger meets, until the configuration accepts it', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    const other = await createMoneyDatabase();
    const deps = { ...wallet.deps, db: other.db };
    expect(await openWallet(deps, { acceptedTransactions: 0 })).toMatchObject({
      halt: { code: 'WALLET_USED_BEFORE' },
    });
    expect(await openWallet(deps, { acceptedTransactions: 0 })).toMatchObject({
      halt: { code: 'WALLET_USED_BEFORE' },
    });
    // Accepting a different number of transactions says nothing about this one.
    expect(await openWallet(deps, { acceptedTransactions: 2 })).toMatchObject({
      halt: { code: 'WALLET_USED_BEFORE' },
    });
    expect(await openWallet(deps, { acceptedTransactions: 1 })).toMatchObject({
      nextNonce: 1,
      halt: null,
    });
    await other.close();
  });

  it('accepts the configured number although a more serious halt is in place', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    const other = await createTestDatabase();
    const deps = { ...wallet.deps, db: other.db };
    await openWallet(deps, { acceptedTransactions: 0 });
    await sendForeign(chain, wallet, 1);
    expect(await openWallet(deps, { acceptedTransactions: 0 })).toMatchObject({
      halts: [{ code: 'NONCE_AHEAD_OF_LEDGER' }, { code: 'WALLET_USED_BEFORE' }],
    });
    expect(await openWallet(deps, { acceptedTransactions: 2 })).toMatchObject({
      ...{ nextNonce: 2, halts: [{ code: 'NONCE_AHEAD_OF_LEDGER' }] },
    });
    await other.close();
  });

  it("halts when the chain's nonce is above the ledger's, and accepting the number does not change that", async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    for (const accepted of [0, 1, 2]) {
      expect(await open(wallet, accepted)).toMatchObject({
        halt: { code: 'NONCE_AHEAD_OF_LEDGER' },
      });
    }
  });
});

describe('the audit', () => {
  const audit = ({ deps }: Pick<TestWallet, 'deps'>) => runAudit(deps, { withEvents: true });

  it('finds nothing where everything adds up', async () => {
    const wallet = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, 5n);
    const paid = createPayer(wallet.deps).pay(payoutId);
    const mining = setInterval(() => void rpc(chain.rpcUrl, 'evm_mine'), 100);
    await paid;
    clearInterval(mining);
    expect(await audit(wallet)).toEqual({ ok: true, findings: [] });
  });

  it('finds a use of the key elsewhere and halts the wallet', async () => {
    const wallet = await createTestWallet(database.db, chain);
    await sendForeign(chain, wallet, 0);
    const report = await audit(wallet);
    expect(report).toMatchObject({ ok: false, findings: [{ code: 'NONCE_AHEAD_OF_LEDGER' }] });
    const halted = await findWallet(database.db, walletKeyOf(wallet.deps));
    expect(halted?.halt?.code).toBe('NONCE_AHEAD_OF_LEDGER');
  });

  it.each([
    [
      'BALANCE_DRIFT',
      sql`UPDATE balance SET amount_wei = amount_wei + 1 WHERE account = 'pending'`,
    ],
    ['RESERVED_DRIFT', sql`UPDATE payout SET state = 'cancelled'`],
    ['ALLOCATION_DRIFT', sql`UPDATE payout_allocation SET amount_wei = amount_wei + 1`],
    ['SLOT_STATE', sql`UPDATE payout SET state = 'signed'`],
    ['NONCE_GAP', sql`UPDATE wallet SET next_nonce = next_nonce + 1`],
  ])('finds %s and halts the wallet', async (code, damage) => {
    const wallet = await createTestWallet(database.db, chain);
    await reserveFor(database.db, 5n);
    await credit(database.db, [5n]);
    await database.db.execute(damage);
    const report = await audit(wallet);
    expect(report.findings.map((finding) => finding.code)).toContain(code);
    const halted = await findWallet(database.db, walletKeyOf(wallet.deps));
    expect(halted?.halt?.code).toBe('INVARIANT_BROKEN');
  });

  it('names the chain when it cannot be asked, and halts nothing', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const config = chainConfig(chain, { rpcUrls: ['http://127.0.0.1:1'] });
    const cut = { ...deps, rpc: createChainClient(config) };
    const report = await audit({ deps: cut });
    expect(report).toMatchObject({ ok: false, findings: [{ code: 'CHAIN_UNREACHABLE' }] });
    expect((await findWallet(database.db, walletKeyOf(deps)))?.halt).toBeNull();
  });
});
