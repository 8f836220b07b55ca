/** Temporal loses everything it knows while payouts are on their way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { freePort } from '../../dev/kit/ports.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { type LocalTemporal, startTemporal } from '../../dev/stack/temporal-server.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import {
  createTestWallet,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  setBalance,
  type TestWallet,
} from '../harness/money.js';
import { untilAllEnded } from './manager.js';
import { judge, NOTHING_WRONG, ownTransactions } from './verdict.js';
import { startManagerProcess } from './worker-process.js';

const ETH = 10n ** 18n;
const AMOUNT_WEI = ETH / 100n + 19n;

describe('a Temporal that was wiped', () => {
  let chain: LocalChain;
  let orchestrator: TestOrchestrator;
  let database: TestDatabase;
  let wallet: TestWallet;
  const servers: LocalTemporal[] = [];
  beforeAll(async () => {
    [chain, orchestrator, database] = await Promise.all([
      startChain({ blockTimeSeconds: 0.1 }),
      startTestOrchestrator(),
      createTestDatabase(),
    ]);
    await recordTestTerms(database.db);
    // For half of the payouts: the others wait.
    wallet = await createTestWallet(database.db, chain, { balanceWei: 6n * AMOUNT_WEI });
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([database.close(), chain.stop(), orchestrator.stop()]);
  });

  const startServer = async (port: number) => {
    const server = await startTemporal({ headless: true, port });
    servers.push(server);
    return server;
  };
  const statesOf = async () => {
    const rows = await query<{ state: string; payouts: string }>(
      database.db,
      sql`SELECT state, count(*) AS payouts FROM payout GROUP BY state`,
    );
    return Object.fromEntries(rows.map(({ state, payouts }) => [state, Number(payouts)]));
  };
  const untilStates = async (wanted: Record<string, number>) => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (JSON.stringify(await statesOf()) === JSON.stringify(wanted)) return;
      await sleep(100);
    }
    expect(await statesOf()).toEqual(wanted);
  };

  it('while its worker runs gets its schedules and sagas again, and everybody is paid once', async () => {
    const port = await freePort();
    const first = await startServer(port);
    const payees = [];
    for (let payout = 0; payout < 10; payout += 1) {
      payees.push((await reserveFor(database.db, AMOUNT_WEI)).payee);
    }
    const manager = await startManagerProcess({
      databaseUrl: database.url,
      temporalAddress: first.address,
      namespace: 'default',
      chain,
      keystore: wallet.keystore,
      endpoint: orchestrator.url,
    });
    await rpc(chain.rpcUrl, 'evm_setIntervalMining', [0]);
    await untilStates({ reserved: 5, signed: 5 });
    first.process.kill('SIGKILL');
    await first.process.ended;
    await rpc(chain.rpcUrl, 'anvil_setIntervalMining', [1]);
    await setBalance(chain, wallet.address, ETH);
    await startServer(port);
    await manager.says('schedules are missing');
    await untilAllEnded(database.db, 60_000);
    await manager.stop();
    expect(await statesOf()).toEqual({ paid: 10 });
    expect(await checkInvariants(database.db)).toEqual([]);
    expect(await judge(chain, database.db, wallet.address)).toEqual(NOTHING_WRONG);
    expect(await ownTransactions(chain.rpcUrl, wallet.address)).toHaveLength(10);
    const paid = await paidByLedger(database.db);
    for (const payee of payees) expect(paid.get(payee)).toBe(AMOUNT_WEI);
  }, 120_000);
});
