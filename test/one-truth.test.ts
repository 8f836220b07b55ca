/** One truth: page, JSON, CSV, command line and metrics of one ledger show every amount alike, to the wei. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createApp } from '../api/app.js';
import { groupDigits } from '../api/page/kit/numbers.js';
import type { Address } from '../core/base/address.js';
import { formatEth } from '../core/base/money.js';
import { toChecksum } from '../core/chain/checksums.js';
import { createRandom } from '../dev/kit/random.js';
import { runOpenpool } from './harness/command-line.js';
import { ingestSaid, inventEvents, payeeOf } from './harness/event-world.js';
import { useHistory } from './harness/history-world.js';
import { quietConfig } from './harness/quiet-pool.js';
import { adjust, endPayout, readCsv, reserveAll } from './harness/statement-world.js';
import { poolOf } from './kit/silent-temporal.js';
import { addWallet, TEST_TOKEN } from './kit/test-pool.js';

const SPAN = { fromMs: Date.parse('2026-03-13T00:00:00Z'), count: 240, stepMs: 900_000 };
const SEED = 41;

interface Amounts {
  readonly pending: string;
  readonly reserved: string;
  readonly paid: string;
  readonly earned: string;
  /** What the pool owes: pending and reserved. */
  readonly owed: string;
}

function amountsOf(pending: bigint, reserved: bigint, paid: bigint): Amounts {
  const owed = pending + reserved;
  const [earned, all] = [owed + paid, { pending, reserved, paid, owed }];
  const texts = Object.entries({ ...all, earned }).map(([name, wei]) => [name, wei.toString()]);
  return Object.fromEntries(texts) as unknown as Amounts;
}

type Row = Readonly<Record<string, string>>;
const ofFields = (row: Row | undefined): Amounts =>
  amountsOf(
    BigInt(row?.['pendingWei'] ?? -1),
    BigInt(row?.['reservedWei'] ?? -1),
    BigInt(row?.['paidWei'] ?? -1),
  );
const sumOf = (rows: readonly Row[], field: string): bigint =>
  rows.reduce((sum, row) => sum + BigInt(row[field] ?? 0), 0n);

/** A statement ends with what is owed, and its payouts come to what was paid. */
function expectBalances(lines: readonly Row[], amounts: Amounts): void {
  expect(lines.at(-1)?.['Balance (wei)']).toBe(amounts.owed);
  if (lines.length > 1) expect(lines.at(-2)?.['Balance (wei)']).toBe(amounts.owed);
  const paid = lines.filter(({ Type }) => Type === 'payout' || Type === 'payout-reversed');
  expect((-sumOf(paid, 'Change (wei)')).toString()).toBe(amounts.paid);
}

