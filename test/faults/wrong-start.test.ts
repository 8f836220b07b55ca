/**
 * A start that something is wrong with. The wrong chain, key and passphrase refuse to start:
 * worker/run-worker.test.ts. Here is what starts, counts and answers, and pays nobody until it is told.
 */

import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { openPayouts } from '../../core/payouts/store/payout-progress.js';
import { payloadText } from '../../dev/kit/event-element.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { singleWorkflowId } from '../../workflows/contract.js';
import { createTestDatabase, TEST_POOL_ID } from '../harness/database.js';
import {
  createTestWallet,
  paidByLedger,
  randomAddress,
  sendForeign,
  transfersOf,
} from '../harness/money.js';
import { createTestNamespace } from '../harness/namespace.js';
import { type ManagerProcess, startManagerProcess } from './worker-process.js';

const AMOUNT_WEI = 6_000_000_000_000_017n;
let chain: LocalChain;
let orchestrator: TestOrchestrator;
beforeAll(async () => {
  [chain, orchestrator] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    startTestOrchestrator(),
  ]);
});
afterAll(() => Promise.all([chain.stop(), orchestrator.stop()]));

describe('a wallet that was used before, with an empty ledger', () => {
  it('is halted and signs nothing while jobs are credited and the API answers, until it is told', async () => {
    const [database, space, elsewhere] = await Promise.all([
      createTestDatabase(),
      createTestNamespace(),
      createTestDatabase(),
    ]);
    const { db } = database;
    const wallet = await createTestWallet(elsewhere.db, chain);
    await sendForeign(chain, wallet, 0);
    const start = (acceptedTransactions: number): Promise<ManagerProcess> =>
      startManagerProcess({
        databaseUrl: database.url,
        temporalAddress: inject('temporalAddress'),
        namespace: space.namespace,
        chain,
        keystore: wallet.keystore,
        endpoint: orchestrator.url,
        wallet: { acceptedTransactions },
        entry: 'main.ts',
      });
    const payee = randomAddress();
    const payload = payloadText('job-processed', {
      ethAddress: payee,
      computeUnits: 1,
      fees: AMOUNT_WEI,
    });
    orchestrator.rows = [{ id: 1, dt: '2026-01-01T00:00:00Z', payload }];

    const halted = await start(0);
    try {
      await halted.says('WALLET_USED_BEFORE');
      await halted.says('openpool worker ready');
      await until('a credited job', async () => (await pendingOf(payee)) > 0n);
      await space.client.schedule
        .getHandle(singleWorkflowId(TEST_POOL_ID, 'payout-round'))
        .trigger();
      await until('a payout that waits', async () => {
        const rows = await query<{ wait_code: string }>(db, sql`SELECT wait_code FROM payout`);
        return rows[0]?.wait_code === 'WALLET_HALTED';
      });
      const url = halted.lines.join('\n').match(/openpool api listening on (\S+)/)?.[1];
      const answer = await fetch(`${url}/v1/wallet`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('WALLET_USED_BEFORE');
      expect(await query(db, sql`SELECT FROM attempt`)).toEqual([]);
      expect(await transfersOf(chain, wallet.address)).toHaveLength(1);
    } finally {
      await halted.stop();
    }

    const told = await start(1);
    try {
      await until('the end of the payout', async () => (await openPayouts(db, {})).length === 0);
    } finally {
      await told.stop();
      await space.close();
    }
    expect((await paidByLedger(db)).get(payee)).toBe((AMOUNT_WEI * 3n) / 4n + 1n);
    expect(await transfersOf(chain, wallet.address)).toHaveLength(2);
    expect(await checkInvariants(db)).toEqual([]);
    await Promise.all([database.close(), elsewhere.close()]);

    async function pendingOf(address: string): Promise<bigint> {
      const [row] = await query<{ pending: string }>(
        db,
        sql`SELECT coalesce(sum(amount_wei), 0) AS pending FROM balance
              JOIN remote_worker worker ON worker.id = balance.remote_worker_id
             WHERE account = 'pending' AND worker.payee = ${address}`,
      );
      return BigInt(row?.pending ?? '0');
    }
  });
});
