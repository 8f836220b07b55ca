import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../../../test/harness/database.js';
import {
  createMoneyDatabase,
  credit,
  randomAddress,
  reserveFor,
} from '../../../test/harness/money.js';
import type { Address } from '../../base/address.js';
import type { Wish } from '../rules/wish.js';
import { payeeRedirect, payeeWish } from './tables.js';
import { wishesOf } from './wishes.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createMoneyDatabase();
});
afterAll(() => database.close());

/** Writes the row of a wish past the code that checks its signature. */
const wish = (payee: Address, nonce: number, { kind, ...value }: Wish) =>
  database.db
    .insert(payeeWish)
    .values({ ...value, payee, nonce, kind, signed: {}, signature: '0x', proof: 'key' });

/** Writes what a worker makes of the wish for another destination, which holds after so many milliseconds. */
const confirm = (payee: Address, nonce: number, destination: Address, coolDownMs: number) =>
  database.db.insert(payeeRedirect).values({
    payee,
    nonce,
    destination,
    effectiveAt: sql`clock_timestamp() + ${coolDownMs} * interval '1 ms'`,
  });

const destinationOfNext = async (payee: Address) => {
  const { payoutId } = await reserveFor(database.db, 10n, payee);
  const found = await database.db.execute<{ destination: Address }>(
    sql`SELECT destination FROM payout WHERE id = ${payoutId}`,
  );
  await database.db.execute(
    sql`UPDATE payout SET state = 'cancelled', closed_at = now() WHERE id = ${payoutId}`,
  );
  return found.rows[0]?.destination;
};

const A_DAY_MS = 86_400_000;

describe('what payees wished', () => {
  it('is the last word about threshold and pause, and nothing where nothing was wished', async () => {
    const { db } = database;
    const [one, other, silent] = [
      await credit(db, [1n]),
      await credit(db, [1n]),
      await credit(db, [1n]),
    ];
    await wish(one, 0, { kind: 'threshold', thresholdWei: 7n });
    await wish(one, 1, { kind: 'nickname', nickname: 'Ann' });
    await wish(one, 2, { kind: 'pause' });
    await wish(other, 0, { kind: 'pause' });
    await wish(other, 1, { kind: 'resume' });
    const before = await wishesOf(db, [one, other, silent]);
    expect(before.get(one)).toEqual({ thresholdWei: 7n, pausedSince: expect.any(Date) });
    expect(before.get(other)).toEqual({ thresholdWei: null, pausedSince: null });
    expect(before.has(silent)).toBe(false);
    await wish(one, 3, { kind: 'threshold', thresholdWei: null });
    await wish(one, 4, { kind: 'resume' });
    expect((await wishesOf(db, [one])).get(one)).toEqual(before.get(other));
    expect((await wishesOf(db, [])).size).toBe(0);
  });

  it('is counted without a gap, and never changed', async () => {
    const payee = await credit(database.db, [1n]);
    await wish(payee, 0, { kind: 'pause' });
    const again = wish(payee, 0, { kind: 'resume' });
    await expect(again).rejects.toThrow('23505');
    await expect(wish(payee, 2, { kind: 'resume' })).rejects.toThrow('has the number 1, not 2');
    const change = database.db.execute(sql`UPDATE payee_wish SET kind = 'resume'`);
    await expect(change).rejects.toThrow('kept as it is');
  });
});

describe('where a payee is paid', () => {
  it('is its own address until a redirect holds, and the last one of two', async () => {
    const payee = await credit(database.db, [1n]);
    const [first, second] = [randomAddress(), randomAddress()];
    expect(await destinationOfNext(payee)).toBe(payee);
    await wish(payee, 0, { kind: 'destination', destination: first });
    expect(await destinationOfNext(payee)).toBe(payee);
    await confirm(payee, 0, first, 0);
    expect(await destinationOfNext(payee)).toBe(first);
    await wish(payee, 1, { kind: 'destination', destination: second });
    await confirm(payee, 1, second, A_DAY_MS);
    expect(await destinationOfNext(payee)).toBe(first);
    await wish(payee, 2, { kind: 'destination', destination: payee });
    await confirm(payee, 2, payee, 0);
    expect(await destinationOfNext(payee)).toBe(payee);
  });

  it('stays the same when the payee revokes a redirect, or asks for another one, before its time', async () => {
    const payee = await credit(database.db, [1n]);
    const [first, second] = [randomAddress(), randomAddress()];
    await wish(payee, 0, { kind: 'destination', destination: first });
    await confirm(payee, 0, first, A_DAY_MS);
    await wish(payee, 1, { kind: 'revoke-destination' });
    await wish(payee, 2, { kind: 'destination', destination: second });
    await confirm(payee, 2, second, A_DAY_MS);
    await wish(payee, 3, { kind: 'destination', destination: first });
    const { rows } = await database.db.execute(
      sql`SELECT payee_destination(${payee}, now() + interval '2 days') AS destination`,
    );
    expect(rows).toEqual([{ destination: payee }]);
  });

  it('is nowhere that it never asked for, whoever writes the payout', async () => {
    const payee = await credit(database.db, [1n]);
    await wish(payee, 0, { kind: 'resume' });
    await expect(confirm(payee, 0, randomAddress(), 0)).rejects.toThrow(
      'never asked to be paid at',
    );
    const { payoutId } = await reserveFor(database.db, 10n, payee);
    const elsewhere = sql`UPDATE payout SET destination = ${randomAddress()} WHERE id = ${payoutId}`;
    await expect(database.db.execute(elsewhere)).rejects.toThrow('PAYOUT_DESTINATION');
    const another = sql`
      INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
      VALUES (gen_random_uuid(), ${await credit(database.db, [1n])}, ${payee}, 1, 'reserved', 'round')`;
    await expect(database.db.execute(another)).rejects.toThrow('PAYOUT_DESTINATION');
  });
});
