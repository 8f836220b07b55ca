/** A reorg deeper than the confirmations takes back what was paid long since, with the sagas ended. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import type { RecheckReport } from '../../core/checks/rules/check-reports.js';
import { query } from '../../core/db/query.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import {
  createTestWallet,
  credit,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import { type Manager, startManager, untilAllEnded } from './manager.js';
import { judge, NOTHING_WRONG, SAFE, safetyOf } from './verdict.js';

const AMOUNT_WEI = 4_000_000_000_000_029n;
const MORE_WEI = 1_000_000_000_000_037n;
const PAYOUTS = 6;

describe('a reorg deeper than the confirmations', () => {
  let chain: LocalChain;
  let database: TestDatabase;
  let wallet: TestWallet;
  let manager: Manager;
  beforeAll(async () => {
    [chain, database] = await Promise.all([
      startChain({ blockTimeSeconds: 0.25 }),
      createTestDatabase(),
    ]);
    await recordTestTerms(database.db);
    wallet = await createTestWallet(database.db, chain, { config: { finalityConfirmations: 200 } });
    // A reorg takes back what the chain was told by hand, too: the wallet's money must lie deeper.
    await rpc(chain.rpcUrl, 'anvil_mine', ['0x20']);
    manager = await startManager(database.url, wallet);
  });
  afterAll(async () => {
    await manager.stop();
    await Promise.all([database.close(), chain.stop()]);
  });

  const hashes = async () =>
    (await transfersOf(chain, wallet.address)).map(({ hash }) => hash).sort();
  const reopened = () => query(database.db, sql`SELECT FROM payout WHERE state = 'reopened'`);

  it('after everything was settled re-opens it, and the same bytes pay everybody once', async () => {
    const { db } = database;
    const made = await Promise.all(
      Array.from({ length: PAYOUTS }, () => reserveFor(db, AMOUNT_WEI)),
    );
    await manager.run('sweep', 'sweep-1');
    await untilAllEnded(db);
    const before = await hashes();
    expect(before).toHaveLength(PAYOUTS);

    await chain.pause();
    await rpc(chain.rpcUrl, 'anvil_reorg', [20, []]);
    // The node would put them back by itself.
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await chain.resume();
    expect(await hashes()).toEqual([]);
    // Payees earn on: the next round reserves beside what is re-opened.
    for (const { payee } of made) await credit(db, [MORE_WEI], payee);
    const report = await manager.run<RecheckReport>('recheck', 'recheck-1');
    expect(report.reopened).toBe(PAYOUTS);
    expect(await reopened()).toHaveLength(PAYOUTS);
    expect(safetyOf(await judge(chain, db, wallet.address))).toEqual(SAFE);
    await Promise.all([manager.run('payoutRound', 'round-1'), manager.run('sweep', 'sweep-2')]);
    await untilAllEnded(db);

    const after = await hashes();
    expect(after).toHaveLength(2 * PAYOUTS);
    expect(after).toEqual(expect.arrayContaining(before));
    expect(await checkInvariants(db)).toEqual([]);
    expect(await judge(chain, db, wallet.address)).toEqual(NOTHING_WRONG);
    const paid = await paidByLedger(db);
    for (const { payee } of made) expect(paid.get(payee)).toBe(AMOUNT_WEI + MORE_WEI);
  });
});
