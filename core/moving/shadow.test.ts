/** A pool beside the first manager: compared by its HTTP answers and its file, kept from paying, and promoted. */
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../test/harness/database.js';
import { type FirstManager, startFirstManager } from '../../test/harness/first-manager.js';
import {
  balancesOf,
  createMoneyDatabase,
  createTestWallet,
  sendForeign,
  type TestWallet,
} from '../../test/harness/money.js';
import { ALICE, BOB, net, T0, useSyncWorld } from '../../test/harness/sync-world.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { TEST_TOKEN } from '../../test/kit/test-pool.js';
import { openWallet } from '../checks/opening.js';
import { watchShadow } from '../sentinel/rules/watch-pool.js';
import { compareOnce, type ShadowSettings } from './comparing.js';
import { openFirstManagerFile } from './first-manager-file.js';
import { promote } from './promoting.js';
import {
  differencesOfComparison,
  listComparisons,
  openShadow,
  readShadowFigures,
} from './store/shadows.js';

const { world, transcode, received, processed, pass } = useSyncWorld();
let chain: LocalChain;
let books: TestDatabase;
/** The wallet that the first manager pays from; it is opened in no ledger of ours. */
let wallet: TestWallet;
let manager: FirstManager;
let settings: ShadowSettings;
beforeAll(async () => {
  [chain, books] = await Promise.all([startChain({ blockTimeSeconds: 0 }), createMoneyDatabase()]);
  wallet = await createTestWallet(books.db, chain);
});
afterAll(() => Promise.all([chain.stop(), books.close()]));
beforeEach(async () => {
  manager = await startFirstManager({ region: 'eu', nodeType: 'ai' });
  settings = { url: manager.url, databaseFile: null, commissionBps: 2_500, behindMs: 60_000 };
});
afterEach(() => manager.stop());

const fetched = (...lost: readonly number[]) =>
  world.orchestrator.rows.flatMap(({ id, dt, payload = '' }) =>
    lost.includes(id) ? [] : [{ dt, payload }],
  );
const compare = (changes: Partial<ShadowSettings> = {}) =>
  compareOnce(world.database.db, { ...settings, ...changes }, T0 + 20_000);
async function lastPayees() {
  const [last] = await listComparisons(world.database.db, 1);
  const payees = await differencesOfComparison(world.database.db, last?.id ?? 0);
  return new Map(payees.map(({ address, ...rest }) => [address, rest]));
}
async function promoteNow(changes: Partial<Parameters<typeof promote>[2]> = {}) {
  const file = await openFirstManagerFile(manager.path);
  const deps = { ...wallet.deps, db: world.database.db };
  const order = {
    file,
    accepted: [],
    dryRun: false,
    planHash: null,
    actor: 'test',
    reason: 'cut-over',
  };
  return promote(deps, settings, { ...order, ...changes }).finally(() => file.close());
}

