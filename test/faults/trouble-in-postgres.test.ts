/** Postgres that says no: deadlocks, serialization failures, no connection to be had. */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { sqlState } from '../../core/db/transact.js';
import { createRandom } from '../../dev/kit/random.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  reserveFor,
  type SettleOutcome,
  transfersOf,
} from '../harness/money.js';
import { startSilentProxy } from '../harness/silent-proxy.js';
import { judge, NOTHING_WRONG } from './verdict.js';

const AMOUNT_WEI = 31_000_000_000_000_007n;
let chain: LocalChain;
let database: TestDatabase;
const opened: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0.1 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase(20);
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  await database.close();
});

/** A wallet and some payouts, and the wallet's address for the verdict. */
async function createPool(payouts: number) {
  const { deps, address } = await createTestWallet(database.db, chain);
  const ids: string[] = [];
  for (let index = 0; index < payouts; index += 1) {
    ids.push((await reserveFor(database.db, AMOUNT_WEI)).payoutId);
  }
  return { deps, address, ids };
}

/** Whatever an activity throws, Temporal calls it again: so does this, and keeps what was thrown. */
async function payUntilPaid(
  payer: ReturnType<typeof createPayer>,
  payoutId: string,
  thrown: unknown[] = [],
): Promise<SettleOutcome> {
  for (;;) {
    try {
      return await payer.pay(payoutId);
    } catch (error) {
      thrown.push(error);
      if (thrown.length > 500) throw error;
      await sleep(50);
    }
  }
}

async function expectPaidOnce(address: `0x${string}`, payouts: number): Promise<void> {
  expect(await checkInvariants(database.db)).toEqual([]);
  expect(await judge(chain, database.db, address)).toEqual(NOTHING_WRONG);
  expect(await transfersOf(chain, address)).toHaveLength(payouts);
}

