/** Tests that what happens is told once, when it is true, and to whom it concerns. */
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { credit, TEST_ROUND } from '../../test/harness/money.js';
import {
  addConnection,
  addPayout,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  TEST_WALLET,
} from '../../test/kit/test-pool.js';
import { auditLedger } from '../checks/audit/audit.js';
import { resumeWallet } from '../checks/store/resuming.js';
import type { NoticeTarget } from '../notices/notifiers/notifier.js';
import { listNotices } from '../notices/store/notice-reads.js';
import { haltWallet, recordBalance } from '../payouts/store/wallet/wallets.js';
import { changeTerms } from '../terms/store/recorded-terms.js';
import type { Condition } from './rules/finding.js';
import { recordLook } from './store/findings.js';
import { sweepNotices } from './telling.js';

const ANN = `0x${'a1'.repeat(20)}` as const;
const BOB = `0x${'b2'.repeat(20)}` as const;
const KEY = { chainId: CHAIN_ID, address: TEST_WALLET };
const PERSON = { actor: 'ann', reason: 'because' };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const target = (id: string, more: Partial<NoticeTarget> = {}): NoticeTarget => ({
  id,
  kind: 'webhook',
  module: null,
  baseDir: '/',
  addressOf: 'operator',
  payee: null,
  only: null,
  offlineAfterMs: null,
  options: {},
  ...more,
});

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await addWallet(database.db);
  await addTerms(database.db, 1_000n);
});
afterEach(() => database.close());

const told = async () => {
  const { items } = await listNotices(database.db, {}, { limit: 200, cursor: null });
  return [...items].reverse();
};
const kinds = async () => (await told()).map(({ kind }) => kind);
const ago = (ms: number) => new Date(Date.now() - ms);
const sweep = (targets: readonly NoticeTarget[] = [target('ops')]) =>
  sweepNotices({ db: database.db, targets, keepInWalletWei: 10n, round: TEST_ROUND });

