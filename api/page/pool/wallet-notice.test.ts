/** What the page says about the wallet's balance, on a real Postgres. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { toChecksum } from '../../../core/chain/checksums.js';
import { noteWorker } from '../../../core/ledger/store/worker-processes.js';
import { recordBalance } from '../../../core/payouts/store/wallet/wallets.js';
import { createTestDatabase } from '../../../test/harness/database.js';
import { poolOf } from '../../../test/kit/silent-temporal.js';
import {
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  TEST_WALLET,
} from '../../../test/kit/test-pool.js';
import { createApp } from '../../app.js';

/** Makes a pool that has a wallet and nothing else, without Temporal. `words` reads the page as plain text. */
async function openPage() {
  const database = await createTestDatabase();
  const { db } = database;
  const app = createApp(poolOf(db));
  await addWallet(db);
  const words = async () =>
    (await (await app.request('/pool')).text()).replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
  return { database, db, app, words };
}

it.concurrent('says what the wallet held, how much waits for it to be topped up, and where to send that', async () => {
  const { database, db, words } = await openPage();
  expect(await words()).not.toMatch(/topped up|The wallet held/);
  await recordBalance(
    db,
    { chainId: CHAIN_ID, address: TEST_WALLET },
    { wei: 10n ** 16n, block: 1, baseFeeWei: null },
  );
  await addWorker(db, { payee: addressOf(1), reservedWei: 7n * 10n ** 16n });
  await addPayout(db, {
    ...{ payee: addressOf(1), amountWei: 7n * 10n ** 16n, state: 'reserved' },
    ...{ createdAt: new Date(), wait: ['WALLET_EMPTY', 'too little'] },
  });
  const said = await words();
  expect(said).toMatch(/The wallet held 0\.01 ETH .* ago\./);
  expect(said).toContain('1 payout of 0.07 ETH waits for the wallet to be topped up');
  expect(said).toContain(`Send ETH to ${toChecksum(TEST_WALLET)}, which holds 0.01 ETH.`);
  await database.close();
});

it.concurrent('never says that all is well without a worker, Temporal or money', async () => {
  const { database, db, app, words } = await openPage();
  const said = await words();
  expect(said).toContain('nothing is paid: no worker runs');
  expect(said).not.toMatch(/payouts on|Nothing is waiting/);
  await noteWorker(db, { id: randomUUID(), version: '1', sources: [], host: 'here' });
  expect(await words()).toContain('nothing is paid: Temporal is away');
  const key = { chainId: CHAIN_ID, address: TEST_WALLET };
  await recordBalance(db, key, { wei: 0n, block: 1, baseFeeWei: null });
  await addWorker(db, { payee: addressOf(1), pendingWei: 10n ** 17n });
  await addTerms(db, 1n);
  expect(await words()).toContain('Nothing is paid: the wallet is empty (WALLET_EMPTY)');
  const preview = await (await app.request('/v1/round/preview')).json();
  expect(preview).toMatchObject({
    stops: [{ code: 'TEMPORAL_UNREACHABLE' }, { code: 'WALLET_EMPTY' }],
    totals: { pays: 0, waits: 1 },
    payees: [{ verdict: 'waits', code: 'WALLET_EMPTY' }],
  });
  await database.close();
});

it.concurrent('says that nothing is paid when the wallet holds less than the smallest payout takes', async () => {
  const { database, db, app, words } = await openPage();
  await noteWorker(db, { id: randomUUID(), version: '1', sources: [], host: 'here' });
  await addTerms(db, 100n);
  const stops = async () => {
    const { stops: those } = (await (await app.request('/v1/round/preview')).json()) as {
      readonly stops: readonly { readonly code: string; readonly reason: string }[];
    };
    return those.filter(({ code }) => code === 'WALLET_EMPTY').map(({ reason }) => reason);
  };
  const key = { chainId: CHAIN_ID, address: TEST_WALLET };
  await recordBalance(db, key, { wei: 1n, block: 1, baseFeeWei: null });
  // With pending fees below the threshold nobody is due, however little the wallet holds.
  await addWorker(db, { payee: addressOf(1), pendingWei: 50n });
  expect(await stops()).toEqual([]);
  await addWorker(db, { payee: addressOf(1), nodeType: 'ai', pendingWei: 150n });
  await addWorker(db, { payee: addressOf(2), pendingWei: 900n });
  expect(await stops()).toEqual([expect.stringContaining('200 wei')]);
  await recordBalance(db, key, { wei: 200n, block: 2, baseFeeWei: null });
  expect(await stops()).toEqual([]);
  await recordBalance(db, key, { wei: 199n, block: 3, baseFeeWei: null });
  expect(await words()).toContain('Nothing is paid: the wallet holds too little (WALLET_EMPTY)');
  for (const n of [3, 4]) await addWorker(db, { payee: addressOf(n) });
  const createdAt = new Date();
  const held = { state: 'reserved', createdAt, amountWei: 20n, holdReason: 'who?' } as const;
  await addPayout(db, { ...held, payee: addressOf(3) });
  expect(await stops()).toHaveLength(1);
  await addPayout(db, { payee: addressOf(4), amountWei: 190n, state: 'reserved', createdAt });
  expect(await stops()).toEqual([]);
  await database.close();
});
