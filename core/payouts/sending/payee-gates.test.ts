/** What the policy, invitations and payees say, from the reservation of a payout to its signature, on a real chain. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, startChain } from '../../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  credit,
  recordTestTerms,
  type TestWallet,
} from '../../../test/harness/money.js';
import type { Address } from '../../base/address.js';
import { rows } from '../../db/query.js';
import { rehearse, transact } from '../../db/transact.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import { payeeWish } from '../../self-service/store/tables.js';
import { NO_RULE, NOT_INVITED, type PayeeRule } from '../rules/payee-rule.js';
import { decideDue } from '../rules/payout-due.js';
import { recordAdmissions, recordPayeeRules } from '../store/payee-rules.js';
import { payeeStandings, readDueRules } from '../store/payee-standings.js';
import { invitePayee, listInvitations, uninvitePayee } from '../store/payees/invitations.js';
import { cancelPayout } from '../store/payout-messages.js';
import { previewRound } from '../store/reads/round-preview-reads.js';
import { reserveManual, reserveRound } from '../store/reservations.js';
import { payeeRipe, payout } from '../store/tables.js';
import { recordBalance } from '../store/wallet/wallets.js';
import { walletKeyOf } from '../wallet/money-deps.js';

const ETH = 10n ** 18n;
const GWEI = 10n ** 9n;
const DAY_MS = 86_400_000;
const decision = { actor: 'ann', reason: 'because' };
const POLICY = { policy: 'test', policyVersion: '1', optionsHash: 'ab' };

let database: TestDatabase;
let chain: LocalChain;
let wallet: TestWallet;
beforeAll(async () => {
  [database, chain] = await Promise.all([createMoneyDatabase(20), startChain()]);
  wallet = await createTestWallet(database.db, chain);
});
afterAll(async () => {
  await Promise.all([database.close(), chain.stop()]);
});
beforeEach(async () => {
  await recordTestTerms(database.db, { thresholdWei: ETH });
  await seeBaseFee(GWEI);
});

const seeBaseFee = (baseFeeWei: bigint) =>
  recordBalance(database.db, walletKeyOf(wallet.deps), { wei: 100n * ETH, block: 1, baseFeeWei });

const say = (payee: Address | null, rule: Partial<PayeeRule>) =>
  transact(database.db, (tx) =>
    recordPayeeRules(tx, [
      { ...NO_RULE, ...POLICY, reason: 'a test', ...rule, payee, from: new Date(0) },
    ]),
  );

const refuse = (payee: Address, code: string = NOT_INVITED, invited = false) =>
  transact(database.db, (tx) => {
    const answer = { ...POLICY, payee, invited, from: new Date(0), reason: 'so it is' };
    return recordAdmissions(tx, [{ ...answer, admitted: false, code, liftedBy: 'pool' }]);
  });

const round = (previewHash?: string) => {
  const confirmed = previewHash === undefined ? {} : { confirmed: { ...decision, previewHash } };
  const one = { roundId: randomUUID(), workflowId: 'round', ...confirmed };
  return reserveRound(database.db, one, wallet.deps);
};

const pay = (payee: Address, belowThreshold: boolean, despiteRules: boolean) => {
  const request = { ...decision, payee, belowThreshold, despiteRules, requestId: randomUUID() };
  return reserveManual(database.db, request, wallet.deps);
};

/** Reserves in a round what is pending for this payee, and returns the payout's id; undefined when nothing was reserved. */
async function reserved(payee: Address): Promise<string | undefined> {
  await round();
  const [open] = await rows(
    database.db,
    { id: payout.id },
    sql`SELECT id FROM payout WHERE payee = ${payee} AND state = 'reserved'`,
  );
  return open?.id;
}

const send = (payoutId: string | undefined) =>
  createPayer(wallet.deps).sender.send(payoutId ?? 'none');

