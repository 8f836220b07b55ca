/** Imports of a real SQLite file, written as the first manager does, with its payouts on a real chain. */
import { writeFile } from 'node:fs/promises';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { payloadText } from '../../dev/kit/event-element.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { runAudit } from '../../test/harness/audit.js';
import type { TestDatabase } from '../../test/harness/database.js';
import { type FirstManager, startFirstManager } from '../../test/harness/first-manager.js';
import {
  balancesOf,
  CONTRACTS,
  createMoneyDatabase,
  createTestWallet,
  deploy,
  randomAddress,
  sendForeign,
  type TestWallet,
} from '../../test/harness/money.js';
import type { Address } from '../base/address.js';
import { createChainClient } from '../chain/quorum.js';
import { adoptWallet } from '../checks/adoption.js';
import { query } from '../db/query.js';
import { haltWallet } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { openFirstManagerFile } from './first-manager-file.js';
import { type ImportOrder, importFile } from './importing.js';

let chain: LocalChain;
let manager: FirstManager;
let database: TestDatabase;
/** The wallet that the first manager pays from. */
let wallet: TestWallet;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  [manager, database] = await Promise.all([startFirstManager(), createMoneyDatabase()]);
  wallet = await createTestWallet(database.db, chain);
});
afterEach(() => Promise.all([manager.stop(), database.close()]));

const toFinality = () => rpc(chain.rpcUrl, 'anvil_mine', ['0x8']);
const job = (ethAddress: string, fees: bigint, second: number) => ({
  payload: payloadText('job-processed', {
    ethAddress,
    fees,
    computeUnits: 5,
    nodeType: 'transcode',
  }),
  dt: `2026-03-01T12:00:${String(second).padStart(2, '0')}Z`,
});

/** Pays from the wallet of the first manager, as it does: the next nonce, and no look at what becomes of it. */
async function pay(to: Address, valueWei: bigint): Promise<string> {
  const nonce = Number(
    await rpc(chain.rpcUrl, 'eth_getTransactionCount', [wallet.address, 'latest']),
  );
  await sendForeign(chain, wallet, nonce, { to, valueWei });
  const block = (await rpc(chain.rpcUrl, 'eth_getBlockByNumber', ['latest', false])) as {
    readonly transactions: readonly string[];
  };
  return block.transactions[0] ?? '';
}

async function runImport(changes: Partial<ImportOrder> = {}) {
  const file = await openFirstManagerFile(manager.path);
  const { rpc: client, chain: config } = wallet.deps;
  try {
    return await importFile(
      { db: database.db, rpc: client, chain: config },
      {
        file,
        balances: 'stated',
        commissionBps: 2_500,
        until: null,
        accepted: [],
        dryRun: false,
        planHash: null,
        actor: 'test',
        reason: 'we move in',
        ...changes,
      },
    );
  } finally {
    await file.close();
  }
}

const namesOf = (differences: readonly { readonly name: string }[]) =>
  [...new Set(differences.map(({ name }) => name))].sort();

