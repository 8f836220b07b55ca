/** Tests, on a real chain, that only what a quorum of endpoints shows as final counts as redeemed. */
import { expect, it } from 'vitest';
import { until } from '../../dev/kit/until.js';
import { rpc } from '../../dev/stack/chain-node.js';
import { ingestSaid } from '../../test/harness/event-world.js';
import { chainConfig, randomAddress } from '../../test/harness/money.js';
import { useSwitchedChain } from '../../test/harness/switched-chain.js';
import { recordTerms } from '../../test/harness/terms.js';
import {
  deployTicketBroker,
  redeemOnChain,
  type Transfer,
} from '../../test/harness/ticket-broker.js';
import { createChainClient } from '../chain/quorum.js';
import { registerSources } from '../events/store/sources/source-register.js';
import { lookAtRevenue } from './looking-at-revenue.js';
import { redemption, ticketEvent } from './store/tables.js';
import { lookAtRedemptions } from './verifying.js';

const world = useSwitchedChain(2);
const OURS = randomAddress();
const ALSO_OURS = randomAddress();
const THEIRS = randomAddress();

async function createPool() {
  const { db, chain } = world;
  const ticketBroker = await deployTicketBroker(chain);
  const config = chainConfig(chain, { rpcUrls: world.endpoints.map(({ url }) => url) });
  const deps = {
    db,
    rpc: createChainClient(config),
    chain: config,
    recipients: [OURS, ALSO_OURS],
    ticketBroker,
  };
  const rest = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
  await registerSources(db, [{ id: 'a', readsFrom: 'a', ...rest }]);
  let id = 0;
  const tell = async (txHash: string, faceValue: bigint | string = 5n) => {
    id += 1;
    const fields = { txHash, faceValue, sender: THEIRS, recipient: OURS };
    await ingestSaid(db, 'a', [{ id, atMs: Date.now() - 60_000, type: 'ticket-redeemed', fields }]);
  };
  const redeem = (transfers: readonly Transfer[]) => redeemOnChain(chain, ticketBroker, transfers);
  const amounts = async () =>
    new Map(
      (await db.select().from(redemption)).map((one) => [one.txHash, [one.state, one.amountWei]]),
    );
  const look = () => lookAtRedemptions(deps);
  const untilFinal = () =>
    until('everything final', async () => (await look()).open === 0, {
      withinMs: 20_000,
      everyMs: 100,
    });
  return { deps, tell, redeem, amounts, look, untilFinal };
}

it('counts what was transferred to the pool, whatever events say that tickets are worth', async () => {
  const { tell, redeem, amounts, untilFinal, deps } = await createPool();
  const partly = await redeem([{ recipient: OURS, amountWei: 2n ** 70n + 3n }]);
  const batch = await redeem([
    { recipient: OURS, amountWei: 40n },
    { recipient: THEIRS, amountWei: 10n ** 30n },
    { recipient: ALSO_OURS, amountWei: 2n },
  ]);
  const foreign = await redeem([{ recipient: THEIRS, amountWei: 9n }]);
  const reverted = await redeem([]);
  const elsewhere = await redeemOnChain(world.chain, await deployTicketBroker(world.chain), [
    { recipient: OURS, amountWei: 10n ** 30n },
  ]);
  await tell(partly.toUpperCase().replace('0X', '0x'), 2n ** 200n);
  for (const hash of [batch, batch, foreign, reverted, elsewhere]) await tell(hash);
  await tell(`0x${'0'.repeat(64)}`);
  await tell('0x12');
  await untilFinal();
  expect(await amounts()).toEqual(
    new Map([
      [partly, ['redeemed', 2n ** 70n + 3n]],
      [batch, ['redeemed', 42n]],
      [foreign, ['nothing', 0n]],
      [reverted, ['nothing', 0n]],
      [elsewhere, ['nothing', 0n]],
    ]),
  );
  const events = await deps.db.select().from(ticketEvent);
  expect(events).toHaveLength(8);
  expect(events.filter(({ txHash }) => txHash === null)).toHaveLength(2);
  expect(events.find(({ txHash }) => txHash === partly)?.faceValueWei).toBe(2n ** 200n);
  // Nothing is asked again about what is settled, and nothing changes it.
  for (const one of world.endpoints) one.methods();
  expect(await lookAtRedemptions(deps)).toEqual({ told: 0, settled: 0, open: 0 });
  expect(world.endpoints.flatMap((one) => one.methods())).toEqual([]);
  await expect(
    deps.db.$client.query("UPDATE redemption SET amount_wei = 1 WHERE state = 'redeemed'"),
  ).rejects.toThrow('settled');
});

