/** Everything that moves money, twice at the same time: two managers with a Temporal each on one database. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.js';
import type { Address } from '../../core/base/address.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { payoutWorkflowId, pokeSignal } from '../../workflows/contract.js';
import type { PayoutOutcome } from '../../workflows/payout.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../harness/database.js';
import {
  createTestWallet,
  credit,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import { TEST_TOKEN, testConfig } from '../kit/test-pool.js';
import { type Manager, startManager, untilAllEnded } from './manager.js';
import { judge, NOTHING_WRONG } from './verdict.js';

const AMOUNT_WEI = 9_000_000_000_000_009n;
let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;
let managers: readonly [Manager, Manager];

beforeAll(async () => {
  [chain, database] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    createTestDatabase(),
  ]);
  await recordTestTerms(database.db);
  wallet = await createTestWallet(database.db, chain);
  managers = await Promise.all([
    startManager(database.url, wallet),
    startManager(database.url, wallet),
  ]);
});
afterAll(async () => {
  await Promise.all(managers.map((manager) => manager.stop()));
  await Promise.all([database.close(), chain.stop()]);
});

let sentBefore = 0;
beforeEach(async () => {
  sentBefore = (await transfersOf(chain, wallet.address)).length;
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
  expect(await judge(chain, database.db, wallet.address)).toEqual(NOTHING_WRONG);
});

async function expectPaid(payees: readonly Address[], eachWei: bigint): Promise<void> {
  const paid = await paidByLedger(database.db);
  for (const payee of payees) expect(paid.get(payee)).toBe(eachWei);
}

const sentSince = async () => (await transfersOf(chain, wallet.address)).length - sentBefore;

const creditAll = (payees: readonly Address[]) =>
  Promise.all(payees.map((payee) => credit(database.db, [AMOUNT_WEI], payee)));

describe('two managers on one database', () => {
  it('with their rounds at the same time pay everybody once', async () => {
    const payees = await Promise.all(
      Array.from({ length: 12 }, () => credit(database.db, [AMOUNT_WEI, AMOUNT_WEI])),
    );
    const rounds = managers.flatMap((manager) =>
      ['one', 'two', 'three'].map((name) =>
        manager.run<{ payouts: number }>('payoutRound', `round-${name}`),
      ),
    );
    const payouts = (await Promise.all(rounds)).map((report) => report.payouts);
    expect(payouts).toHaveLength(6);
    expect(payouts.reduce((sum, one) => sum + one)).toBe(12);
    await untilAllEnded(database.db);
    await expectPaid(payees, 2n * AMOUNT_WEI);
    expect(await sentSince()).toBe(12);
  });

  it('with a saga each on every payout pay everybody once', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const sagas = made.flatMap(({ payoutId }) =>
      managers.flatMap((manager) =>
        // And a second one under another id, which no code of ours starts.
        [payoutWorkflowId(TEST_POOL_ID, payoutId), `again/${payoutId}`].map((workflowId) => ({
          handle: manager.client.workflow.getHandle(workflowId),
          outcome: manager.run<PayoutOutcome>('payout', workflowId, { payoutId }),
        })),
      ),
    );
    await untilAllEnded(database.db);
    // Whoever settles tells the sagas of its own namespace, by their own ids.
    await Promise.allSettled(sagas.map(({ handle }) => handle.signal(pokeSignal)));
    const results = await Promise.all(sagas.map(({ outcome }) => outcome));
    // One that came when everything was over has no hash to tell.
    expect(results).toHaveLength(40);
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(['paid']));
    const hashes = new Set(results.flatMap(({ txHash }) => txHash ?? []));
    expect(hashes.size).toBe(10);
    await expectPaid(
      made.map(({ payee }) => payee),
      AMOUNT_WEI,
    );
    expect(await sentSince()).toBe(10);
  });

  it('asked for the same manual payout ten times at once make one', async () => {
    const payee = await credit(database.db, [AMOUNT_WEI]);
    const ask = async (manager: Manager) => {
      const base = testConfig();
      const config = { ...base, temporal: { ...base.temporal, namespace: manager.namespace } };
      const app = createApp({
        db: manager.db,
        poolId: TEST_POOL_ID,
        client: manager.client,
        config,
        version: '1',
      });
      const response = await app.request('/v1/payouts', {
        method: 'POST',
        headers: { authorization: `Bearer ${TEST_TOKEN}`, 'idempotency-key': randomUUID() },
        body: JSON.stringify({ payee, belowThreshold: true }),
      });
      const body = (await response.json()) as { payout: { id: string }; created: boolean };
      return { status: response.status, ...body };
    };
    const asked = Array.from({ length: 5 }, () => managers).flat();
    const answers = await Promise.all(asked.map(ask));
    expect(answers).toHaveLength(10);
    expect(new Set(answers.map(({ payout }) => payout.id)).size).toBe(1);
    expect(answers.every(({ status }) => status === 201 || status === 200)).toBe(true);
    await untilAllEnded(database.db);
    await expectPaid([payee], AMOUNT_WEI);
    expect(await sentSince()).toBe(1);
  });

  it('with rounds and sweeps at the same time while fees come in pay every wei once', async () => {
    const payees = await Promise.all(
      Array.from({ length: 8 }, () => credit(database.db, [AMOUNT_WEI])),
    );
    const work = async (manager: Manager) => {
      for (let turn = 0; turn < 4; turn += 1) {
        await Promise.all([
          manager.run('payoutRound', `turn-${turn}`),
          manager.run('sweep', `sweep-${turn}`),
          creditAll(payees),
        ]);
      }
    };
    await Promise.all(managers.map(work));
    await untilAllEnded(database.db);
    await managers[0].run('payoutRound', 'last');
    await untilAllEnded(database.db);
    await expectPaid(payees, 9n * AMOUNT_WEI);
    expect(await sagasOnOnePayout()).toBeGreaterThan(0);
  });

  /** The fault itself: payouts that had a saga in both Temporals. */
  async function sagasOnOnePayout(): Promise<number> {
    const started = await Promise.all(
      managers.map(async ({ client }) => {
        const ids = new Set<string>();
        for await (const { workflowId } of client.workflow.list({
          query: 'WorkflowType = "payout"',
        })) {
          ids.add(workflowId);
        }
        return ids;
      }),
    );
    const [one, other] = started;
    return [...(one ?? [])].filter(
      (id) => other?.has(id) && id.startsWith(payoutWorkflowId(TEST_POOL_ID, '')),
    ).length;
  }
});