describe('one truth', () => {
  const { world, rowsOf } = useHistory();

  const request = async (path: string) => {
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    return (await createApp(poolOf(world.db)).request(path, { headers })).text();
  };
  const json = async (path: string) => JSON.parse(await request(path));

  async function history(): Promise<void> {
    const random = createRandom(SEED);
    await addWallet(world.db);
    const open: string[] = [];
    const said = { a: inventEvents(SEED, SPAN), b: inventEvents(SEED + 1, SPAN) };
    for (let turn = 0; turn < 24; turn += 1) {
      for (const source of ['a', 'b'] as const) {
        await ingestSaid(world.db, source, said[source].slice(turn * 12, turn * 12 + 12), 5);
      }
      const payee = payeeOf(random.int(0, 11));
      const kind = random.int(0, 3);
      if (kind === 0) {
        const amountWei = BigInt(random.int(-400_000, 900_000)) * 1_000_003n + 1n;
        await adjust(world.db, payee, { amountWei, region: random.pick(['eu', 'us-west']) });
      } else if (kind === 1 && open.length > 2) {
        await endPayout(world.db, open.shift() ?? '', random.pick(['settle', 'settle', 'refuse']));
      } else {
        const id = await reserveAll(world.db, payee);
        if (id !== undefined && !open.includes(id)) open.push(id);
      }
    }
  }

  /** The ledger itself, added up from its entries. */
  async function truth(): Promise<ReadonlyMap<Address, Amounts>> {
    const rows = await rowsOf(`
      SELECT w.payee, coalesce(sum(e.amount_wei) FILTER (WHERE account = 'pending'), 0) AS pending,
             coalesce(sum(e.amount_wei) FILTER (WHERE account = 'reserved'), 0) AS reserved,
             coalesce(sum(e.amount_wei) FILTER (WHERE account = 'paid'), 0) AS paid
        FROM remote_worker w LEFT JOIN ledger_entry e ON e.remote_worker_id = w.id GROUP BY 1`);
    return new Map(
      rows.map(({ payee, pending, reserved, paid }) => [
        payee,
        amountsOf(BigInt(pending), BigInt(reserved), BigInt(paid)),
      ]),
    );
  }

  async function commandLine() {
    const path = join(world.dir, 'pool.yaml');
    await writeFile(path, stringify(quietConfig(world.url)));
    return async (...words: readonly string[]) => {
      const said = await runOpenpool([...words, '--config', path]);
      expect(said.err).toBe('');
      return said.out;
    };
  }

  it('is shown by page, JSON and CSV for every payee', async () => {
    await history();
    const ledger = await truth();
    expect(ledger.size).toBeGreaterThan(8);
    const { payees } = await json('/v1/payees?limit=200');
    const { workers } = await json('/v1/workers?limit=200');
    // Amounts are JSON numbers there, which only their digits tell exactly.
    const compat = [
      ...(await request('/workers')).matchAll(
        /"ethAddress":"(\w+)"[^}]*?"pending_fees":(-?\d+),"paid_fees":(\d+)/g,
      ),
    ];
    for (const [payee, amounts] of ledger) {
      const address = toChecksum(payee);
      const own = (rows: readonly Row[], key: string) => rows.filter((row) => row[key] === address);
      const one = await json(`/v1/payees/${address}`);
      const statement = await json(`/v1/payees/${address}/statement`);
      const csv = readCsv(await request(`/v1/payees/${address}/statement?format=csv`));
      const why = await json(`/v1/payees/${address}/why`);
      const page = await request(`/payees/${address}`);
      const rows = own(workers, 'payee');
      const shown = {
        show: ofFields(one),
        'show, its rows': amountsOf(
          sumOf(one.rows, 'pendingWei'),
          sumOf(one.rows, 'reservedWei'),
          sumOf(one.rows, 'paidWei'),
        ),
        list: ofFields(own(payees, 'address')[0]),
        workers: amountsOf(
          sumOf(rows, 'pendingWei'),
          sumOf(rows, 'reservedWei'),
          sumOf(rows, 'paidWei'),
        ),
        statement: ofFields(statement.closing),
      };
      for (const [where, found] of Object.entries(shown)) {
        expect({ where, address, ...found }).toEqual({ where, address, ...amounts });
      }
      expect(one.earnedWei).toBe(amounts.earned);
      expect(why.pendingWei).toBe(amounts.pending);
      for (const name of ['earned', 'pending', 'reserved', 'paid'] as const) {
        const wei = BigInt(amounts[name]);
        expect(page).toContain(`${groupDigits(wei.toString())} wei`);
      }
      const mine = compat.filter(([, of]) => of === address);
      expect(mine.reduce((sum, [, , wei = '']) => sum + BigInt(wei), 0n).toString()).toBe(
        amounts.owed,
      );
      expect(mine.reduce((sum, [, , , wei = '']) => sum + BigInt(wei), 0n).toString()).toBe(
        amounts.paid,
      );
      expectBalances(csv, amounts);
      expect(statement.closing.balanceWei).toBe(amounts.owed);
    }
  });

  it('is shown by the command line', async () => {
    await history();
    const openpool = await commandLine();
    // A command waits for Temporal, which is not there: those who were paid will do.
    const paid = [...(await truth())].filter(([, amounts]) => amounts.paid !== '0').slice(0, 2);
    expect(paid.length).toBe(2);
    for (const [payee, amounts] of paid) {
      const address = toChecksum(payee);
      const told = JSON.parse(await openpool('payee', address, '--json'));
      expect({ ...ofFields(told), earned: told.earnedWei }).toEqual(amounts);
      const ofWorkers = amountsOf(
        sumOf(told.workers, 'pendingWei'),
        sumOf(told.workers, 'reservedWei'),
        sumOf(told.workers, 'paidWei'),
      );
      expect(ofWorkers).toEqual(amounts);
      const words = await openpool('payee', address);
      for (const name of ['earned', 'pending', 'reserved', 'paid'] as const) {
        const wei = BigInt(amounts[name]);
        expect(words).toMatch(new RegExp(`${name} +${formatEth(wei)} ETH \\(${wei} wei\\)`));
      }
      expectBalances(readCsv(await openpool('statement', address)), amounts);
      const json = JSON.parse(await openpool('statement', address, '--format', 'json'));
      expect(ofFields(json.closing)).toEqual(amounts);
    }
  });

  it('is shown by the pool’s totals and metrics, and each payout is what its credits come to', async () => {
    await history();
    const all = [...(await truth()).values()];
    const total = (name: keyof Amounts) => all.reduce((sum, one) => sum + BigInt(one[name]), 0n);
    const pool = await json('/v1/pool');
    const metrics = await request('/metrics');
    for (const name of ['pending', 'reserved', 'paid'] as const) {
      expect(pool[`${name}Wei`] ?? pool.totals?.[`${name}Wei`]).toBe(total(name).toString());
      const [, value] =
        new RegExp(`openpool_balance_eth\\{[^}]*account="${name}"[^}]*\\} (\\S+)`).exec(metrics) ??
        [];
      expect(Number(value)).toBe(Number(formatEth(total(name))));
    }
    const status = await request('/status');
    expect(status).toContain(`"TotalPayouts":${formatEth(total('paid'))},`);
    expect(status).toContain(`"TotalPending":${formatEth(total('owed'))},`);
    const { payouts } = await json('/v1/payouts?limit=200');
    expect(payouts.length).toBeGreaterThan(5);
    for (const { id, amountWei } of payouts) {
      const { credits } = await json(`/v1/payouts/${id}/credits?limit=200`);
      const { sums } = await json(`/v1/payouts/${id}/credits?by=day,pipeline,model`);
      const { allocations } = await json(`/v1/payouts/${id}`);
      for (const rows of [credits, sums, allocations]) {
        expect(sumOf(rows, 'amountWei').toString()).toBe(amountWei);
      }
    }
    const paidWei = sumOf(
      payouts.filter(({ state }: Row) => state === 'paid'),
      'amountWei',
    );
    expect(paidWei).toBe(total('paid'));
  });
});
