/** Tests the revenue share from the orchestrator's event to the payout, on a real chain, Postgres and Temporal. */

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { readRevenueDays, readRevenueFigures } from '../core/revenue/store/revenue-reads.js';
import { rpc } from '../dev/stack/chain-node.js';
import { ingestSaid, payeeOf } from '../test/harness/event-world.js';
import {
  balancesOf,
  createPayer,
  createTestWallet,
  randomAddress,
  setBalance,
} from '../test/harness/money.js';
import { reserveAll } from '../test/harness/statement-world.js';
import { useSwitchedChain } from '../test/harness/switched-chain.js';
import { connectTestTemporal } from '../test/harness/temporal.js';
import { recordTerms } from '../test/harness/terms.js';
import { deployTicketBroker, redeemOnChain } from '../test/harness/ticket-broker.js';
import { createRevenueActivities } from './policies.js';

const DAY_MS = 86_400_000;
const ETH = 10n ** 18n;
const world = useSwitchedChain(2);

const SHARE = {
  thresholdWei: 1n,
  minIntervalMs: 0,
  commissionBps: 10_000,
  policy: {
    module: null,
    options: { revenueShare: { shareBps: 7_500, everyMs: DAY_MS } },
    hash: 's',
  },
};

it('shares what a ticket brought by work, and pays it out', async () => {
  const { db, chain } = world;
  const recipient = randomAddress();
  const ticketBroker = await deployTicketBroker(chain);
  const { deps, address } = await createTestWallet(db, chain);
  await setBalance(chain, address, 10n * ETH);
  await recordTerms(db, SHARE, new Date(Date.now() - 30 * DAY_MS));
  const rest = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
  await registerSources(db, [{ id: 'a', readsFrom: 'a', ...rest }]);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const hash = await redeemOnChain(chain, ticketBroker, [{ recipient, amountWei: 4n * ETH }]);
  const job = (id: number, n: number, fees: bigint) => ({
    id,
    atMs: today + id,
    type: 'job-processed',
    fields: { ethAddress: payeeOf(n), fees, computeUnits: 1 },
  });
  await ingestSaid(db, 'a', [
    job(1, 0, 2_000_000n),
    job(2, 1, 1_000_000n),
    {
      id: 3,
      atMs: today + 3,
      type: 'ticket-redeemed',
      fields: { txHash: hash, faceValue: 5n * ETH },
    },
  ]);
  // Nothing was credited for the single job.
  expect(await balancesOf(db, payeeOf(0))).toMatchObject({ pending: 0n });
  for (let mined = 0; mined < 10; mined += 1) await rpc(chain.rpcUrl, 'evm_mine');
  const temporal = await connectTestTemporal();
  let nowMs = today + DAY_MS;
  const now = () => new Date(nowMs);
  await temporal.startWorker(
    createRevenueActivities({ ...deps, recipients: [recipient], ticketBroker, now }),
  );
  const look = async () => {
    const run = {
      taskQueue: temporal.taskQueue,
      workflowId: randomUUID(),
      args: [{ poolId: 'a' }],
    };
    const report: unknown = await temporal.client.workflow.execute('revenue', run);
    return { report };
  };
  expect((await look()).report).toMatchObject({ told: 1, settled: 1, open: 0, periodsClosed: 0 });
  // The source was not read since: the period is closed a day later all the same.
  nowMs = today + DAY_MS + 6 * 3_600_000;
  expect((await look()).report).toMatchObject({
    periodsClosed: 0,
    waits: 'not read to the end of the period: a',
  });
  nowMs = today + DAY_MS + 30 * 3_600_000;
  const { report } = await look();
  expect(report).toMatchObject({ periodsClosed: 1, sharedWei: (3n * ETH).toString() });
  expect(await balancesOf(db, payeeOf(0))).toMatchObject({ pending: 2n * ETH });
  expect(await balancesOf(db, payeeOf(1))).toMatchObject({ pending: ETH });
  const payoutId = (await reserveAll(db, payeeOf(0))) ?? '';
  const paid = await createPayer(deps).pay(payoutId);
  expect(paid).toMatchObject({ state: 'paid' });
  expect(BigInt(String(await rpc(chain.rpcUrl, 'eth_getBalance', [payeeOf(0), 'latest'])))).toBe(
    2n * ETH,
  );
  const days = await readRevenueDays(db, { days: 1, nowMs: Date.now() });
  expect(days).toMatchObject([
    { grossWei: 3_000_000n, creditedWei: 0n, redeemedWei: 4n * ETH, redemptions: 1 },
  ]);
  expect(await readRevenueFigures(db, { days: 30, nowMs: Date.now() + DAY_MS })).toMatchObject({
    redeemedWei: 4n * ETH,
    ticketWei: 4e18,
    overdue: 0,
  });
  await temporal.close();
});
