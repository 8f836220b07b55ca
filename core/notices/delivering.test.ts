import { sql } from 'drizzle-orm';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { type DeliveryDeps, deliverNotices } from './delivering.js';
import type { DeliveryOutcome, Notice, NoticeTarget } from './notifiers/notifier.js';
import { resendNotices, targetsWithWork } from './store/deliveries.js';
import { countUndelivered, listNotices } from './store/notice-reads.js';
import { type NewNotice, writeNotices } from './store/outbox.js';
import { spreadNotices, tidyNotices } from './store/spreading.js';

const ANN = `0x${'a1'.repeat(20)}` as const;
const BOB = `0x${'b2'.repeat(20)}` as const;
const PERSON = { actor: 'ann', reason: 'it is back' };
const backOff = {
  firstPauseMs: 20_000,
  longestPauseMs: 3_600_000,
  failuresBeforeRest: 3,
  giveUpAfterMs: 259_200_000,
  leaseMs: 30_000,
};

let database: TestDatabase;
beforeEach(async () => {
  await database?.close();
  database = await createTestDatabase();
});
afterAll(() => database.close());

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
const OPS = target('ops');
const ANNS = target('ann', { payee: ANN });

const paid = (payee: typeof ANN | typeof BOB, n: number): NewNotice => ({
  key: `paid/${payee}/${n}`,
  kind: 'paid',
  payee,
  facts: { payoutId: `${n}`, payee, amountWei: '9007199254740993', txHash: null },
});
const halted = (n: number): NewNotice => ({
  key: `halted/${n}`,
  kind: 'halted',
  facts: { code: 'HALTED_BY_OPERATOR', reason: `reason ${n}`, wallet: BOB },
});

/** A receiver that answers as it is told, and what it got. */
function world(answer: (notice: Notice, nth: number) => DeliveryOutcome, targets = [OPS]) {
  const got: Notice[] = [];
  const deliver = async (notice: Notice) => answer(notice, got.push(notice));
  const deps: DeliveryDeps = {
    db: database.db,
    targets: new Map(
      targets.map((one) => [one.id, { target: one, notifier: { sendsTo: 'here', deliver } }]),
    ),
    pool: { id: 'p', name: 'a pool', publicUrl: 'https://pool.test', explorerUrl: null },
    backOff,
  };
  const run = (targetId = 'ops') =>
    deliverNotices(deps, {
      targetId,
      signal: new AbortController().signal,
      mostMs: 10_000,
      onProgress: () => undefined,
    });
  return { got, run, spread: () => spreadNotices(database.db, targets) };
}

const DELIVERED = (): DeliveryOutcome => ({ kind: 'delivered' });
const statesOf = async () =>
  (await listNotices(database.db, {}, { limit: 50, cursor: null })).items.map(({ deliveries }) =>
    deliveries.map(({ targetId, state }) => `${targetId} ${state}`).join(', '),
  );
/** Lets time pass, for what is stored with a time. */
const pass = (ms: number) =>
  database.db.execute(sql`
    UPDATE notice_delivery SET next_at = next_at - ${ms} * interval '1 millisecond',
           since = since - ${ms} * interval '1 millisecond'`);
const wake = (ms: number) =>
  database.db.execute(
    sql`UPDATE notice_target SET rest_until = rest_until - ${ms} * interval '1 millisecond'`,
  );

