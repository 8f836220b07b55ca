import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { statementCsv, statementJson } from '../../client/statements/statement.js';
import { TEST_POOL_ID } from '../../test/harness/database.js';
import { ingestSaid, inventEvents, payeeOf } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { largeStatement } from '../../test/harness/large-statement.js';
import { credit } from '../../test/harness/money.js';
import { adjust, endPayout, readCsv, reserveAll } from '../../test/harness/statement-world.js';
import { createPayee, wishSigned } from '../../test/harness/wishes.js';
import { addWallet, CHAIN_ID, TEST_WALLET } from '../../test/kit/test-pool.js';
import type { Address } from '../base/address.js';
import { toChecksum } from '../chain/checksums.js';
import { compactPostings } from '../checks/audit/ledger-compaction.js';
import { closePiece } from '../checks/audit/ledger-pieces.js';
import { archiveMonths } from '../history/archive/archiving.js';
import { findPayee } from '../payees/store/payee-reads.js';
import { confirmRedirects } from '../self-service/redirecting.js';
import { statementParts } from './statement.js';

const MARCH = Date.parse('2026-03-13T00:00:00Z');
const SPAN = { fromMs: MARCH, count: 300, stepMs: 900_000 };
const EVENTS = inventEvents(31, SPAN);
const PAYEE = payeeOf(3);
const DAY_MS = 86_400_000;
const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const hash = (digit: string) => `0x${digit.repeat(64)}`;

