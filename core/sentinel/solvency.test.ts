/** Tests that a look finds a wallet that is to be filled and a pool that is not covered, by a real chain. */
import { Interface } from 'ethers';
import { expect, it } from 'vitest';
import { rpc } from '../../dev/stack/chain-node.js';
import {
  chainConfig,
  createPayer,
  createTestWallet,
  credit,
  reserveFor,
  setBalance,
} from '../../test/harness/money.js';
import { useSwitchedChain } from '../../test/harness/switched-chain.js';
import { addressOf, TEST_SENTINEL } from '../../test/kit/test-pool.js';
import { createChainClient } from '../chain/quorum.js';
import type { MoneyDeps } from '../payouts/wallet/money-deps.js';
import { noteBalance, walletViews } from '../payouts/wallet/quorum-views.js';
import type { HeldPlace } from '../standing/store/held-elsewhere.js';
import { readSolvency, type SolvencySettings } from '../standing/store/solvency-reads.js';
import { lookAtSources } from './looking.js';
import { listFindings } from './store/finding-reads.js';

const OWED_WEI = 31_000_000_000_000_007n;
/** It is owed now, was earned today, and a pool of one day is taken to go on so for seven. */
const NEXT_WEEK_WEI = 8n * OWED_WEI;
const HOUR_MS = 3_600_000;
const RESERVE = addressOf(901);
const ORCHESTRATOR = addressOf(902);
const BONDING_MANAGER = addressOf(903);
/** A contract that answers every call with what it stores in its first slot. */
const ANSWERS_ITS_SLOT = '0x60005460005260206000f3';

const world = useSwitchedChain(2);

async function noteBalanceOf(deps: MoneyDeps) {
  const [view] = await walletViews(deps);
  if (view !== undefined) await noteBalance(deps, view);
}

async function createPool(changes: Partial<SolvencySettings> = {}) {
  const { db } = world;
  const { deps, address } = await createTestWallet(db, world.chain);
  const { payoutId } = await reserveFor(db, OWED_WEI);
  const config = chainConfig(world.chain, { rpcUrls: world.endpoints.map(({ url }) => url) });
  const money = { ...deps, chain: config, rpc: createChainClient(config) };
  const solvency = {
    chainId: world.chain.chainId,
    keepInWalletWei: 1_000n,
    walletCoverBps: 15_000,
    places: [],
    bondingManager: BONDING_MANAGER,
    ...changes,
  };
  const look = async () => {
    const deps = { db, settings: TEST_SENTINEL, sources: [], roundIntervalMs: HOUR_MS };
    await lookAtSources({ ...deps, money, solvency });
    const { items } = await listFindings(db, {}, { limit: 50, cursor: null });
    const ours = items.filter(({ code }) => /COVERED|WEEK/.test(code));
    return ours.map(({ code, severity, figures, words }) => ({ code, severity, figures, words }));
  };
  const fill = (wei: bigint) => setBalance(world.chain, address, wei);
  const read = () => readSolvency(db, solvency, Date.now());
  const send = () => createPayer(money).sender.send(payoutId);
  return { look, fill, read, send, address };
}

it('finds a wallet at 1.4 times the next week, says how much to send, and is content with exactly that', async () => {
  const { look, fill } = await createPool();
  const holdsWei = 1_000n + (NEXT_WEEK_WEI * 14n) / 10n;
  await fill(holdsWei);
  const [found, ...others] = await look();
  expect(others).toEqual([]);
  expect(found).toMatchObject({ code: 'WALLET_BELOW_WEEK', severity: 'warning' });
  expect(found?.figures['nextWeekWei']).toBe(NEXT_WEEK_WEI.toString());
  const topUpWei = BigInt(found?.figures['topUpWei'] ?? 0);
  expect(topUpWei).toBe((NEXT_WEEK_WEI * 15n + 9n) / 10n + 1_000n - holdsWei);
  await fill(holdsWei + topUpWei - 1n);
  expect(await look()).toHaveLength(1);
  await fill(holdsWei + topUpWei);
  expect(await look()).toEqual([]);
});

it('counts accounts and fees that an orchestrator can withdraw, and finds what is missing to the wei', async () => {
  const places = [
    { address: RESERVE, kind: 'balance' },
    { address: ORCHESTRATOR, kind: 'fees' },
  ] as const;
  const { look, fill, read } = await createPool({ places, walletCoverBps: 0 });
  await fill(1_000n + OWED_WEI - 100n);
  await setBalance(world.chain, RESERVE, 60n);
  // Nobody answers for the orchestrator yet: nothing is claimed about the pool.
  expect(await look()).toEqual([]);
  expect(await read()).toMatchObject({ cover: 'unknown' });
  await rpc(world.chain.rpcUrl, 'anvil_setCode', [BONDING_MANAGER, ANSWERS_ITS_SLOT]);
  const setFees = (wei: bigint) =>
    rpc(world.chain.rpcUrl, 'anvil_setStorageAt', [
      BONDING_MANAGER,
      '0x0',
      `0x${wei.toString(16).padStart(64, '0')}`,
    ]);
  await setFees(39n);
  const asked: unknown[] = [];
  world.endpoints[0]?.setMood({
    edit(method, result, [call]) {
      if (method === 'eth_call') asked.push(call);
      return result;
    },
  });
  expect(await look()).toMatchObject([
    { code: 'POOL_NOT_COVERED', severity: 'grave', figures: { missingWei: '1' } },
  ]);
  const bondingManager = new Interface(['function pendingFees(address,uint256)']);
  const question = bondingManager.encodeFunctionData('pendingFees', [ORCHESTRATOR, 0n]);
  expect(asked).toContainEqual({ to: BONDING_MANAGER, data: question });
  await setFees(40n);
  expect(await look()).toEqual([]);
  expect(await read()).toMatchObject({ cover: 'covered-elsewhere', owedWei: OWED_WEI });
});