async function verdictOf(payee: Address): Promise<string> {
  const rules = await readDueRules(database.db, wallet.deps);
  const [standing] = await payeeStandings(database.db, rules, [payee]);
  if (standing === undefined) return 'unknown';
  const verdict = decideDue(standing, rules);
  return verdict.due ? 'due' : verdict.code;
}

describe('a payee that nobody invited', () => {
  it('keeps what it earns, and is paid as soon as it is invited', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    await refuse(payee);
    expect(await reserved(payee)).toBeUndefined();
    const dry = await rehearse(database.db, (tx) => invitePayee(tx, payee, decision));
    expect(dry).toMatchObject({ changed: true, words: expect.stringContaining('2 ETH') });
    expect(await verdictOf(payee)).toBe('NOT_INVITED');
    expect(await invitePayee(database.db, payee, decision)).toEqual(dry);
    expect(await invitePayee(database.db, payee, decision)).toMatchObject({ changed: false });
    expect(await send(await reserved(payee))).toMatchObject({ kind: 'sent' });
  });

  it('is not signed when its invitation is withdrawn after the reservation, and goes on with the next one', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    await refuse(payee);
    await invitePayee(database.db, payee, decision);
    const payoutId = await reserved(payee);
    expect(await uninvitePayee(database.db, payee, decision)).toMatchObject({ changed: true });
    expect(await send(payoutId)).toMatchObject({ wait: { code: 'NOT_INVITED' } });
    await invitePayee(database.db, payee, decision);
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
    // What is signed only goes forward.
    await uninvitePayee(database.db, payee, decision);
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
    const { items } = await listInvitations(database.db, {}, { limit: 2, cursor: null });
    expect(items.map((one) => [one.payee, one.withdrawnBy])).toEqual([
      [payee, 'ann'],
      [payee, 'ann'],
    ]);
    const acts = await listAuditLog(database.db, { limit: 9, cursor: null }, { subject: payee });
    expect(acts.items.map(({ action }) => action)).toEqual([
      ...['payee.uninvite', 'payee.invite', 'payee.uninvite', 'payee.invite'],
    ]);
  });

  it('is never reserved by a round that begins after its invitation was withdrawn, however they meet', async () => {
    const payees = await Promise.all(
      Array.from({ length: 12 }, () => credit(database.db, [2n * ETH])),
    );
    for (const payee of payees) {
      await refuse(payee);
      await invitePayee(database.db, payee, decision);
    }
    const [first] = await Promise.all([
      round(),
      ...payees.map((payee) => uninvitePayee(database.db, payee, decision)),
    ]);
    const open = await rows(
      database.db,
      { id: payout.id },
      sql`SELECT id FROM payout WHERE state = 'reserved' AND payee = ANY(${sql.param(payees)}::text[])`,
    );
    expect(open.length).toBeLessThanOrEqual(first.payouts);
    for (const { id } of open) {
      expect(await send(id)).toMatchObject({ wait: { code: 'NOT_INVITED' } });
    }
    expect((await round()).payouts).toBe(0);
  });
});