describe('a statement', () => {
  const { world, rowsOf, rebuild } = useHistory();

  async function write(
    format: 'csv' | 'json',
    from?: number,
    to?: number,
    payee: Address = PAYEE,
  ): Promise<string> {
    const named = {
      from: from === undefined ? undefined : dayText(from),
      to: to === undefined ? undefined : dayText(to),
    };
    const period = {
      from: named.from === undefined ? null : new Date(`${named.from}T00:00:00Z`),
      to: named.to === undefined ? null : new Date(Date.parse(`${named.to}T00:00:00Z`) + DAY_MS),
    };
    const parts = statementParts(world.db, { payee, period });
    const order = { payee, named, now: new Date(), shown: <T>(line: T) => line };
    const make = format === 'csv' ? statementCsv : statementJson;
    let text = '';
    for await (const piece of make(parts, order)) text += piece;
    return text;
  }

  /** Puts the booking of everything so far this many days back, as if the pool had been at it then. */
  const age = (days: number) =>
    rowsOf(`ALTER TABLE posting DISABLE TRIGGER USER;
      UPDATE posting SET created_at = created_at - interval '${days} days';
      ALTER TABLE posting ENABLE TRIGGER USER`);

  const mine = (payoutId: string, nonce: number, txHash: string) =>
    world.db.execute(sql`
      INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id, state, mined_hash)
      VALUES (${CHAIN_ID}, ${TEST_WALLET}, ${nonce}, ${payoutId}, 'mined', ${txHash})`);

  /** Five days of a pool; returns the payout of the second one. */
  async function fiveDays(): Promise<string> {
    await addWallet(world.db);
    let second = '';
    for (let day = 0; day < 5; day += 1) {
      await ingestSaid(world.db, 'a', EVENTS.slice(day * 60, day * 60 + 30), 4);
      const payoutId = day % 2 === 1 ? await reserveAll(world.db, PAYEE) : undefined;
      if (day === 1) second = payoutId ?? '';
      await ingestSaid(world.db, 'a', EVENTS.slice(day * 60 + 30, day * 60 + 60), 4);
      if (payoutId !== undefined) {
        await rowsOf(`ALTER TABLE nonce_slot DISABLE TRIGGER USER`);
        await mine(payoutId, day, hash(String(day)));
        await endPayout(world.db, payoutId, 'settle');
      }
      const amountWei = BigInt(day - 2) * 1_000n;
      if (day !== 2) await adjust(world.db, PAYEE, { amountWei, reason: `=day ${day}` });
      await age(1);
    }
    return second;
  }

  it('leads line by line to the balance that everybody shows', async () => {
    await fiveDays();
    const payee = await findPayee(world.db, PAYEE);
    const lines = readCsv(await write('csv'));
    const owed = ((payee?.pendingWei ?? 0n) + (payee?.reservedWei ?? 0n)).toString();
    expect(lines.at(-1)).toMatchObject({ Type: 'balance', 'Balance (wei)': owed });
    expect(lines.at(-2)).toMatchObject({ 'Balance (wei)': owed });
    let balance = 0n;
    for (const line of lines.slice(0, -1)) {
      balance += BigInt(line['Change (wei)'] ?? '');
      expect(line['Balance (wei)']).toBe(balance.toString());
    }
    const paid = lines.filter(({ Type }) => Type === 'payout');
    expect(paid.map(({ TxHash }) => TxHash)).toEqual([hash('1'), hash('3')]);
    const credits = lines.filter(({ Type }) => Type === 'credit');
    expect(new Set(credits.map(({ Terms }) => Terms))).toEqual(new Set(['1', '2']));
    // One line a day and terms, or two where a payout lies between them.
    expect(credits.length).toBeLessThan(15);
    for (const line of credits) {
      const { Commission = '', Gross = '', 'Received Amount': net = '' } = line;
      expect(Number(Commission) + Number(net)).toBeCloseTo(Number(Gross), 12);
      expect(line['Jobs From']).toMatch(/^2026-03-1\d /);
    }
    expect(
      lines.some(({ Description }) => Description === 'adjustment by the operator: =day 4'),
    ).toBe(true);
    const json = JSON.parse(await write('json'));
    expect(json).toMatchObject({ isFinal: false, closing: { balanceWei: owed } });
    expect(json.lines.at(-1).balanceWei).toBe(owed);
    expect(json.lines.map((line: { balanceWei: string }) => line.balanceWei)).toEqual(
      lines.slice(0, -1).map((line) => line['Balance (wei)']),
    );
  });

  it('names where each payout went, also when its payee has chosen another address since', async () => {
    const { db } = world;
    await addWallet(db);
    const payee = await createPayee(db, 500n);
    const destination = '0x00000000000000000000000000000000000000dd';
    const pay = async () => {
      const payoutId = (await reserveAll(db, payee.address)) ?? '';
      await endPayout(db, payoutId, 'settle');
      return payoutId;
    };
    await pay();
    await wishSigned(db, payee, { kind: 'destination', destination });
    const chain = { agreed: () => Promise.reject(new Error('a key needs no chain')) };
    const of = { db, poolId: TEST_POOL_ID, chainId: CHAIN_ID, chain, coolDownMs: 0 };
    expect(await confirmRedirects(of)).toMatchObject({ confirmed: 1 });
    await credit(db, [70n], payee.address);
    await endPayout(db, await pay(), 'reopen');
    const lines = readCsv(await write('csv', undefined, undefined, payee.address));
    const own = toChecksum(payee.address);
    const chosen = toChecksum(destination);
    expect(lines.map(({ Type, Destination }) => [Type, Destination])).toEqual([
      ['adjustment', ''],
      ['payout', own],
      ['adjustment', ''],
      ['payout', chosen],
      ['payout-reversed', chosen],
      ['balance', ''],
    ]);
    const json = JSON.parse(await write('json', undefined, undefined, payee.address));
    expect(json.lines.map((line: { destination: unknown }) => line.destination)).toEqual([
      ...[null, own, null, chosen, chosen],
    ]);
  });

  it('of a part of the time begins with the balance before it, and parts come to the whole', async () => {
    await fiveDays();
    const whole = readCsv(await write('csv')).slice(0, -1);
    const now = Date.now();
    const parts = [
      await write('csv', undefined, now - 3 * DAY_MS),
      await write('csv', now - 2 * DAY_MS),
    ];
    const lines = parts.flatMap((text) => readCsv(text).slice(0, -1));
    expect(lines).toEqual(whole);
    const json = JSON.parse(await write('json', now - 2 * DAY_MS));
    expect(json.opening.balanceWei).toBe(readCsv(parts[0] ?? '').at(-1)?.['Balance (wei)']);
  });

  it('of a past period has the same bytes for ever', async () => {
    const second = await fiveDays();
    await age(150);
    const [from, to] = [Date.now() - 156 * DAY_MS, Date.now() - 151 * DAY_MS];
    const before = [await write('csv', from, to), await write('json', from, to)];
    expect(JSON.parse(before[1] ?? '')).toMatchObject({ isFinal: true });
    expect(readCsv(before[0] ?? '').length).toBeGreaterThan(10);

    // Later events, of later and of earlier times, and from another source; a payout, and one that the chain takes back.
    await ingestSaid(world.db, 'b', inventEvents(32, SPAN), 7);
    await ingestSaid(
      world.db,
      'a',
      inventEvents(33, { ...SPAN, fromMs: MARCH - DAY_MS }).map((said) => ({
        ...said,
        id: said.id + 10_000,
      })),
      7,
    );
    await adjust(world.db, PAYEE, { amountWei: 77n });
    await endPayout(world.db, second, 'reopen');
    await rowsOf(`UPDATE nonce_slot SET mined_hash = '${hash('f')}' WHERE payout_id = '${second}'`);
    await endPayout(world.db, second, 'settle');
    expect([await write('csv', from, to), await write('json', from, to)]).toEqual(before);

    while (await closePiece(world.db, 5));
    const compacted = await compactPostings(world.db, {
      before: new Date(Date.now() - DAY_MS),
      onProgress: () => undefined,
    });
    expect(compacted.postings).toBeGreaterThan(10);
    expect([await write('csv', from, to), await write('json', from, to)]).toEqual(before);

    const run = { keepMonths: 1, dir: world.dir, now: new Date('2099-08-01T00:00:00Z') };
    const { archived } = await archiveMonths(world.db, { ...run, onProgress: () => undefined });
    expect(archived.length).toBeGreaterThan(0);
    await rebuild({ apply: { actor: 'test', reason: 'test', allowDebt: true } });
    expect([await write('csv', from, to), await write('json', from, to)]).toEqual(before);
  });
});

describe('a long statement', () => {
  it('comes piece by piece: thirty thousand lines take little more memory than a few', async () => {
    const { lines, moreBytes } = await largeStatement({ workers: 300, days: 100 });
    expect(lines).toBe(30_001);
    expect(moreBytes).toBeLessThan(64 * 2 ** 20);
  });
});