it('waits until the block is final, and takes nothing from a block that is gone', async () => {
  const { tell, redeem, amounts, look } = await createPool();
  await world.chain.pause();
  await rpc(world.chain.rpcUrl, 'evm_mine');
  const snapshot = await rpc(world.chain.rpcUrl, 'evm_snapshot');
  const redeeming = redeem([{ recipient: OURS, amountWei: 5n }]);
  await rpc(world.chain.rpcUrl, 'evm_mine');
  const hash = await redeeming;
  await tell(hash);
  for (let mined = 1; mined < 5; mined += 1) await rpc(world.chain.rpcUrl, 'evm_mine');
  expect(await look()).toEqual({ told: 1, settled: 0, open: 1 });
  // The chain takes its blocks back, and the transaction comes in another one, with less for us.
  await rpc(world.chain.rpcUrl, 'evm_revert', [snapshot]);
  for (let mined = 0; mined < 9; mined += 1) await rpc(world.chain.rpcUrl, 'evm_mine');
  expect(await look()).toMatchObject({ settled: 0, open: 1 });
  await world.chain.resume();
  const again = await redeem([{ recipient: OURS, amountWei: 5n }]);
  if (again !== hash) await tell(again);
  const isSettled = async () => {
    await look();
    return (await amounts()).get(again)?.[0] === 'redeemed';
  };
  await until('the second one final', isSettled, { withinMs: 20_000, everyMs: 100 });
  expect((await amounts()).get(again)).toEqual(['redeemed', 5n]);
});

it('believes no single endpoint: one that makes up a log settles nothing', async () => {
  const { tell, redeem, amounts, look, untilFinal } = await createPool();
  const hash = await redeem([{ recipient: OURS, amountWei: 5n }]);
  await tell(hash);
  world.endpoints[0]?.setMood({
    edit(method, result) {
      if (method !== 'eth_getTransactionReceipt' || result === null) return result;
      const receipt = result as { readonly logs: readonly object[] };
      return {
        ...receipt,
        logs: receipt.logs.map((log) => ({ ...log, data: `0x${'f'.repeat(64)}` })),
      };
    },
  });
  for (let i = 0; i < 30; i += 1) await rpc(world.chain.rpcUrl, 'evm_mine');
  expect(await look()).toMatchObject({ settled: 0, open: 1 });
  world.endpoints[0]?.setMood({ refuses: { eth_getTransactionReceipt: 'not served' } });
  expect(await look()).toMatchObject({ settled: 0, open: 1 });
  expect((await amounts()).get(hash)).toEqual(['open', 0n]);
  world.endpoints[0]?.setMood();
  await untilFinal();
  expect((await amounts()).get(hash)).toEqual(['redeemed', 5n]);
});

it('looks again at what brought nothing, once another account is named', async () => {
  const { tell, redeem, amounts, untilFinal, deps } = await createPool();
  const hash = await redeem([{ recipient: THEIRS, amountWei: 7n }]);
  await tell(hash);
  await untilFinal();
  expect((await amounts()).get(hash)).toEqual(['nothing', 0n]);
  const named = { ...deps, recipients: [...deps.recipients, THEIRS] };
  expect(await lookAtRedemptions(named)).toMatchObject({ settled: 1 });
  expect((await amounts()).get(hash)).toEqual(['redeemed', 7n]);
  expect(await lookAtRedemptions(deps)).toEqual({ told: 0, settled: 0, open: 0 });
  expect((await amounts()).get(hash)).toEqual(['redeemed', 7n]);
});

it('shares nothing where nobody says whose tickets these are, or one endpoint alone would tell', async () => {
  const { deps } = await createPool();
  const alone = { ...deps.rpc, quorum: 1 };
  const shared = {
    policy: {
      module: null,
      hash: 's',
      options: { revenueShare: { shareBps: 1, everyMs: 86_400_000 } },
    },
  };
  const terms = { thresholdWei: 1n, minIntervalMs: 0, commissionBps: 10_000, ...shared };
  await recordTerms(deps.db, terms, new Date('2026-03-01T00:00:00Z'));
  const fields = { ethAddress: THEIRS, fees: 1n, computeUnits: 1 };
  const atMs = Date.parse('2026-03-02T00:00:00Z');
  await ingestSaid(deps.db, 'a', [{ id: 1, atMs, type: 'job-processed', fields }]);
  const now = () => new Date('2026-04-02T00:00:00Z');
  expect(await lookAtRevenue({ ...deps, now, rpc: alone })).toMatchObject({
    periodsClosed: 0,
    waits: expect.stringContaining('two endpoints'),
  });
  expect(await lookAtRevenue({ ...deps, now, ticketBroker: null })).toMatchObject({
    periodsClosed: 0,
    waits: expect.stringContaining('revenue.recipients'),
  });
  expect((await lookAtRevenue({ ...deps, now })).periodsClosed).toBeGreaterThan(0);
});

it('says why the chain could not be asked, and keeps what events told', async () => {
  const { tell, deps, amounts } = await createPool();
  const hash = `0x${'ab'.repeat(32)}`;
  await tell(hash);
  for (const one of world.endpoints) one.setMood({ refusesAll: 'maintenance' });
  const report = await lookAtRevenue(deps);
  expect(report.trouble).toContain('maintenance');
  expect((await amounts()).get(hash)).toEqual(['open', 0n]);
  for (const one of world.endpoints) one.setMood();
  // A hash that no chain knows stays open: its absence proves nothing.
  expect(await lookAtRevenue(deps)).toMatchObject({ trouble: null, settled: 0, open: 1 });
});