describe('a payout by hand', () => {
  it('looks past a refusal only when that is asked for, which the audit log says, for that payout alone', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    await refuse(payee, 'REGION_CLOSED');
    const refused = { code: 'PAYEE_REFUSED', message: expect.stringContaining('REGION_CLOSED') };
    await expect(pay(payee, true, false)).rejects.toMatchObject(refused);
    const { payoutId } = await pay(payee, false, true);
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
    const acts = await listAuditLog(database.db, { limit: 1, cursor: null }, { subject: payoutId });
    expect(acts.items[0]?.detail).toMatchObject({
      despite: 'NOT_ADMITTED: REGION_CLOSED: so it is',
    });
    await credit(database.db, [2n * ETH], payee);
    expect(await reserved(payee)).toBeUndefined();
  });

  it('overrides nothing that is said later, when nothing had to be looked past', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    const { payoutId } = await pay(payee, true, true);
    await say(payee, { holdReason: 'too slow' });
    expect(await send(payoutId)).toMatchObject({ wait: { code: 'HELD_BY_POLICY' } });
    await say(payee, {});
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
  });

  it('looks past thresholds, and past no debt and nothing', async () => {
    const payee = await credit(database.db, [1n]);
    await say(payee, { thresholdWei: ETH, maxGasShareBps: 0 });
    await expect(pay(payee, false, true)).rejects.toMatchObject({ code: 'PAYOUT_NOTHING_DUE' });
    expect(await pay(payee, true, false)).toMatchObject({ created: true, amountWei: 1n });
    const debtor = await credit(database.db, [-1n]);
    await say(debtor, { thresholdWei: 0n });
    await expect(pay(debtor, true, true)).rejects.toMatchObject({ code: 'PAYOUT_NOTHING_DUE' });
    expect(await verdictOf(debtor)).toBe('NEGATIVE');
  });
});

describe('a rule of a payee', () => {
  it('that changes between a preview and its confirmation refuses the round', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    const looked = (await previewRound(database.db, wallet.deps)).previewHash;
    await say(payee, { thresholdWei: 2n * ETH });
    const differs = { code: 'ROUND_DIFFERS', message: expect.stringContaining('other terms') };
    await expect(round(looked)).rejects.toMatchObject(differs);
    const now = (await previewRound(database.db, wallet.deps)).previewHash;
    expect(now).not.toBe(looked);
    expect((await round(now)).payouts).toBe(1);
  });

  it('holds for everybody of whom the policy was not asked, and not for those of whom it was', async () => {
    const [asked, unknown] = [await credit(database.db, [ETH]), await credit(database.db, [ETH])];
    await say(null, { holdReason: 'nobody knows it' });
    await say(asked, {});
    expect(await verdictOf(asked)).toBe('due');
    expect(await verdictOf(unknown)).toBe('HELD_BY_POLICY');
    await say(null, {});
    expect(await verdictOf(unknown)).toBe('due');
  });

  it('gives way to the payee, whose pause keeps a reserved payout unsigned', async () => {
    const payee = await credit(database.db, [2n * ETH]);
    const payoutId = await reserved(payee);
    const wish = { payee, signed: {}, signature: '0x', proof: 'key' } as const;
    await database.db.insert(payeeWish).values({ ...wish, nonce: 0, kind: 'pause' });
    expect(await send(payoutId)).toMatchObject({ wait: { code: 'PAUSED_BY_PAYEE' } });
    await database.db.insert(payeeWish).values({ ...wish, nonce: 1, kind: 'resume' });
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
  });
});