describe('a deadlock', () => {
  async function deadlocks(): Promise<number> {
    // A session tells its numbers when it is idle for a moment or ends.
    await query(database.db, sql`SELECT pg_stat_clear_snapshot()`);
    const [row] = await query<{ deadlocks: string }>(
      database.db,
      sql`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
    );
    return Number(row?.deadlocks ?? 0);
  }

  /**
   * Locks what a payer locks last, lets the payer come and wait for it, then asks for what the payer
   * holds. Postgres ends the one that looks first, and that is the payer.
   */
  async function lockInOppositeOrder(first: string, second: string, payerComes: () => void) {
    const rival = new pg.Client({ connectionString: database.url });
    await rival.connect();
    opened.push(() => rival.end());
    await rival.query(`SET deadlock_timeout = '60s'`);
    await rival.query('BEGIN');
    await rival.query(first);
    payerComes();
    await until(
      'a payer that waits for the lock',
      async () => {
        const waiting = await query(
          database.db,
          sql`SELECT FROM pg_locks WHERE NOT granted AND pid IN
                (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`,
        );
        return waiting.length > 0;
      },
      { withinMs: 15_000, everyMs: 10 },
    );
    await rival.query(second);
    await rival.query('COMMIT');
  }

  const PAYOUTS = 'SELECT FROM payout ORDER BY id DESC FOR UPDATE';
  const WALLET = 'SELECT FROM wallet FOR UPDATE';
  const SLOTS = 'SELECT FROM nonce_slot ORDER BY nonce DESC FOR UPDATE';

  it('while nonces are handed out makes nobody unpaid or paid twice', async () => {
    const { deps, address, ids } = await createPool(5);
    const payer = createPayer(deps);
    let paid: Promise<unknown> = Promise.resolve();
    await lockInOppositeOrder(PAYOUTS, WALLET, () => {
      paid = Promise.all(ids.map((id) => payer.pay(id)));
    });
    await paid;
    expect(await deadlocks()).toBeGreaterThanOrEqual(1);
    await expectPaidOnce(address, 5);
  });

  it('while payouts are settled makes nobody unpaid or paid twice', async () => {
    const { deps, address, ids } = await createPool(5);
    const payer = createPayer(deps);
    for (const id of ids) await payer.sender.send(id);
    let paid: Promise<unknown> = Promise.resolve();
    await lockInOppositeOrder(SLOTS, PAYOUTS, () => {
      paid = Promise.all(ids.map((id) => payer.pay(id)));
    });
    await paid;
    expect(await deadlocks()).toBeGreaterThanOrEqual(1);
    await expectPaidOnce(address, 5);
  });
});

describe('serialization failures and deadlocks that Postgres raises', () => {
  const RAISED = ['40001', '40P01'];

  /** Every now and then the server fails a statement, a commit among them, instead of running it. */
  function failSometimes(db: Database, failures: Map<string, number>): void {
    const random = createRandom(7);
    db.$client.on('connect', (client) => {
      const connection = client as unknown as { query: (...args: unknown[]) => unknown };
      const original = connection.query.bind(client);
      connection.query = (...args) => {
        const text = String((args[0] as { text?: string }).text ?? args[0]);
        if (/^(begin|rollback)/i.test(text) || !random.chance(0.2)) return original(...args);
        const code = random.pick(RAISED);
        failures.set(code, (failures.get(code) ?? 0) + 1);
        const raise = `DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '${code}'; END $$`;
        const callback = args.at(-1);
        return typeof callback === 'function' ? original(raise, callback) : original(raise);
      };
    });
  }

  it('at every fifth statement make nobody unpaid or paid twice', async () => {
    const { deps, address, ids } = await createPool(8);
    const db = openDatabase({ url: database.url, maxConnections: 4 });
    opened.push(() => closeDatabase(db));
    const failures = new Map<string, number>();
    failSometimes(db, failures);
    const payer = createPayer({ ...deps, db });
    const outcomes = await Promise.all(ids.map((id) => payUntilPaid(payer, id)));
    expect(outcomes.every((outcome) => outcome.kind === 'closed' && outcome.state === 'paid')).toBe(
      true,
    );
    for (const code of RAISED) expect(failures.get(code)).toBeGreaterThanOrEqual(3);
    await expectPaidOnce(address, 8);
  });
});

describe('connections that are exhausted', () => {
  const ALLOWED = 5;
  const EXHAUSTED_MS = 3_000;
  const TOO_MANY = '53300';

  /** A login of the manager's own, which the server gives so many connections and no more. */
  async function createLogin(): Promise<string> {
    const name = `payer_${randomBytes(4).toString('hex')}`;
    await database.db.execute(
      sql.raw(`CREATE ROLE ${name} LOGIN PASSWORD 'x' CONNECTION LIMIT ${ALLOWED}`),
    );
    const [owner] = await query<{ name: string }>(database.db, sql`SELECT current_user AS name`);
    await database.db.execute(sql.raw(`GRANT "${owner?.name}" TO ${name}`));
    const url = new URL(database.url);
    url.username = name;
    url.password = 'x';
    return url.toString();
  }

  /** Ends the payer's connections and takes all that there are, for a while. */
  async function takeAll(url: string): Promise<void> {
    const idle: pg.Client[] = [];
    const { username } = new URL(url);
    while (idle.length < ALLOWED) {
      await query(
        database.db,
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE usename = ${username} AND application_name = 'openpool'`,
      );
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        idle.push(client);
      } catch (error) {
        if (sqlState(error) !== TOO_MANY) throw error;
      }
    }
    await sleep(EXHAUSTED_MS);
    await Promise.all(idle.map((client) => client.end()));
  }

  it('for some seconds, before and after the broadcast, make nobody unpaid or paid twice', async () => {
    const { deps, address, ids } = await createPool(6);
    const url = await createLogin();
    const db = openDatabase({ url, maxConnections: ALLOWED });
    opened.push(() => closeDatabase(db));
    const trouble: unknown[] = [];
    const payer = createPayer({ ...deps, db, onTrouble: (error) => trouble.push(error) });
    const [sent, unsent] = [ids.slice(0, 3), ids.slice(3)];
    for (const id of sent) await payer.sender.send(id);
    const thrown: unknown[] = [];
    const first = Promise.all(sent.map((id) => payUntilPaid(payer, id, thrown)));
    const exhausted = takeAll(url);
    await sleep(300);
    const rest = Promise.all(unsent.map((id) => payUntilPaid(payer, id, thrown)));
    await Promise.all([exhausted, first, rest]);
    const refusals = [...trouble, ...thrown].filter((error) => sqlState(error) === TOO_MANY);
    expect(refusals.length).toBeGreaterThanOrEqual(3);
    await expectPaidOnce(address, 6);
  });
});

describe('connections that fall silent', () => {
  it('under sender and loop, with transactions open, make nobody unpaid or paid twice, and hold nothing up for long', async () => {
    const { deps, address, ids } = await createPool(6);
    const proxy = await startSilentProxy(database.url);
    const db = openDatabase({ url: proxy.url, maxConnections: 5 });
    opened.push(
      () => proxy.stop(),
      () => closeDatabase(db),
    );
    const payer = createPayer({ ...deps, db });
    const [watched, rest] = [ids.slice(0, 3), ids.slice(3)];
    for (const id of watched) await payer.sender.send(id);
    const first = watched.map((id) => payUntilPaid(payer, id));
    await sleep(200);
    // In the middle of a transaction that holds the wallet's lock, as a sender's does.
    const holding = db
      .transaction(async (tx) => {
        await tx.execute(sql`SELECT FROM wallet FOR UPDATE`);
        proxy.silence();
        await tx.execute(sql`SELECT 1`);
      })
      .catch((error: unknown) => error);
    await sleep(50);
    const startedMs = performance.now();
    const second = rest.map((id) => payUntilPaid(payer, id));
    await Promise.all([...first, ...second]);
    expect(performance.now() - startedMs).toBeLessThan(45_000);
    expect(String(await holding)).toContain('Postgres has not answered');
    await expectPaidOnce(address, 6);
  }, 90_000);
});
