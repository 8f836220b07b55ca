import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  forgePayouts,
  type TestDatabase,
} from '../../../test/harness/database.js';
import { credit, randomAddress, recordTestTerms, TEST_ROUND } from '../../../test/harness/money.js';
import type { Address } from '../../base/address.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import { findPayee } from '../../payees/store/payee-reads.js';
import { readPayoutFigures } from '../../sentinel/store/payout-figures.js';
import { cancelPayout, holdPayout, requestBump, resumePayout } from './payout-messages.js';
import { previewRound } from './reads/round-preview-reads.js';
import { reserveManual, reserveOrderedRound, reserveRound } from './reservations.js';
import { nameFirstWallet } from './wallet/paying-wallet.js';

const ETH = 10n ** 18n;
const decision = { actor: 'test', reason: 'because' };
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(20);
});
afterAll(() => database.close());
beforeEach(() => recordTestTerms(database.db));

const round = (roundId: string = randomUUID()) =>
  reserveRound(database.db, { roundId, workflowId: 'payout-round' }, TEST_ROUND);
const manual = (payee: `0x${string}`, belowThreshold = true, requestId: string = randomUUID()) =>
  reserveManual(database.db, { payee, belowThreshold, requestId, ...decision }, TEST_ROUND);

async function balances(payee: string): Promise<Readonly<Record<string, string>>> {
  const rows = await query<{ account: string; total: string }>(
    database.db,
    sql`SELECT account, sum(amount_wei) AS total FROM balance
          JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE worker.payee = ${payee} GROUP BY account`,
  );
  return Object.fromEntries(rows.map(({ account, total }) => [account, total]));
}

/** A round that a person ordered after looking at this preview. */
const ordered = (previewHash: string, id: string = randomUUID()) =>
  reserveOrderedRound(
    database.db,
    { chainId: 31337, address: randomAddress() },
    {
      ...decision,
      id,
      kind: 'payout.round',
      subject: 'round',
      args: { previewHash },
      dryRun: false,
      workflowId: 'ordered',
    },
    TEST_ROUND,
  );

describe('a round that a person confirmed', () => {
  const limits = { ...TEST_ROUND.limits, maxPayoutWei: ETH, maxPaidPerDayWei: ETH };
  const look = () => previewRound(database.db, { ...TEST_ROUND, limits });

  it('reserves exactly what was looked at, once, and names who ordered it', async () => {
    const payees = [await credit(database.db, [3n * ETH]), await credit(database.db, [2n * ETH])];
    const { previewHash, totals } = await look();
    const id = randomUUID();
    const result = await ordered(previewHash, id);
    expect(result).toEqual({ payouts: 2, reservedWei: totals.waitsWei, leftOut: [] });
    expect(await ordered(previewHash, id)).toEqual(result);
    for (const payee of payees) expect((await balances(payee)).pending).toBe('0');
    const [line] = await query<{ actor: string; detail: unknown }>(
      database.db,
      sql`SELECT actor, detail FROM audit_log WHERE action = 'round.start' AND subject = ${id}`,
    );
    expect(line).toEqual({
      actor: 'test',
      detail: { payouts: '2', reservedWei: String(5n * ETH) },
    });
    await expect(ordered(previewHash)).rejects.toMatchObject({ code: 'ROUND_DIFFERS' });
  });

  it.each([
    [
      'a wei that was credited meanwhile',
      (payee: Address) => credit(database.db, [1n], payee),
      /and is .* now$/,
    ],
    ['a payee more', () => credit(database.db, [ETH]), /for 1 payee, and is .* for 2 payees now/],
    ['other terms', () => recordTestTerms(database.db, { thresholdWei: 2n }), /the terms/],
  ])('reserves nothing after %s, and gives the hash of now', async (_, change, words) => {
    const payee = await credit(database.db, [ETH]);
    const { previewHash } = await look();
    await change(payee);
    const refused = await ordered(previewHash).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'ROUND_DIFFERS' });
    expect(String(refused)).toMatch(words);
    expect((await balances(payee)).reserved).toBeUndefined();
    expect(refused).toMatchObject({ detail: { previewHash: (await look()).previewHash } });
    await round();
  });

  it('reserves all or nothing while fees come in', async () => {
    const payee = await credit(database.db, [ETH]);
    for (let i = 0; i < 10; i += 1) {
      const { previewHash, totals } = await look();
      const [result] = await Promise.allSettled([
        ordered(previewHash),
        credit(database.db, [1n], payee),
      ]);
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'ROUND_DIFFERS' });
        continue;
      }
      expect(result.value.reservedWei).toBe(totals.paysWei + totals.waitsWei);
      break;
    }
    await round();
    expect(await checkInvariants(database.db)).toEqual([]);
  });
});

