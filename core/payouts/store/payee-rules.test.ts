import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { randomAddress } from '../../../test/harness/money.js';
import { recordTerms } from '../../../test/harness/terms.js';
import type { Address } from '../../base/address.js';
import { orNull, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { changeTerms } from '../../terms/store/recorded-terms.js';
import { NO_RULE, NOT_INVITED } from '../rules/payee-rule.js';
import {
  inForce,
  type RecordedAdmission,
  type RecordedRule,
  recordAdmissions,
  recordPayeeRules,
} from './payee-rules.js';
import { payeeAdmission, payeeRule } from './tables.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const HOUR_MS = 3_600_000;
const long = 2n ** 200n;
const answer = { from: new Date(0), policy: 'test', policyVersion: '1', optionsHash: 'ab' };
const rule = (payee: Address | null, more: Partial<RecordedRule> = {}): RecordedRule => ({
  ...NO_RULE,
  ...answer,
  payee,
  reason: 'for a test',
  ...more,
});
const refused = (payee: Address | null): RecordedAdmission => ({
  ...answer,
  payee,
  admitted: false,
  invited: false,
  code: NOT_INVITED,
  reason: 'only who was invited',
  liftedBy: 'pool',
});
const welcome = (payee: Address | null, invited: boolean): RecordedAdmission => ({
  ...answer,
  payee,
  admitted: true,
  invited,
  reason: 'welcome',
});
const recordRules = (rules: readonly RecordedRule[]) =>
  transact(database.db, (tx) => recordPayeeRules(tx, rules));
const record = (admissions: readonly RecordedAdmission[]) =>
  transact(database.db, (tx) => recordAdmissions(tx, admissions));

async function ruleOf(payee: Address, at: Date = new Date()) {
  const { thresholdWei, reason } = payeeRule;
  const found = inForce('payee_rule', sql`${payee}`, sql`${at.toISOString()}::timestamptz`);
  const shape = { thresholdWei, reason };
  const [held] = await rows(
    database.db,
    shape,
    sql`SELECT threshold_wei AS "thresholdWei", reason FROM (${found}) held`,
  );
  return held;
}

async function isAdmitted(payee: Address) {
  const found = inForce('payee_admission', sql`${payee}`);
  const [held] = await rows(
    database.db,
    { admitted: payeeAdmission.admitted },
    sql`SELECT admitted FROM (${found}) held`,
  );
  return held?.admitted;
}

/** Why this payee is held then, and whether that one is admitted. */
async function heldAt(payee: Address, stranger: Address, at: Date) {
  const then = sql`${at.toISOString()}::timestamptz`;
  const [found] = await rows(
    database.db,
    { holdReason: orNull(String), isAdmitted: Boolean },
    sql`SELECT (SELECT hold_reason FROM (${inForce('payee_rule', sql`${payee}`, then)}) rule) AS "holdReason",
               (SELECT admitted FROM (${inForce('payee_admission', sql`${stranger}`, then)}) said) AS "isAdmitted"`,
  );
  return [found?.holdReason, found?.isAdmitted];
}

describe('what the policy says about payees', () => {
  it('is a row with a date, and none when it says what holds already', async () => {
    const payee = randomAddress();
    expect(await recordRules([rule(payee)])).toBe(0);
    expect(await ruleOf(payee)).toBeUndefined();
    expect(await recordRules([rule(payee, { thresholdWei: long })])).toBe(1);
    expect(await recordRules([rule(payee, { thresholdWei: long, reason: 'again' })])).toBe(0);
    expect(await ruleOf(payee)).toEqual({ thresholdWei: long, reason: 'for a test' });
    expect(await recordRules([rule(payee, { reason: 'as the terms say' })])).toBe(1);
    expect(await ruleOf(payee)).toEqual({ thresholdWei: null, reason: 'as the terms say' });
  });

  it('holds from its time on, and the row recorded last wins among those whose time has come', async () => {
    const payee = randomAddress();
    const now = Date.now();
    const later = new Date(now + HOUR_MS);
    await recordRules([rule(payee, { thresholdWei: 1n, from: new Date(now) })]);
    await recordRules([rule(payee, { thresholdWei: 2n, from: later })]);
    expect((await ruleOf(payee))?.thresholdWei).toBe(1n);
    expect((await ruleOf(payee, later))?.thresholdWei).toBe(2n);
    await recordRules([rule(payee, { thresholdWei: 3n, from: new Date(now) })]);
    expect((await ruleOf(payee, later))?.thresholdWei).toBe(3n);
  });

  it('may hold for everybody of whom it was not asked, and is compared with that', async () => {
    const [known, other] = [randomAddress(), randomAddress()];
    const made = await record([refused(known), welcome(other, true), refused(null)]);
    expect(made).toBe(2);
    expect([await isAdmitted(known), await isAdmitted(other)]).toEqual([false, true]);
    expect(await isAdmitted(randomAddress())).toBe(false);
    expect(await record([welcome(other, true)])).toBe(0);
    // Admitted as before, but no longer because of an invitation.
    expect(await record([welcome(other, false)])).toBe(1);
    expect(await record([welcome(null, false), refused(known)])).toBe(2);
    expect(await isAdmitted(randomAddress())).toBe(true);
    expect(await isAdmitted(known)).toBe(false);
  });

  it('for announced terms never holds when they are withdrawn', async () => {
    const [payee, stranger] = [randomAddress(), randomAddress()];
    const now = Date.now();
    const later = new Date(now + HOUR_MS);
    const change = { actor: 'ann', reason: 'a test' };
    const announce = (from: Date, minIntervalMs: number) =>
      transact(database.db, (tx) =>
        changeTerms(tx, { ...change, from, changes: { minIntervalMs } }),
      );
    await recordTerms(database.db, { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 });
    await recordRules([rule(payee, { holdReason: 'excluded' })]);
    await record([refused(null)]);
    await announce(later, 1);
    await recordRules([rule(payee, { from: later })]);
    await record([{ ...welcome(null, false), from: later }]);
    expect(await heldAt(payee, stranger, later)).toEqual([null, true]);
    await announce(new Date(now + HOUR_MS / 2), 0);
    expect(await heldAt(payee, stranger, later)).toEqual(['excluded', false]);
  });

  it.each(['payee_rule', 'payee_admission'])('is never changed: %s', async (table) => {
    const payee = randomAddress();
    await recordRules([rule(payee, { holdReason: 'no' })]);
    await record([refused(payee)]);
    for (const change of [`UPDATE ${table} SET reason = ''`, `DELETE FROM ${table}`]) {
      await expect(database.db.$client.query(change)).rejects.toThrow('a new row follows');
    }
  });
});