describe('notices', () => {
  it('are written once for a fact, with their fact or not at all', async () => {
    const { db } = database;
    await writeNotices(db, [paid(ANN, 1), paid(ANN, 1), paid(ANN, 2)]);
    await writeNotices(db, [paid(ANN, 1)]);
    const failed = db.transaction(async (tx) => {
      await writeNotices(tx, [paid(ANN, 3)]);
      throw new Error('the fact is not recorded');
    });
    await expect(failed).rejects.toThrow();
    const { items } = await listNotices(db, {}, { limit: 50, cursor: null });
    expect(items).toHaveLength(2);
    // Receivers drop what they have by this id: it is the same for the same fact, also after a restored backup.
    expect(new Set(items.map(({ ref }) => ref))).toEqual(
      new Set(['ntc_', 'ntc_'].map(() => expect.stringMatching(/^ntc_[0-9a-f]{32}$/))),
    );
  });

  it('reach the operators and the payee that they are about, in the words of each', async () => {
    const { got, run, spread } = world(DELIVERED, [
      OPS,
      ANNS,
      target('only', { only: ['halted'] }),
    ]);
    await spread();
    for (const one of [paid(ANN, 1), paid(BOB, 2), halted(1)])
      await writeNotices(database.db, [one]);
    await spread();
    expect(await targetsWithWork(database.db, ['ann', 'only', 'ops', 'other'])).toEqual([
      'ann',
      'only',
      'ops',
    ]);
    expect(await run('ops')).toMatchObject({ delivered: 3, failed: 0 });
    expect(got.splice(0).map(({ title }) => title)).toEqual([
      'Paid 0.009007199254740993 ETH',
      'Paid 0.009007199254740993 ETH',
      'Payouts are halted: HALTED_BY_OPERATOR',
    ]);
    await run('ann');
    expect(got.splice(0)).toMatchObject([
      {
        kind: 'paid',
        audience: 'payee',
        title: 'You were paid 0.009007199254740993 ETH',
        link: expect.stringMatching(/^https:\/\/pool\.test\/payees\/0x[0-9a-fA-F]{40}$/),
        data: { amountWei: '9007199254740993' },
      },
      { kind: 'halted', title: 'The pool has stopped payouts for now' },
    ]);
    await run('only');
    expect(got.map(({ kind }) => kind)).toEqual(['halted']);
    expect(await run('ops')).toMatchObject({ delivered: 0 });
  });

  it('give a payee no words of nodes, signers or events, and no region that may be a host', async () => {
    const { got, run, spread } = world(DELIVERED, [OPS, ANNS]);
    await spread();
    const secret = 'EVENT_TWICE: gpu-7.lan 10.0.0.7';
    const ofPayout = { payoutId: '1', payee: ANN, amountWei: '1' };
    const since = new Date().toISOString();
    const wait = { code: 'SIGNER_REFUSED', reason: secret, forWorker: 'it waits', since, p95Ms: 1 };
    const worker = { payee: ANN, nodeType: 'ai', region: secret };
    await writeNotices(database.db, [
      { key: 'w', kind: 'waiting', payee: ANN, facts: { ...ofPayout, ...wait } },
      {
        key: 'h',
        kind: 'halted',
        facts: { code: 'INVARIANT_BROKEN', reason: secret, wallet: BOB },
      },
      {
        key: 'o',
        kind: 'worker-offline',
        payee: ANN,
        facts: { ...worker, lastSeenAt: since, offlineAfterMs: 60_000 },
      },
    ]);
    await spread();
    expect(await run('ann')).toMatchObject({ delivered: 3 });
    const toPayee = got.splice(0);
    expect(JSON.stringify(toPayee)).not.toContain('gpu-7');
    const dataOf = Object.fromEntries(toPayee.map(({ kind, data }) => [kind, data]));
    expect(dataOf).toMatchObject({
      waiting: { code: 'SIGNER_REFUSED', forWorker: 'it waits', amountWei: '1' },
      halted: { code: 'INVARIANT_BROKEN' },
      'worker-offline': { region: 'elsewhere', nodeType: 'ai' },
    });
    await run('ops');
    expect(got.map(({ data }) => data.reason ?? data.region)).toEqual([secret, secret, secret]);
  });

  it('of before a target was met are not told there', async () => {
    const { run, spread } = world(DELIVERED);
    await writeNotices(database.db, [halted(1)]);
    await spread();
    expect(await run()).toMatchObject({ delivered: 0 });
    await writeNotices(database.db, [halted(2)]);
    await spread();
    expect(await run()).toMatchObject({ delivered: 1 });
  });

  it('are spread to every target by several workers at once, each once', async () => {
    const { spread } = world(DELIVERED, [OPS, ANNS]);
    await spread();
    await writeNotices(
      database.db,
      Array.from({ length: 2_500 }, (_, n) => halted(n)),
    );
    await Promise.all([spread(), spread(), spread()]);
    await spread();
    expect(await countUndelivered(database.db)).toMatchObject([
      { targetId: 'ann', state: 'waiting', deliveries: 2_500 },
      { targetId: 'ops', state: 'waiting', deliveries: 2_500 },
    ]);
  });
});

