/** Tests what API and command line tell of redeemed tickets, and to whom. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { closePeriods } from '../core/revenue/sharing.js';
import { settleRedemptions, takeDownTickets } from '../core/revenue/store/redemptions.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { ingestSaid, payeeOf } from '../test/harness/event-world.js';
import { recordTerms } from '../test/harness/terms.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { TEST_TOKEN, testConfig } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const day = (n: number) => new Date(TODAY_MS + n * DAY_MS).toISOString().slice(0, 10);
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;
const OURS = '0x52908400098527886E0F7030069857D2E4169EE7';

let database: TestDatabase;
let ask: (path: string, token?: string) => Promise<unknown>;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  const policy = {
    module: null,
    options: { revenueShare: { shareBps: 7_500, everyMs: DAY_MS } },
    hash: 's',
  };
  await recordTerms(db, { thresholdWei: 1n, minIntervalMs: 0, commissionBps: 10_000, policy });
  await registerSources(db, [
    { id: 'a', readsFrom: 'a', kind: 'k', region: 'eu', nodeType: 'ai', from: null },
  ]);
  const atMs = TODAY_MS - 2 * DAY_MS + 1_000;
  const said = [1, 2, 3].map((n) => ({
    id: n,
    atMs: atMs + n,
    type: 'ticket-redeemed',
    fields: { txHash: hashOf(n), faceValue: 9n },
  }));
  const job = {
    id: 9,
    atMs,
    type: 'job-processed',
    fields: { ethAddress: payeeOf(0), fees: 7n, computeUnits: 1 },
  };
  await ingestSaid(db, 'a', [...said, job]);
  await takeDownTickets(db);
  const settled = [1, 2].map((n) => ({
    txHash: hashOf(n),
    amountWei: n === 1 ? 5_000_000_001n : 0n,
    blockNumber: n,
    blockAtMs: atMs,
  }));
  await settleRedemptions(db, settled);
  await closePeriods({ db, now: () => new Date(TODAY_MS + 0.26 * DAY_MS) });
  const revenue = { recipients: [OURS.toLowerCase() as `0x${string}`], ticketBroker: null };
  const app = createApp(poolOf(db, { config: { ...testConfig(), revenue } }));
  ask = async (path, token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await app.request(path, { headers });
    expect(response.status).toBe(200);
    return response.json();
  };
});
afterAll(() => database.close());

it('shows everybody the share, and who has the token what was credited and redeemed by day', async () => {
  const open = await ask('/v1/revenue');
  expect(open).toMatchObject({
    share: { shareBps: 7_500, everyMs: DAY_MS },
    recipients: [OURS],
    days: null,
    next: { from: day(-1), until: day(0) },
  });
  const { days } = (await ask('/v1/revenue', TEST_TOKEN)) as { readonly days: readonly unknown[] };
  expect(days).toHaveLength(30);
  expect(days.at(-3)).toMatchObject({
    day: day(-2),
    grossWei: '7',
    creditedWei: '0',
    redeemedWei: '5000000001',
    redemptions: 1,
  });
});

it('lists periods and redemptions so that everybody can add them up', async () => {
  expect(await ask('/v1/revenue/periods')).toMatchObject({
    periods: [
      {
        ...{
          number: 1,
          from: day(-2),
          until: day(-1),
          redeemedWei: '5000000001',
          shareWei: '3750000000',
        },
        ...{
          carriedInWei: '0',
          sharedWei: '3750000000',
          carriedOutWei: '0',
          weightWei: '7',
          workers: 1,
        },
      },
    ],
    nextCursor: null,
  });
  const list = async (query: string) =>
    (await ask(`/v1/revenue/redemptions${query}`)) as {
      readonly redemptions: readonly { readonly txHash: string; readonly state: string }[];
      readonly nextCursor: string | null;
    };
  expect((await list('')).redemptions).toMatchObject([
    { txHash: hashOf(3), state: 'open', amountWei: '0', period: null },
    { txHash: hashOf(2), state: 'nothing', amountWei: '0', period: null },
    { txHash: hashOf(1), state: 'redeemed', amountWei: '5000000001', period: 1 },
  ]);
  expect((await list('?state=open')).redemptions.map(({ txHash }) => txHash)).toEqual([hashOf(3)]);
  expect((await list('?period=1')).redemptions.map(({ txHash }) => txHash)).toEqual([hashOf(1)]);
  const first = await list('?limit=2');
  const rest = await list(`?limit=2&cursor=${first.nextCursor}`);
  expect([...first.redemptions, ...rest.redemptions]).toHaveLength(3);
  expect(rest.nextCursor).toBeNull();
});