describe('a pool beside the first manager', () => {
  it('pays nobody and opens no wallet, whoever tries, and begins on a new ledger only', async () => {
    const { db } = world.database;
    expect(await openShadow(db, true)).toBe(true);
    // A file that no longer has the section ends nothing.
    expect(await openShadow(db, false)).toBe(true);
    transcode(1, ALICE, 1_000n);
    await pass(20);
    await expect(
      db.execute(sql`INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
        VALUES ('00000000-0000-4000-8000-000000000001', ${ALICE}, ${ALICE}, 1, 'reserved', 'manual')`),
    ).rejects.toThrow('SHADOW_MODE');
    await expect(openWallet({ ...wallet.deps, db }, { acceptedTransactions: 0 })).rejects.toThrow(
      'SHADOW_MODE',
    );
    await expect(openShadow(books.db, true)).rejects.toMatchObject({ code: 'SHADOW_TOO_LATE' });
  });

  it('is compared by its answers: known causes by name, anything else is unexplained and found', async () => {
    const { db } = world.database;
    await openShadow(db, true);
    transcode(1, ALICE, 1_000n);
    received(2, 'r1', BOB);
    processed(3, 'r1', 4_000n);
    transcode(10, ALICE, 2_000n);
    await pass(20);
    manager.take(fetched(4));
    expect(await compare()).toMatchObject({ failure: null, payees: 2, unexplained: 0 });
    const payees = await lastPayees();
    expect(payees.get(ALICE)).toMatchObject({
      statedWei: 250n,
      creditedWei: net(3_000n),
      causes: { 'pools-share': '1500', 'not-read-yet': '500' },
    });
    expect(payees.get(BOB)).toMatchObject({
      causes: { 'pools-share': '2000', 'credited-to-nobody': '1000' },
    });
    const app = createApp(poolOf(db));
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const shown = await app.request('/v1/shadow', { headers });
    expect(await shown.json()).toMatchObject({
      promotedAt: null,
      fault: null,
      comparisons: [{ basis: 'http', failure: null, workers: 2, unexplained: 0 }],
      payees: [{ statedWei: '0', causes: { 'credited-to-nobody': '1000' } }, { statedWei: '250' }],
    });
    const figures = await readShadowFigures(db);
    expect(watchShadow(figures, Date.now())).toEqual([]);
    manager.run('UPDATE remote_workers SET pending_fees = pending_fees + 1 WHERE eth_address = ?', [
      ALICE,
    ]);
    expect(await compare()).toMatchObject({ unexplained: 1 });
    expect(watchShadow(await readShadowFigures(db), Date.now())).toMatchObject([
      { code: 'SHADOW_DIFFERS', figures: { unexplained: 1 } },
    ]);
    await expect(promoteNow({ dryRun: true })).rejects.toMatchObject({
      code: 'SHADOW_UNEXPLAINED',
    });
  });

  it('keeps that it could not be compared: an error, another commission, answers that are not the first manager’s', async () => {
    await openShadow(world.database.db, true);
    expect((await compare({ commissionBps: 3_000 })).failure).toContain('MANAGER_UNFIT: ');
    expect((await compare({ url: world.orchestrator.url })).failure).toContain('MANAGER_UN');
    manager.break();
    expect((await compare()).failure).toContain('MANAGER_UNREACHABLE: /workers answers 500');
    expect((await compare({ databaseFile: '/nowhere.db' })).failure).toContain(
      'IMPORT_FILE_UNREADABLE',
    );
    await expect(promoteNow({ dryRun: true, accepted: ['unexplained'] })).rejects.toMatchObject({
      code: 'SHADOW_UNEXPLAINED',
    });
  });

  it('is promoted when the other has stopped: what that paid is taken over, and nobody is paid twice', async () => {
    const { db } = world.database;
    await openShadow(db, true);
    transcode(1, ALICE, 1_000_000n);
    transcode(2, ALICE, 8_000n);
    transcode(3, BOB, 4_000n);
    await pass(20);
    // It has lost an event, which only its file can show.
    manager.take(fetched(2));
    await sendForeign(chain, wallet, 0, { to: ALICE, valueWei: 200_000n });
    const block = (await rpc(chain.rpcUrl, 'eth_getBlockByNumber', ['latest', false])) as {
      readonly transactions: readonly string[];
    };
    manager.paid(ALICE, block.transactions[0] ?? '', 200_000n);
    await rpc(chain.rpcUrl, 'anvil_mine', ['0x8']);
    expect(await compare({ behindMs: 0 })).toMatchObject({ unexplained: 1 });
    expect(await compare({ databaseFile: manager.path })).toMatchObject({
      failure: null,
      unexplained: 0,
    });
    expect((await lastPayees()).get(ALICE)?.causes).toMatchObject({ 'lost-events': '2000' });
    const { planHash } = await promoteNow({ dryRun: true });
    await expect(promoteNow({ planHash })).rejects.toMatchObject({ code: 'MANAGER_STILL_RUNS' });
    await manager.stopAnswering();
    await expect(promoteNow()).rejects.toMatchObject({ code: 'IMPORT_PLAN_DIFFERS' });
    expect(await promoteNow({ planHash })).toMatchObject({ applied: true });
    expect(await balancesOf(db, ALICE)).toEqual({
      pending: net(1_008_000n) - 200_000n,
      reserved: 0n,
      paid: 200_000n,
    });
    expect(await balancesOf(db, BOB)).toMatchObject({ pending: net(4_000n), paid: 0n });
    const acts = await db.$client.query(
      `SELECT action FROM audit_log WHERE action IN ('shadow.promote', 'ledger.import') ORDER BY id`,
    );
    expect(acts.rows).toEqual([{ action: 'ledger.import' }, { action: 'shadow.promote' }]);
    // From now on a wallet is opened, which knows what the other has paid: it is halted until a person has looked.
    const opened = await openWallet({ ...wallet.deps, db }, { acceptedTransactions: 0 });
    expect(opened.halts.map(({ code }) => code)).toContain('WALLET_USED_BEFORE');
    await expect(promoteNow({ planHash })).rejects.toMatchObject({ code: 'SHADOW_NOT_ON' });
  });
});