describe('a receiver that fails', () => {
  const write = async (count: number, spread: () => Promise<void>) => {
    await spread();
    await writeNotices(
      database.db,
      Array.from({ length: count }, (_, n) => halted(n)),
    );
    await spread();
  };

  it('is left alone after a few failures, and gets everything when it is back', async () => {
    let isUp = false;
    const { got, run, spread } = world(() =>
      isUp ? { kind: 'delivered' } : { kind: 'try-again', why: 'away' },
    );
    await write(20, spread);
    expect(await run()).toMatchObject({ delivered: 0, failed: 3, lastError: 'away' });
    expect(await run()).toMatchObject({ failed: 0 });
    expect(await targetsWithWork(database.db, ['ops'])).toEqual([]);
    await wake(30_000);
    expect(await run()).toMatchObject({ failed: 1 });
    await wake(60_000);
    isUp = true;
    got.length = 0;
    expect(await run()).toMatchObject({ delivered: 16 });
    // Those that were tried wait for their own pauses.
    await pass(30_000);
    expect(await run()).toMatchObject({ delivered: 4 });
    expect(new Set(got.map(({ id }) => id)).size).toBe(20);
  });

  it('of one notice only does not keep the others', async () => {
    const { run, spread } = world(({ data }) =>
      data['reason'] === 'reason 1'
        ? { kind: 'try-again', why: 'this one never' }
        : { kind: 'delivered' },
    );
    await write(6, spread);
    expect(await run()).toMatchObject({ delivered: 5, failed: 1 });
    expect(await run()).toMatchObject({ delivered: 0, failed: 0 });
  });

  it('that asks for a pause gets it, before any other notice', async () => {
    const { run, spread } = world((_, nth) =>
      nth === 2 ? { kind: 'try-again', why: 'too fast', afterMs: 30_000 } : { kind: 'delivered' },
    );
    await write(5, spread);
    expect(await run()).toMatchObject({ delivered: 1, failed: 1 });
    expect(await run()).toMatchObject({ delivered: 0 });
    await wake(31_000);
    await pass(31_000);
    expect(await run()).toMatchObject({ delivered: 4 });
  });

  it('that refuses leaves a dead letter, which is sent again by command', async () => {
    let refuses = true;
    const { run, spread } = world(() =>
      refuses ? { kind: 'refused', why: 'gone' } : { kind: 'delivered' },
    );
    await write(2, spread);
    expect(await run()).toMatchObject({ refused: 2 });
    expect(await statesOf()).toEqual(['ops dead', 'ops dead']);
    refuses = false;
    expect(await run()).toMatchObject({ delivered: 0 });
    const { items } = await listNotices(database.db, { dead: true }, { limit: 1, cursor: null });
    expect(items[0]?.deliveries).toMatchObject([{ lastError: 'gone', tries: 1 }]);
    const ref = items[0]?.ref ?? '';
    expect(await resendNotices(database.db, { ref }, PERSON)).toBe(1);
    expect(await run()).toMatchObject({ delivered: 1 });
    expect(await resendNotices(database.db, { all: true }, PERSON)).toBe(1);
    expect(await run()).toMatchObject({ delivered: 1 });
    expect(await statesOf()).toEqual(['ops delivered', 'ops delivered']);
    await expect(resendNotices(database.db, { ref: 'ntc_x' }, PERSON)).rejects.toMatchObject({
      code: 'NOTICE_UNKNOWN',
    });
  });

  it('for days is given up, also where nothing was tried, and old notices are forgotten', async () => {
    const { run, spread } = world(() => ({ kind: 'try-again', why: 'away' }));
    await write(4, spread);
    await pass(4 * 86_400_000);
    await run();
    expect(await statesOf()).toEqual(['ops waiting', 'ops dead', 'ops dead', 'ops dead']);
    await tidyNotices(database.db, backOff.giveUpAfterMs);
    expect(await statesOf()).toEqual(['ops dead', 'ops dead', 'ops dead', 'ops dead']);
    await database.db.execute(
      sql`UPDATE notice SET created_at = now() - interval '91 days' WHERE id <= 3`,
    );
    await tidyNotices(database.db, backOff.giveUpAfterMs);
    expect(await statesOf()).toHaveLength(1);
  });

  it('while its worker dies gets the notice again', async () => {
    const { run, spread } = world(DELIVERED);
    await write(1, spread);
    // What a worker leaves that is killed after it took the delivery.
    const killed = world(() => {
      throw new Error('killed');
    });
    await expect(killed.run()).rejects.toThrow('killed');
    expect(await run()).toMatchObject({ delivered: 0 });
    await pass(31_000);
    expect(await run()).toMatchObject({ delivered: 1 });
  });
});