describe('a payout round', () => {
  it('reserves all worker rows of a payee in one payout, debts netted', async () => {
    const payee = await credit(database.db, [5n * ETH, -2n * ETH, 1n * ETH]);
    const result = await round();
    expect(result).toEqual({ payouts: 1, reservedWei: 4n * ETH, leftOut: [] });
    expect(await balances(payee)).toMatchObject({ pending: '0', reserved: `${4n * ETH}` });
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('leaves out payees whose rows cannot be written, names them, and pays all others', async () => {
    const payees = await Promise.all(
      Array.from({ length: 9 }, (_, index) => credit(database.db, [BigInt(index + 1) * ETH])),
    );
    const broken = payees.filter((_, index) => index === 2 || index === 6);
    await database.db.execute(
      sql.raw(`ALTER TABLE payout ADD CONSTRAINT broken
                 CHECK (payee NOT IN ('${broken.join("', '")}')) NOT VALID`),
    );
    const roundId = randomUUID();
    const result = await round(roundId);
    expect(result.payouts).toBe(7);
    expect(result.leftOut.map(({ payee }) => payee).sort()).toEqual([...broken].sort());
    for (const { words } of result.leftOut) expect(words).toContain('broken');
    expect(await round(roundId)).toEqual(result);
    expect(await readPayoutFigures(database.db)).toMatchObject({ leftOut: 2, stuckSagas: [] });
    await database.db.execute(sql`ALTER TABLE payout DROP CONSTRAINT broken`);
    expect(await round()).toMatchObject({ payouts: 2, leftOut: [] });
    expect(await readPayoutFigures(database.db)).toMatchObject({ leftOut: 0 });
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('reserves each payee once when two rounds run at once', async () => {
    const payees = await Promise.all(
      Array.from({ length: 30 }, (_, index) => credit(database.db, [BigInt(index + 1) * ETH])),
    );
    const results = await Promise.all([round(), round(), round()]);
    expect(results.reduce((sum, result) => sum + result.payouts, 0)).toBe(payees.length);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('returns the result of the first time when it runs again, or twice at once', async () => {
    await credit(database.db, [ETH]);
    const roundId = randomUUID();
    const results = await Promise.all([round(roundId), round(roundId), round(roundId)]);
    await credit(database.db, [ETH]);
    for (const result of [...results, await round(roundId)]) {
      expect(result).toEqual({ payouts: 1, reservedWei: ETH, leftOut: [] });
    }
    await round();
  });

  it('reserves nothing for payees below the threshold, too soon, in debt or unpayable', async () => {
    await recordTestTerms(database.db, { thresholdWei: ETH, minIntervalMs: 60_000 });
    await credit(database.db, [ETH - 1n]);
    await credit(database.db, [-5n]);
    const unpayable = await credit(database.db, [ETH]);
    await database.db.execute(
      sql`UPDATE payee SET unpayable_reason = 'it refused' WHERE address = ${unpayable}`,
    );
    const soon = await credit(database.db, [ETH]);
    await round();
    await forgePayouts(database.db, (tx) =>
      tx.execute(sql`UPDATE payout SET state = 'paid' WHERE payee = ${soon}`),
    );
    await credit(database.db, [ETH], soon);
    expect(await round()).toEqual({ payouts: 0, reservedWei: 0n, leftOut: [] });
    await expect(manual(soon, false)).rejects.toMatchObject({ code: 'PAYOUT_TOO_SOON' });
    await expect(manual(unpayable)).rejects.toMatchObject({ code: 'PAYEE_UNPAYABLE' });
    await forgePayouts(database.db, (tx) =>
      tx.execute(sql`UPDATE payout SET state = 'reserved' WHERE payee = ${soon}`),
    );
  });

  it('reserves nothing for a wallet of the pool, and says so wherever the payee is shown', async () => {
    const { db } = database;
    await round();
    const payee = await credit(db, [ETH]);
    await db.transaction((tx) => nameFirstWallet(tx, { chainId: 31_337, address: payee }));
    expect(await round()).toEqual({ payouts: 0, reservedWei: 0n, leftOut: [] });
    await expect(manual(payee)).rejects.toMatchObject({ code: 'PAYEE_IS_WALLET' });
    expect(await balances(payee)).toMatchObject({ pending: `${ETH}` });
    expect((await findPayee(db, payee))?.unpayable?.code).toBe('PAYEE_IS_WALLET');
    const { payees } = await previewRound(db, TEST_ROUND);
    expect(payees.find((one) => one.payee === payee)).toMatchObject({
      ...{ verdict: 'not-due', code: 'PAYEE_IS_WALLET', pendingWei: ETH },
      reason: expect.stringContaining('a wallet of the pool itself'),
    });
  });

  it('waives threshold and interval for a person who insists', async () => {
    await recordTestTerms(database.db, { thresholdWei: ETH, minIntervalMs: 60_000 });
    const payee = await credit(database.db, [ETH]);
    const first = await manual(payee, false);
    const setState = (state: string) =>
      forgePayouts(database.db, (tx) =>
        tx.execute(sql`UPDATE payout SET state = ${state} WHERE id = ${first.payoutId}`),
      );
    await setState('paid');
    await credit(database.db, [ETH], payee);
    await expect(manual(payee, false)).rejects.toMatchObject({ code: 'PAYOUT_TOO_SOON' });
    const second = await manual(payee);
    expect(second).toMatchObject({ amountWei: ETH, created: true });
    await cancelPayout(database.db, second.payoutId, decision);
    await setState('reserved');
  });

  it('finds the payout that a repeated request made, even when it is already paid', async () => {
    const payee = await credit(database.db, [ETH]);
    const requestId = randomUUID();
    const first = await manual(payee, true, requestId);
    const setState = (state: string) =>
      forgePayouts(database.db, (tx) =>
        tx.execute(sql`UPDATE payout SET state = ${state} WHERE id = ${first.payoutId}`),
      );
    await setState('paid');
    await credit(database.db, [5n], payee);
    expect(await manual(payee, true, requestId)).toEqual(first);
    await setState('reserved');
  });

  it('is exact while fees are credited and adjusted at the same time', async () => {
    const payees = await Promise.all(Array.from({ length: 10 }, () => credit(database.db, [ETH])));
    const crediting = payees.flatMap((payee) => [
      credit(database.db, [7n], payee),
      credit(database.db, [-3n], payee),
    ]);
    await Promise.all([round(), ...crediting, round()]);
    expect(await checkInvariants(database.db)).toEqual([]);
    for (const payee of payees) {
      const { pending = '0', reserved = '0' } = await balances(payee);
      expect(BigInt(pending) + BigInt(reserved)).toBe(ETH + 4n);
    }
  });
});

describe('a manual payout', () => {
  it('is made once when it is requested ten times at once', async () => {
    const payee = await credit(database.db, [ETH]);
    const results = await Promise.all(Array.from({ length: 10 }, () => manual(payee)));
    expect(new Set(results.map(({ payoutId }) => payoutId)).size).toBe(1);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
  });

  it('uses the payout that a round reserves at the same time', async () => {
    const payee = await credit(database.db, [ETH]);
    await Promise.all([round(), manual(payee), round(), manual(payee)]);
    const open = await query(database.db, sql`SELECT id FROM payout WHERE payee = ${payee}`);
    expect(open).toHaveLength(1);
  });

  it('is refused for unknown payees, for nothing due, and below the threshold unless told otherwise', async () => {
    await recordTestTerms(database.db, { thresholdWei: ETH });
    const payee = await credit(database.db, [ETH - 1n]);
    const owing = await credit(database.db, [-1n]);
    await expect(manual(randomAddress())).rejects.toMatchObject({ code: 'PAYEE_UNKNOWN' });
    await expect(manual(owing)).rejects.toMatchObject({ code: 'PAYOUT_NOTHING_DUE' });
    await expect(manual(payee, false)).rejects.toMatchObject({ code: 'PAYOUT_NOTHING_DUE' });
    expect(await manual(payee)).toMatchObject({ amountWei: ETH - 1n, created: true });
  });
});

describe('an operator', () => {
  it('holds, resumes and cancels a reserved payout, and each reason is recorded', async () => {
    const payee = await credit(database.db, [ETH]);
    const { payoutId } = await manual(payee);
    const { db } = database;
    await expect(requestBump(db, payoutId, decision)).rejects.toMatchObject({
      code: 'PAYOUT_NOT_SIGNED',
    });
    await expect(resumePayout(db, payoutId, decision)).rejects.toMatchObject({
      code: 'PAYOUT_NOT_HELD',
    });
    expect(await holdPayout(db, payoutId, decision)).toMatchObject({ state: 'reserved' });
    expect(await resumePayout(db, payoutId, decision)).toMatchObject({ state: 'reserved' });
    expect(await cancelPayout(db, payoutId, decision)).toMatchObject({ state: 'cancelled' });
    expect(await balances(payee)).toMatchObject({ pending: `${ETH}`, reserved: '0' });
    await expect(holdPayout(db, payoutId, decision)).rejects.toMatchObject({
      code: 'PAYOUT_ALREADY_CLOSED',
    });
    await expect(holdPayout(db, payoutId, { actor: 'test', reason: ' ' })).rejects.toMatchObject({
      code: 'REASON_MISSING',
    });
    const kept = await query<{ action: string }>(
      db,
      sql`SELECT action FROM audit_log WHERE subject = ${payoutId} ORDER BY id`,
    );
    expect(kept.map(({ action }) => action)).toEqual([
      'payout.manual',
      'payout.hold',
      'payout.resume',
      'payout.cancel',
    ]);
    expect(await checkInvariants(db)).toEqual([]);
  });
});
