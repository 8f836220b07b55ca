import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ordered } from '../../../activities/orders.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { giveOrder } from '../../../test/harness/orders.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import type { Order } from '../rules/order-kinds.js';
import { endOrder, placeOrder, takeOrder, withdrawOrder } from './orders.js';

const ARGS = { payee: `0x${'a1'.repeat(20)}`, belowThreshold: false };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const give = (giver = {}) => giveOrder(database.db, 'payout.manual', ARGS, giver);
const logged = async () => (await listAuditLog(database.db, { limit: 50, cursor: null })).items;

describe('an order', () => {
  it('is written with its line in the audit log; a dry run leaves none', async () => {
    const before = (await logged()).length;
    const { orderId } = await give({ actor: 'bob', reason: 'he asked' });
    await give({ dryRun: true, reason: '' });
    const items = await logged();
    expect(items).toHaveLength(before + 1);
    expect(items[0]).toMatchObject({
      ...{ actor: 'bob', reason: 'he asked', action: 'order.payout.manual', subject: 'the test' },
      detail: { order: orderId, args: JSON.stringify(ARGS) },
    });
  });

  it('needs a reason when it changes something', async () => {
    await expect(give({ reason: ' ' })).rejects.toMatchObject({ code: 'REASON_MISSING' });
  });

  it('is unknown when nobody gave it, and when it was given as another kind', async () => {
    const { orderId } = await give();
    for (const id of [randomUUID(), 'x', `${orderId}'`]) {
      await expect(takeOrder(database.db, 'payout.manual', id)).rejects.toMatchObject({
        code: 'ORDER_UNKNOWN',
        final: true,
      });
    }
    await expect(takeOrder(database.db, 'ledger.adjust', orderId)).rejects.toMatchObject({
      code: 'ORDER_UNKNOWN',
    });
  });

  it('is not carried out when it was withdrawn or is too old', async () => {
    const { orderId: old } = await give();
    await database.db.execute(sql`ALTER TABLE operator_order DISABLE TRIGGER keep_order`);
    await database.db.execute(
      sql`UPDATE operator_order SET created_at = now() - interval '25 hours' WHERE id = ${old}`,
    );
    await database.db.execute(sql`ALTER TABLE operator_order ENABLE TRIGGER keep_order`);
    const { orderId: withdrawn } = await give();
    expect(await withdrawOrder(database.db, withdrawn)).toBe(true);
    for (const id of [old, withdrawn]) {
      await expect(takeOrder(database.db, 'payout.manual', id)).rejects.toMatchObject({
        code: 'ORDER_ENDED',
      });
    }
  });

  it('is not withdrawn once a worker has taken it up, because it may be booked by then', async () => {
    const { orderId } = await give();
    await takeOrder(database.db, 'payout.manual', orderId);
    expect(await withdrawOrder(database.db, orderId)).toBe(false);
    await endOrder(database.db, orderId, { state: 'done', result: { paid: true } });
    expect(await takeOrder(database.db, 'payout.manual', orderId)).toMatchObject({
      result: { paid: true },
    });
  });

  it('from the future is not carried out, because it would never expire', async () => {
    const { orderId } = await give();
    await database.db.execute(sql`ALTER TABLE operator_order DISABLE TRIGGER keep_order`);
    await database.db.execute(
      sql`UPDATE operator_order SET created_at = now() + interval '1 day' WHERE id = ${orderId}`,
    );
    await database.db.execute(sql`ALTER TABLE operator_order ENABLE TRIGGER keep_order`);
    await expect(takeOrder(database.db, 'payout.manual', orderId)).rejects.toMatchObject({
      code: 'ORDER_ENDED',
    });
  });

  it('never changes after it was given, and ends once', async () => {
    const { orderId } = await give();
    const change = (what: string) =>
      database.db.execute(sql.raw(`UPDATE operator_order SET ${what} WHERE id = '${orderId}'`));
    for (const what of [`args = '{"payee": "0x00"}'`, `reason = 'x'`, `dry_run = true`]) {
      await expect(change(what)).rejects.toThrow();
    }
    await endOrder(database.db, orderId, { state: 'refused' });
    await endOrder(database.db, orderId, { state: 'done', result: { much: true } });
    await expect(change(`state = 'open', ended_at = NULL`)).rejects.toThrow();
    await expect(takeOrder(database.db, 'payout.manual', orderId)).rejects.toMatchObject({
      code: 'ORDER_ENDED',
    });
  });

  it('never gets an id that its giver chose', async () => {
    const order = { kind: 'payout.manual', subject: 's', args: ARGS, dryRun: false } as const;
    const forged = { ...order, actor: 'a', reason: 'b', id: randomUUID() };
    expect((await placeOrder(database.db, forged)).id).not.toBe(forged.id);
  });
});

describe('carrying an order out', () => {
  const environment = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  function activity(carryOut: (order: Order<'payout.manual'>) => Promise<unknown>) {
    const calls: string[] = [];
    const run = ordered(database.db, 'payout.manual', async (order) => {
      calls.push(order.id);
      return carryOut(order);
    });
    return { calls, run };
  }

  it('happens once: when asked again, it returns the earlier result', async () => {
    const { orderId } = await give();
    const { calls, run } = activity(async ({ args }) => ({ paid: args.payee }));
    for (const _ of [1, 2]) {
      expect(await environment().run(run, { orderId })).toEqual({ paid: ARGS.payee });
    }
    expect(calls).toEqual([orderId]);
  });

  it('does not happen after a refusal, whatever has changed since', async () => {
    const { orderId } = await give();
    const refuse = () => Promise.reject(new PoolError('PAYOUT_NOTHING_DUE', 'nothing is due'));
    const { calls, run } = activity(refuse);
    await expect(environment().run(run, { orderId })).rejects.toMatchObject({
      type: 'PAYOUT_NOTHING_DUE',
    });
    await expect(environment().run(run, { orderId })).rejects.toMatchObject({
      type: 'ORDER_ENDED',
      nonRetryable: true,
    });
    expect(calls).toHaveLength(1);
  });

  it('is tried again after a temporary error', async () => {
    const { orderId } = await give();
    let tries = 0;
    const { run } = activity(async () => {
      tries += 1;
      if (tries === 1) throw new PoolError('WALLET_HALTED', 'for now');
      return { tries };
    });
    await expect(environment().run(run, { orderId })).rejects.toThrow();
    expect(await environment().run(run, { orderId })).toEqual({ tries: 2 });
  });
});