describe('a gas share of a payee with a latest day', () => {
  const rule = { thresholdWei: ETH, maxGasShareBps: 1, latestAfterMs: DAY_MS };
  /** Of a payout of an ether, gas at this base fee is above one basis point. */
  const DEAR_WEI = 10n * GWEI;

  /** Moves what was posted until now so far into the past. */
  async function age(ms: number): Promise<void> {
    await database.db.transaction(async (tx) => {
      await tx.execute(sql`SET LOCAL session_replication_role = replica`);
      await tx.execute(sql`UPDATE posting SET created_at = created_at - ${ms} * interval '1 ms'`);
    });
  }

  it('waits for cheaper gas or more money, at the latest until its day, counted from the postings', async () => {
    const payee = await credit(database.db, [ETH - 1n]);
    await say(payee, rule);
    await seeBaseFee(DEAR_WEI);
    await age(3 * DAY_MS);
    expect(await verdictOf(payee)).toBe('BELOW_THRESHOLD');
    await credit(database.db, [1n], payee);
    expect(await verdictOf(payee)).toBe('GAS_TOO_DEAR');
    await age(DAY_MS - 600_000);
    expect(await verdictOf(payee)).toBe('GAS_TOO_DEAR');
    await seeBaseFee(GWEI);
    expect(await verdictOf(payee)).toBe('due');
    await seeBaseFee(DEAR_WEI);
    await age(600_000);
    expect(await verdictOf(payee)).toBe('due');
  });

  it('counts on from what a round has noted, until less is pending', async () => {
    const payee = await credit(database.db, [ETH]);
    await say(payee, rule);
    await seeBaseFee(DEAR_WEI);
    await round();
    const noted = () => database.db.select().from(payeeRipe).where(sql`payee = ${payee}`);
    expect(await noted()).toHaveLength(1);
    await database.db.execute(sql`UPDATE payee_ripe SET since = since - interval '2 days'`);
    expect(await verdictOf(payee)).toBe('due');
    await credit(database.db, [-1n], payee);
    await round();
    expect(await noted()).toHaveLength(0);
    await credit(database.db, [1n], payee);
    expect(await verdictOf(payee)).toBe('GAS_TOO_DEAR');
  });

  it('is forgotten when a person pays between two rounds', async () => {
    const payee = await credit(database.db, [ETH]);
    await say(payee, rule);
    await seeBaseFee(DEAR_WEI);
    await round();
    await database.db.execute(sql`UPDATE payee_ripe SET since = since - interval '2 days'`);
    const { payoutId } = await pay(payee, true, false);
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
    await database.db.execute(sql`
      UPDATE payout SET state = 'paid', closed_at = now() WHERE id = ${payoutId}`);
    await credit(database.db, [ETH], payee);
    await seeBaseFee(DEAR_WEI);
    expect(await verdictOf(payee)).toBe('GAS_TOO_DEAR');
  });

  it('begins anew after a payout, and not after one that was cancelled', async () => {
    const payee = await credit(database.db, [ETH]);
    await age(2 * DAY_MS);
    await say(payee, rule);
    await seeBaseFee(DEAR_WEI);
    const first = await reserved(payee);
    await cancelPayout(database.db, first ?? '', decision);
    expect(await verdictOf(payee)).toBe('due');
    const second = await reserved(payee);
    await credit(database.db, [ETH], payee);
    expect(await send(second)).toMatchObject({ kind: 'sent' });
    await database.db.execute(sql`
      UPDATE payout SET state = 'paid', closed_at = now() WHERE id = ${second ?? ''}`);
    // What was sent has made the chain's own fee known.
    await seeBaseFee(DEAR_WEI);
    expect(await verdictOf(payee)).toBe('GAS_TOO_DEAR');
  });

  it('holds a reserved payout back too, until its day, and never beyond the limit of the pool', async () => {
    const payee = await credit(database.db, [ETH]);
    await say(payee, { ...rule, thresholdWei: 0n });
    await seeBaseFee(0n);
    const payoutId = await reserved(payee);
    const [kept] = await rows(
      database.db,
      { isKnown: Boolean },
      sql`SELECT ripe_at < created_at AS "isKnown" FROM payout WHERE id = ${payoutId ?? ''}`,
    );
    expect(kept).toEqual({ isKnown: true });
    await say(payee, { ...rule, maxGasShareBps: 0 });
    const wait = { code: 'GAS_SHARE_ABOVE_CAP', reason: expect.stringContaining("payee's terms") };
    expect(await send(payoutId)).toMatchObject({ wait });
    await database.db.execute(sql`
      UPDATE payout SET ripe_at = now() - interval '2 days' WHERE id = ${payoutId ?? ''}`);
    const strict = { ...wallet.deps, limits: { ...wallet.deps.limits, maxGasShareBps: 0 } };
    const byPool = {
      code: 'GAS_SHARE_ABOVE_CAP',
      reason: expect.stringContaining('pool.maxGasShare'),
    };
    expect(await createPayer(strict).sender.send(payoutId ?? '')).toMatchObject({ wait: byPool });
    expect(await send(payoutId)).toMatchObject({ kind: 'sent' });
  });
});