describe('a halt', () => {
  it('is told with its beginning and its end, and that another one is left', async () => {
    const { db } = database;
    await haltWallet(db, KEY, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
    await haltWallet(db, KEY, { code: 'HALTED_BY_OPERATOR', reason: 'again' });
    await haltWallet(db, KEY, { code: 'PAYOUTS_SWITCHED_OFF', reason: 'off' });
    await resumeWallet(db, KEY, { ...PERSON, dryRun: true });
    expect(await kinds()).toEqual(['halted', 'halted']);
    await resumeWallet(db, KEY, PERSON);
    await haltWallet(db, KEY, { code: 'HALTED_BY_OPERATOR', reason: 'once more' });
    expect((await told()).map(({ kind, facts }) => [kind, facts])).toMatchObject([
      ['halted', { code: 'HALTED_BY_OPERATOR', reason: 'a look' }],
      ['halted', { code: 'PAYOUTS_SWITCHED_OFF' }],
      ['halt-ended', { code: 'HALTED_BY_OPERATOR', remaining: 1 }],
      ['halted', { code: 'HALTED_BY_OPERATOR', reason: 'once more' }],
    ]);
  });
});

describe('a finding', () => {
  const silent: Condition = {
    code: 'SOURCE_SILENT',
    sourceId: 'us-1',
    subject: '',
    severity: 'warning',
    measure: 1,
    words: 'nothing came for 40 min',
    figures: {},
  };

  it('is told when it opens, not at every look, and again when it comes back', async () => {
    const { db } = database;
    const late = { ...silent, code: 'ROUND_LATE', sourceId: '' } as const;
    await recordLook(db, [silent, late], ago(4 * MINUTE));
    await recordLook(db, [silent, late], ago(3 * MINUTE));
    expect((await told()).sort((a, b) => (a.kind < b.kind ? -1 : 1))).toMatchObject([
      { kind: 'finding', facts: { source: null, code: 'ROUND_LATE' } },
      { kind: 'source-silent', facts: { source: 'us-1', words: 'nothing came for 40 min' } },
    ]);
    await recordLook(db, [], ago(2 * MINUTE));
    await recordLook(db, [silent], ago(MINUTE));
    expect(await told()).toHaveLength(3);
  });
});

describe('drift', () => {
  it('is told once while it lasts, and again when it comes back', async () => {
    const { db } = database;
    await credit(db, [9n], ANN);
    await db.execute(sql`UPDATE wallet SET opening_nonce = next_nonce`);
    const damage = (wei: number) =>
      db.execute(sql`UPDATE balance SET amount_wei = amount_wei + ${wei}
                      WHERE account = 'pending'`);
    await auditLedger(db, { isWhole: false });
    expect(await told()).toEqual([]);
    await damage(1);
    await auditLedger(db, { isWhole: false });
    await auditLedger(db, { isWhole: false });
    expect(await told()).toMatchObject([
      { kind: 'drift', facts: { check: 'audit', code: 'BALANCE_DRIFT' } },
    ]);
    await damage(-1);
    await auditLedger(db, { isWhole: false });
    await damage(1);
    await auditLedger(db, { isWhole: false });
    expect(await told()).toHaveLength(2);
  });
});

describe('terms that are about to change', () => {
  it('are told when they are announced, and once more a day before if that was long ago', async () => {
    const { db } = database;
    const order = {
      ...PERSON,
      changes: { commissionBps: 2_000 },
      from: new Date(Date.now() + 9 * DAY),
    };
    await db.transaction((tx) => changeTerms(tx, order));
    await sweep();
    expect(await told()).toMatchObject([
      {
        kind: 'terms-change',
        payee: null,
        facts: { change: 'commission 25% → 20%', withdrawn: 0 },
      },
    ]);
    // Eight days and some hours later.
    await db.execute(sql`ALTER TABLE terms DISABLE TRIGGER USER`);
    await db.execute(sql`UPDATE terms SET from_dt = from_dt - interval '200 hours',
      created_at = created_at - interval '200 hours' WHERE commission_bps = 2000`);
    await sweep();
    await sweep();
    expect(await kinds()).toEqual(['terms-change', 'terms-change']);
  });
});

describe('a payout that waits', () => {
  /** So many ended waits for a fee, of 1 to so many minutes. */
  const addUsualWaits = async (count: number) => {
    await addWorker(database.db, { payee: BOB, region: 'there' });
    const payoutId = await addPayout(database.db, {
      payee: BOB,
      amountWei: 1n,
      state: 'paid',
      createdAt: ago(DAY),
      closedAt: ago(HOUR),
    });
    await database.db.execute(sql`
      INSERT INTO payout_wait (payout_id, code, began_at, ended_at)
      SELECT ${payoutId}, 'FEE_ABOVE_CAP', now() - n * interval '1 minute', now()
        FROM generate_series(1, ${count}::int) n`);
  };
  const addWaiting = async (payee: typeof ANN | typeof BOB, minutes: number) => {
    await addWorker(database.db, { payee });
    const payoutId = await addPayout(database.db, {
      payee,
      amountWei: 5n,
      state: 'reserved',
      createdAt: ago(DAY),
      wait: ['FEE_ABOVE_CAP', 'the fee is high'],
    });
    await database.db.execute(sql`ALTER TABLE payout DISABLE TRIGGER payout_moves_one_way`);
    await database.db.execute(sql`UPDATE payout SET
      wait_began_at = now() - ${minutes} * interval '1 minute' WHERE id = ${payoutId}`);
    return payoutId;
  };
  const targets = [
    target('ops'),
    target('ops-2', { only: ['halted'] }),
    target('ann', { payee: ANN }),
  ];

  it('is told when it waits longer than 95 of 100 did: each payee of its own, operators of the longest', async () => {
    await addUsualWaits(100);
    const anns = await addWaiting(ANN, 96);
    await addWaiting(BOB, 200);
    await sweep(targets);
    await sweep(targets);
    const notices = await told();
    expect(notices.map(({ kind, payee, targetId }) => [kind, payee, targetId]).sort()).toEqual([
      ['waiting', ANN, 'ann'],
      ['waiting', BOB, 'ops'],
    ]);
    expect(notices.find(({ payee }) => payee === ANN)?.facts).toMatchObject({
      payoutId: anns,
      amountWei: '5',
      code: 'FEE_ABOVE_CAP',
      forWorker: expect.stringContaining('passes by itself'),
    });
  });

  it('is not told within what is usual, nor while nobody knows what is', async () => {
    await addWaiting(ANN, 94);
    await sweep(targets);
    await addUsualWaits(100);
    await sweep(targets);
    expect(await told()).toEqual([]);
  });
});

describe('a wallet that runs low', () => {
  const hold = (wei: bigint) =>
    recordBalance(database.db, KEY, { wei, block: 1, baseFeeWei: null });

  it('is told when it holds less than is under way or due, beside what is to stay', async () => {
    await addWorker(database.db, { payee: ANN, pendingWei: 1_500n, reservedWei: 500n });
    // Below the threshold: no round pays it.
    await addWorker(database.db, { payee: BOB, pendingWei: 999n });
    await hold(2_010n);
    await sweep();
    expect(await told()).toEqual([]);
    await hold(2_009n);
    await sweep();
    await sweep();
    expect(await told()).toMatchObject([
      { kind: 'wallet-low', facts: { balanceWei: '2009', dueWei: '2000', keepWei: '10' } },
    ]);
  });
});

describe('a worker that is offline', () => {
  const targets = [
    target('ops'),
    target('ann', { payee: ANN, offlineAfterMs: 30 * MINUTE }),
    target('ann-2', { payee: ANN }),
  ];
  const addSeen = async (payee: typeof ANN | typeof BOB, up: boolean, seq: number) => {
    const workerId = await addWorker(database.db, { payee, region: `r${seq}` });
    await database.db.execute(
      sql`UPDATE remote_worker SET created_at = now() - interval '1 day' WHERE id = ${workerId}`,
    );
    await addConnection(database.db, {
      sourceId: 'one',
      workerId,
      connection: `c${seq}`,
      up,
      at: ago(31 * MINUTE),
      seq,
    });
  };
  beforeEach(() =>
    database.db.execute(
      sql`INSERT INTO source (id, kind, reads_from, last_success_at) VALUES ('one', 'file', 'x', now())`,
    ),
  );

  it('is not told of while nothing was read, because it may have come back', async () => {
    await addSeen(ANN, false, 1);
    const read = (at: Date) =>
      database.db.execute(sql`UPDATE source SET last_success_at = ${at.toISOString()}`);
    await read(ago(2 * MINUTE));
    await sweep(targets);
    expect(await told()).toEqual([]);
    await read(ago(0));
    await database.db.execute(
      sql`INSERT INTO sync_pause (actor, reason) VALUES ('ann', 'looking')`,
    );
    await sweep(targets);
    expect(await told()).toEqual([]);
    await database.db.execute(sql`DELETE FROM sync_pause`);
    await sweep(targets);
    expect(await told()).toHaveLength(1);
  });

  it('is told to its owner after as long as the owner set, once for each absence', async () => {
    await addSeen(ANN, false, 1);
    await addSeen(ANN, true, 2);
    await addSeen(BOB, false, 3);
    await sweep(targets);
    await sweep(targets);
    expect(await told()).toMatchObject([
      {
        kind: 'worker-offline',
        payee: ANN,
        targetId: 'ann',
        facts: { region: 'r1', nodeType: 'transcode' },
      },
    ]);
    await database.db.execute(
      sql`UPDATE connection SET changed_dt = now() WHERE connection = 'c1'`,
    );
    await sweep(targets);
    expect(await told()).toHaveLength(1);
  });
});
