/** What changes between a payout's reservation, its signature and its block: the wallet, the payee. */

import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Address } from '../../core/base/address.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import { payoutProgress } from '../../core/payouts/store/payout-progress.js';
import type { MoneyDeps } from '../../core/payouts/wallet/money-deps.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../harness/database.js';
import {
  CONTRACTS,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  reserveFor,
  setBalance,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import { judge, NOTHING_WRONG } from './verdict.js';

const ETH = 10n ** 18n;
const AMOUNT_WEI = ETH / 10n + 3n;
let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;

beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.1 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
  expect(await judge(chain, database.db, wallet.address)).toEqual(NOTHING_WRONG);
  await database.close();
});

const statesOf = async () => {
  const rows = await query<{ state: string; wait_code: string | null }>(
    database.db,
    sql`SELECT state, wait_code FROM payout ORDER BY state`,
  );
  return rows.map(({ state, wait_code: code }) => (code === null ? state : `${state}, ${code}`));
};

async function openTestWallet(balanceWei: bigint, keepInWalletWei = 0n): Promise<void> {
  // Two endpoints: one alone is not believed when a second nonce hangs on it.
  const rpcUrls = [chain.rpcUrl, chain.rpcUrl.replace('127.0.0.1', 'localhost')];
  const config = { rpcUrls, finalityConfirmations: 4, keepInWalletWei };
  wallet = await createTestWallet(database.db, chain, { balanceWei, config });
}

describe('a wallet that runs empty', () => {
  it('pays as many as it can, says of the others why they wait, and pays them after a top-up', async () => {
    await openTestWallet(3n * AMOUNT_WEI, AMOUNT_WEI / 2n);
    const ids: string[] = [];
    for (let payout = 0; payout < 5; payout += 1) {
      ids.push((await reserveFor(database.db, AMOUNT_WEI)).payoutId);
    }
    const payer = createPayer(wallet.deps);
    const paid = Promise.all(ids.map((id) => payer.pay(id)));
    await until('two payouts', async () => {
      return (await statesOf()).filter((state) => state === 'paid').length === 2;
    });
    await sleep(1_000);
    expect(await statesOf()).toEqual([
      'paid',
      'paid',
      ...Array.from({ length: 3 }, () => 'reserved, WALLET_EMPTY'),
    ]);
    await setBalance(chain, wallet.address, ETH);
    await paid;
    expect(await transfersOf(chain, wallet.address)).toHaveLength(5);
  });

  it('after its payouts were signed sends the same bytes once there is money again', async () => {
    await openTestWallet(ETH);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    await signOnly(payoutId);
    await setBalance(chain, wallet.address, 5n);
    const payer = createPayer(wallet.deps);
    const paid = payer.pay(payoutId);
    await until('the refusal', async () => (await lastAnswer()).includes('nsufficient funds'));
    await until('the wait', async () => (await statesOf()).includes('signed, WALLET_EMPTY'));
    expect(await transfersOf(chain, wallet.address)).toEqual([]);
    const [before] = await payoutProgress(database.db, [payoutId]);
    await setBalance(chain, wallet.address, ETH);
    expect(await paid).toMatchObject({ state: 'paid', txHash: before?.slot?.txHash });
  });
});

/** As a process does that dies between the commit and the broadcast. */
async function signOnly(payoutId: string): Promise<void> {
  const rpc: MoneyDeps['rpc'] = {
    ...wallet.deps.rpc,
    sendRaw: () => Promise.reject(new Error('dead')),
  };
  await expect(createPayer({ ...wallet.deps, rpc }).sender.send(payoutId)).rejects.toThrow('dead');
  const [progress] = await payoutProgress(database.db, [payoutId]);
  expect(progress).toMatchObject({ state: 'signed', slot: { sends: 0 } });
}

async function lastAnswer(): Promise<string> {
  const [row] = await query<{ last_answer: string | null }>(
    database.db,
    sql`SELECT last_answer FROM attempt ORDER BY created_at DESC LIMIT 1`,
  );
  return row?.last_answer ?? '';
}

describe('a destination that gets code after its payout was reserved', () => {
  const putCode = (payee: Address, kind: keyof typeof CONTRACTS) =>
    rpc(chain.rpcUrl, 'anvil_setCode', [payee, `0x${CONTRACTS[kind]}`]);

  it.each([
    ['refusing', 'refused', 1],
    ['burning', 'refused', 1],
    ['accepting', 'paid', 1],
  ] as const)('and before it is signed, %s, ends as %s', async (kind, ending, transfers) => {
    await openTestWallet(ETH);
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await putCode(payee, kind);
    expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: ending });
    await expectTold(payee, ending, transfers);
  });

  it.each([
    ['refusing', 'refused', 1],
    // 26 250 gas; its next payout, of what is owed then, asks for more.
    ['burning', 'failed', 1],
    ['accepting', 'paid', 1],
  ] as const)('and after it is signed, %s, ends as %s', async (kind, ending, transfers) => {
    await openTestWallet(ETH);
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await signOnly(payoutId);
    await putCode(payee, kind);
    expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: ending });
    await expectTold(payee, ending, transfers);
  });

  async function expectTold(payee: Address, ending: string, transfers: number): Promise<void> {
    const own = await transfersOf(chain, wallet.address);
    expect(own).toHaveLength(transfers);
    expect(own.filter(({ succeeded }) => succeeded)).toHaveLength(ending === 'paid' ? 1 : 0);
    const [row] = await query<{ code: string | null; pending: string }>(
      database.db,
      sql`SELECT unpayable_code AS code, amount_wei AS pending FROM payee
            JOIN remote_worker worker ON worker.payee = payee.address
            JOIN balance ON balance.remote_worker_id = worker.id AND account = 'pending'
           WHERE address = ${payee}`,
    );
    const code = ending === 'refused' ? 'REFUSED_ON_CHAIN' : null;
    const pending = ending === 'paid' ? '0' : AMOUNT_WEI.toString();
    expect(row).toEqual({ code, pending });
  }
});
