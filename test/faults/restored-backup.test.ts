/** Postgres comes back as it was some payouts ago, with the Temporal that it knew or with an empty one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../../core/base/address.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import type { AdoptionReport } from '../../core/checks/rules/check-reports.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { holdPayout } from '../../core/payouts/store/payout-messages.js';
import { openPayouts } from '../../core/payouts/store/payout-progress.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import type { MoneyDeps } from '../../core/payouts/wallet/money-deps.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  paidByChain,
  reserveFor,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import type { TestNamespace } from '../harness/namespace.js';
import { giveOrder } from '../harness/orders.js';
import { backUp, openBackUp } from './back-up.js';
import { createManagerNamespace, type Manager, startManager, untilAllEnded } from './manager.js';
import { judge, NOTHING_WRONG } from './verdict.js';

const AMOUNT_WEI = 5_000_000_000_000_023n;
const DECISION = { actor: 'test', reason: 'restored last night’s backup' };
let chain: LocalChain;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.1 });
});
afterAll(() => chain.stop());

const many = <T>(count: number, make: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, make));

interface Past {
  readonly backupUrl: string;
  readonly payees: readonly Address[];
  /** Credited after the backup: its jobs are fetched again. */
  readonly unknown: readonly Address[];
}

/** Payouts in every state, a backup, and everything that came after it, which the backup lacks. */
async function live(
  database: TestDatabase,
  wallet: TestWallet,
  space: TestNamespace,
): Promise<Past> {
  const { db } = database;
  const reserve = async () => (await reserveFor(db, AMOUNT_WEI)).payee;
  const first = await startManager(database.url, wallet, space);
  const paid = await many(3, reserve);
  await first.run('sweep', 'sweep-1');
  await untilAllEnded(db);
  await first.stop();
  const sent = await many(2, reserve);
  await sendAll(wallet.deps);
  const stored = await many(2, reserve);
  await storeAll(wallet.deps);
  const reserved = await many(2, reserve);
  const pending = await many(2, () => credit(db, [AMOUNT_WEI]));
  const backupUrl = await backUp(database.url);

  const second = await startManager(database.url, wallet, space);
  await second.run('sweep', 'sweep-2');
  await second.run('payoutRound', 'round-2');
  const late = await reserve();
  await second.run('sweep', 'sweep-3');
  await untilAllEnded(db);
  // Its saga waits when the disaster comes, and survives it where Temporal does.
  const held = await reserveFor(db, AMOUNT_WEI);
  await holdPayout(db, held.payoutId, { actor: 'test', reason: 'a look' });
  await second.run('sweep', 'sweep-4');
  await second.stop();
  expect(await transfersOf(chain, wallet.address)).toHaveLength(12);
  return {
    backupUrl,
    payees: [...paid, ...sent, ...stored, ...reserved, ...pending],
    unknown: [late, held.payee],
  };
}

async function sendAll(deps: MoneyDeps): Promise<void> {
  const { sender } = createPayer(deps);
  for (const { payoutId } of await openPayouts(deps.db, {})) await sender.send(payoutId);
}

/** As a process does that dies between the commit and the broadcast. */
async function storeAll(deps: MoneyDeps): Promise<void> {
  const dead = { ...deps.rpc, sendRaw: () => Promise.reject(new Error('dead')) };
  const { sender } = createPayer({ ...deps, rpc: dead });
  for (const { payoutId } of await openPayouts(deps.db, {})) {
    await sender.send(payoutId).catch(() => undefined);
  }
}

async function adopt(manager: Manager): Promise<AdoptionReport> {
  for (let tries = 1; ; tries += 1) {
    const input = await giveOrder(manager.db, 'wallet.adopt', { vouchedHashes: [] }, DECISION);
    const id = `adopt-${input.orderId}`;
    const report = await manager.run<AdoptionReport>('adoptWallet', id, input);
    if (report.complete || tries === 30) return report;
    await sleep(200);
  }
}

const attemptsIn = async (db: Database) => (await query(db, sql`SELECT FROM attempt`)).length;

describe('Postgres restored from an older backup', () => {
  it.each([
    ['the Temporal that it knew', true],
    ['an empty Temporal', false],
  ] as const)(
    'with %s sends nothing until adoption is done, and pays nobody twice',
    async (_, isTemporalKept) => {
      const database = await createMoneyDatabase();
      const wallet = await createTestWallet(database.db, chain, {
        config: { finalityConfirmations: 4 },
      });
      const space = await createManagerNamespace();
      const { backupUrl, payees, unknown } = await live(database, wallet, space);

      const db = openBackUp(backupUrl, 8);
      const deps = { ...wallet.deps, db };
      const key = walletKeyOf(deps);
      expect(await openWallet(deps, { acceptedTransactions: 0 })).toMatchObject({
        halt: { code: 'NONCE_AHEAD_OF_LEDGER' },
      });
      const manager = await startManager(backupUrl, wallet, isTemporalKept ? space : undefined);
      const attempts = await attemptsIn(db);
      await Promise.all([manager.run('payoutRound', 'round-3'), manager.run('sweep', 'sweep-5')]);
      await sleep(1_500);
      expect(await transfersOf(chain, wallet.address)).toHaveLength(12);
      expect(await attemptsIn(db)).toBe(attempts);

      const report = await adopt(manager);
      expect(report).toMatchObject({ complete: true });
      expect(report.findings.length).toBeGreaterThanOrEqual(5);
      await resumeWallet(db, key, DECISION);
      for (const payee of unknown) await credit(db, [AMOUNT_WEI], payee);
      await manager.run('sweep', 'sweep-6');
      await manager.run('payoutRound', 'round-4');
      // One of those two has been paid already, by a transfer that was judged to pay nobody.
      await untilAllEnded(db);
      await haltWallet(db, key, { code: 'HALTED_BY_OPERATOR', reason: 'one more look' });
      expect((await adopt(manager)).complete).toBe(true);
      await resumeWallet(db, key, DECISION);
      await manager.run('payoutRound', 'round-5');
      await untilAllEnded(db);

      expect(await checkInvariants(db)).toEqual([]);
      expect(await judge(chain, db, wallet.address)).toEqual(NOTHING_WRONG);
      const onChain = await paidByChain(chain, wallet.address);
      for (const payee of [...payees, ...unknown]) expect(onChain.get(payee)).toBe(AMOUNT_WEI);
      await manager.stop();
      await space.close();
      await database.close();
    },
  );
});