it('keeps what it found while no endpoint answers', async () => {
  const { look, fill } = await createPool();
  await fill(0n);
  const before = await look();
  expect(before.map(({ code }) => code).sort()).toEqual(['POOL_NOT_COVERED', 'WALLET_BELOW_WEEK']);
  expect(before.find(({ code }) => code === 'POOL_NOT_COVERED')?.severity).toBe('warning');
  await fill(2n * NEXT_WEEK_WEI);
  for (const one of world.endpoints) one.setMood({ refusesAll: 'maintenance' });
  expect(await look()).toEqual(before);
  for (const one of world.endpoints) one.setMood();
  expect(await look()).toEqual([]);
});

it('counts the money once that is in the wallet that pays, though it is named as held elsewhere, too', async () => {
  const places: HeldPlace[] = [{ address: RESERVE, kind: 'balance' }];
  const { look, fill, address, read } = await createPool({ places, walletCoverBps: 0 });
  places[0] = { address, kind: 'balance' };
  await fill(1_000n + OWED_WEI - 1n);
  expect(await look()).toMatchObject([
    { code: 'POOL_NOT_COVERED', severity: 'grave', figures: { missingWei: '1' } },
  ]);
  expect(await read()).toMatchObject({ facts: { elsewhereWei: 0n }, elsewhereSeenAt: null });
  await fill(1_000n + OWED_WEI);
  expect(await look()).toEqual([]);
});

it('does not take what one payee owes the pool from what it owes another', async () => {
  const { read } = await createPool();
  await credit(world.db, [5n, -3n]);
  await credit(world.db, [-OWED_WEI, 1n]);
  expect(await read()).toMatchObject({ owedWei: OWED_WEI + 2n, facts: { pendingWei: 2n } });
});

it('takes a quiet week of an old pool for a week, and what was taken back once for no income', async () => {
  const { read } = await createPool();
  const old = (await read()).nextWeekWei;
  expect(old).toBe(NEXT_WEEK_WEI);
  await world.db.execute(`
    INSERT INTO pool_day (day, node_type, region, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei, adjusted_wei)
    SELECT day - 30, node_type, region, pipeline, model_id, jobs, 0, 0, 0, 0 FROM pool_day`);
  expect((await read()).nextWeekWei).toBe(2n * OWED_WEI);
  await credit(world.db, [-5n * OWED_WEI]);
  expect((await read()).nextWeekWei).toBe(OWED_WEI);
});

it('tells to fill the wallet that pays, not the one whose key a worker still has', async () => {
  const first = await createPool();
  const second = await createTestWallet(world.db, world.chain, { balanceWei: 0n });
  await noteBalanceOf(second.deps);
  const found = await first.look();
  const week = found.find(({ code }) => code === 'WALLET_BELOW_WEEK');
  expect(week?.words.toLowerCase()).toContain(second.address);
  expect(week?.words.toLowerCase()).not.toContain(first.address);
});

it('takes a payout that is mined and not settled yet for one that has left the wallet', async () => {
  const { look, fill, read, send } = await createPool({ walletCoverBps: 10_000 });
  await fill(10n ** 18n);
  await send();
  // The payout is reserved until it is settled; the next week's earnings are seven times as much.
  const left = async () => {
    await look();
    return (await read()).facts.leftWei;
  };
  await expect.poll(left).toBe(OWED_WEI);
  expect(await read()).toMatchObject({ owedWei: 0n, facts: { reservedWei: OWED_WEI } });
  const { weekWei } = (await read()).facts;
  expect(weekWei).toBe(7n * OWED_WEI);
  await fill(weekWei + 1_000n);
  expect(await look()).toEqual([]);
  await fill(weekWei + 999n);
  expect(await look()).toMatchObject([{ code: 'WALLET_BELOW_WEEK', figures: { topUpWei: '1' } }]);
});

it('does not take the word of one endpoint alone for an empty wallet', async () => {
  const { look, fill, read } = await createPool({
    places: [{ address: RESERVE, kind: 'balance' }],
  });
  await setBalance(world.chain, RESERVE, 0n);
  await fill(100n * NEXT_WEEK_WEI);
  expect(await look()).toEqual([]);
  world.endpoints[0]?.setMood({ refusesAll: 'maintenance' });
  world.endpoints[1]?.setMood({
    edit: (method, result) => (method === 'eth_getBalance' ? '0x0' : result),
  });
  expect(await look()).toEqual([]);
  expect(await read()).toMatchObject({ cover: 'covered' });
});