describe('the import of a database', () => {
  it('opens what is pending, books what the chain proves, row by row to the wei, once', async () => {
    const [alice, bob] = [randomAddress(), randomAddress()];
    manager.take([
      job(alice, 9_007_199_254_740_995n, 1),
      job(alice, 1_000n, 2),
      job(bob, 8_001n, 3),
      job('', 40n, 4),
    ]);
    manager.paid(alice, await pay(alice, 500_000n), 500_000n);
    await toFinality();
    const seen = await runImport({ dryRun: true });
    expect(namesOf(seen.plan.differences)).toEqual(['address-unpayable', 'floats', 'pools-share']);
    expect(seen.blocking).toEqual([]);
    await expect(runImport()).rejects.toMatchObject({ code: 'IMPORT_PLAN_DIFFERS' });
    expect(await balancesOf(database.db, alice)).toEqual({ pending: 0n, reserved: 0n, paid: 0n });

    const { planHash } = seen;
    expect(await runImport({ planHash })).toMatchObject({ applied: true });
    const pending = manager
      .rows('remote_workers')
      .map((row) => BigInt(row['pending_fees'] as number));
    expect(pending).toHaveLength(3);
    expect(await balancesOf(database.db, alice)).toEqual({
      pending: pending[0],
      reserved: 0n,
      paid: 500_000n,
    });
    expect(await balancesOf(database.db, bob)).toMatchObject({ pending: 2_000n, paid: 0n });
    const [sums] = await query<{ pending: string; paid: string; opening: string }>(
      database.db,
      sql`SELECT sum(amount_wei) FILTER (WHERE account = 'pending') AS pending,
                 sum(amount_wei) FILTER (WHERE account = 'paid') AS paid,
                 sum(amount_wei) FILTER (WHERE account = 'opening') AS opening FROM balance`,
    );
    const total = (pending[0] ?? 0n) + (pending[1] ?? 0n);
    expect(sums).toEqual({
      pending: String(total),
      paid: '500000',
      opening: String(-total - 500_000n),
    });
    await expect(runImport({ planHash })).rejects.toMatchObject({ code: 'IMPORT_DONE' });
    // An adoption of the same wallet finds the payment, and does not book it again.
    await haltWallet(database.db, walletKeyOf(wallet.deps), {
      code: 'HALTED_BY_OPERATOR',
      reason: 'a look',
    });
    await adoptWallet(wallet.deps, {
      vouchedHashes: [],
      dryRun: false,
      actor: 'test',
      reason: 'again',
      paidFrom: 0,
    });
    expect(await balancesOf(database.db, alice)).toMatchObject({
      pending: pending[0],
      paid: 500_000n,
    });
    expect(await runAudit(wallet.deps, { withEvents: true })).toMatchObject({
      ok: true,
      findings: [],
    });
  });

  it('keeps the proof of each entry: file, hash, table and row; and who decided why', async () => {
    const alice = randomAddress();
    manager.take([job(alice, 4_000n, 1)]);
    const { planHash } = await runImport({ dryRun: true });
    await runImport({ planHash });
    const postings = await query<{ reference: string; reason: string }>(
      database.db,
      sql`SELECT reference, reason FROM posting WHERE kind = 'opening'`,
    );
    const { sha256 } = await openFirstManagerFile(manager.path);
    expect(postings).toEqual([
      {
        reference: `pool-manager.db, sha256 ${sha256}, remote_workers row 1, pending`,
        reason: 'we move in',
      },
    ]);
    const log = await query<{ action: string; subject: string; reason: string }>(
      database.db,
      sql`SELECT action, subject, reason FROM audit_log WHERE action = 'ledger.import'`,
    );
    expect(log).toEqual([
      { action: 'ledger.import', subject: 'pool-manager.db', reason: 'we move in' },
    ]);
  });

  it('owes again what the chain says had failed, and stops at what no endpoint knows until it is accepted', async () => {
    const refusing = await deploy(chain, CONTRACTS.refusing);
    const alice = randomAddress();
    manager.take([job(refusing, 4_000n, 1), job(alice, 8_000n, 2)]);
    manager.paid(refusing, await pay(refusing, 600n), 600n);
    manager.paid(alice, `0x${'12'.repeat(32)}`, 700n);
    await toFinality();
    const seen = await runImport({ dryRun: true });
    expect(namesOf(seen.plan.differences)).toContain('transaction-failed');
    expect(namesOf(seen.blocking)).toEqual(['transaction-absent']);
    const { planHash } = seen;
    await expect(runImport({ planHash })).rejects.toMatchObject({ code: 'IMPORT_BLOCKED' });
    await runImport({ planHash, accepted: ['transaction-absent'] });
    expect(await balancesOf(database.db, refusing)).toMatchObject({ pending: 1_000n, paid: 0n });
    expect(await balancesOf(database.db, alice)).toMatchObject({ pending: 2_000n, paid: 0n });
  });

  it('takes a payout that is not deep yet, or that no endpoint tells of, for unknown: nobody can accept that', async () => {
    const alice = randomAddress();
    manager.take([job(alice, 4_000n, 1)]);
    manager.paid(alice, await pay(alice, 100n), 100n);
    const { blocking, planHash } = await runImport({ dryRun: true });
    expect(namesOf(blocking)).toEqual(['transaction-unknown']);
    await expect(runImport({ planHash, accepted: ['transaction-absent'] })).rejects.toMatchObject({
      code: 'IMPORT_BLOCKED',
    });
    const gone = createChainClient({ ...wallet.deps.chain, rpcUrls: ['http://127.0.0.1:9'] });
    const file = await openFirstManagerFile(manager.path);
    const order = {
      file,
      balances: 'stated',
      commissionBps: 2_500,
      until: null,
      accepted: [],
      dryRun: true,
    } as const;
    await expect(
      importFile(
        { ...wallet.deps, rpc: gone },
        { ...order, planHash: null, actor: 'a', reason: 'b' },
      ),
    ).rejects.toThrow();
    await file.close();
  });

  it('stops at a wallet that sent more than the file has, and at another amount or destination', async () => {
    const [alice, mallory] = [randomAddress(), randomAddress()];
    manager.take([job(alice, 40_000n, 1)]);
    manager.paid(alice, await pay(alice, 100n), 99n);
    manager.paid(alice, await pay(mallory, 100n), 100n);
    await pay(alice, 300n);
    await toFinality();
    const { blocking, plan } = await runImport({ dryRun: true });
    expect(namesOf(blocking)).toEqual(
      ['payout-not-counted', 'transaction-differs', 'wallet-sent-more'].slice(1),
    );
    // The chain counts: 100 were paid, and 100 went elsewhere.
    expect(plan.totals).toMatchObject({ paidOnChainWei: 100n, failedWei: 100n, notCountedWei: 1n });
  });

  it('is refused where it would count or pay twice', async () => {
    const alice = randomAddress();
    manager.take([job(alice, 4_000n, 1)]);
    const { planHash } = await runImport({ dryRun: true });
    const source = (from: string | null) =>
      database.db.execute(
        sql`INSERT INTO source (id, kind, reads_from, from_dt) VALUES (${`s ${from}`}, 'k', ${`p ${from}`}, ${from}::timestamptz)`,
      );
    await source('2026-03-01T12:00:01Z');
    await expect(runImport({ planHash })).rejects.toMatchObject({ code: 'IMPORT_LEDGER_UNFIT' });
    await database.db.execute(sql`UPDATE source SET from_dt = '2026-03-01T12:00:02Z'`);
    await runImport({ planHash });
    await expect(source(null)).rejects.toThrow('IMPORT_COVERS_SOURCE');
    await expect(source('2026-03-01T12:00:01Z')).rejects.toThrow('IMPORT_COVERS_SOURCE');
    await source('2026-03-01T12:00:03Z');
    // A later copy of the same books is another file, and has the same workers.
    manager.take([job(alice, 4_000n, 1)]);
    await expect(runImport({ dryRun: true })).rejects.toMatchObject({
      code: 'IMPORT_LEDGER_UNFIT',
    });
  });

  it('names file, table and row of what is malformed', async () => {
    manager.take([job(randomAddress(), 4_000n, 1), job(randomAddress(), 4_000n, 1)]);
    manager.run("UPDATE remote_workers SET pending_fees = '12 ETH' WHERE rowid = 2");
    await expect(runImport()).rejects.toMatchObject({
      code: 'IMPORT_FILE_MALFORMED',
      message:
        'pool-manager.db: table remote_workers, row 2: pending_fees is "12 ETH", and must be a whole number',
    });
    manager.run('UPDATE remote_workers SET pending_fees = 1');
    manager.run('ALTER TABLE pool_payouts RENAME COLUMN id TO no');
    await expect(runImport()).rejects.toThrow('table pool_payouts: no such column: id');
    manager.run('DROP TABLE pool_payouts');
    await expect(runImport()).rejects.toThrow('it has no table pool_payouts or pool_payout');
    const other = `${manager.path}.txt`;
    await writeFile(other, 'no database at all, but longer than a header of SQLite: '.repeat(20));
    await expect(openFirstManagerFile(other)).rejects.toMatchObject({
      code: 'IMPORT_FILE_UNREADABLE',
    });
    await writeFile(`${manager.path}-wal`, 'x');
    await expect(openFirstManagerFile(manager.path)).rejects.toThrow(
      'pool-manager.db-wal stands next to it',
    );
  });
});
