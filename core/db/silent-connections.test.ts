import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../../test/harness/database.js';
import { type SilentProxy, startSilentProxy } from '../../test/harness/silent-proxy.js';
import { closeDatabase, type Database, openDatabase } from './database.js';
import { query } from './query.js';
import { sqlState } from './transact.js';

let direct: TestDatabase;
const opened: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  direct = await createEmptyDatabase(4);
  await direct.db.execute(sql`CREATE TABLE held (n int); `);
  await direct.db.execute(sql`INSERT INTO held VALUES (1)`);
});
afterAll(async () => {
  for (const close of opened.reverse()) await close();
  await direct.close();
});

async function open(
  maxConnections: number,
  isClosedByTest = false,
): Promise<{ proxy: SilentProxy; db: Database }> {
  const proxy = await startSilentProxy(direct.url);
  const db = openDatabase({ url: proxy.url, maxConnections });
  opened.push(() => proxy.stop());
  if (!isClosedByTest) opened.push(() => closeDatabase(db));
  return { proxy, db };
}

/** Opens all connections of the pool. */
async function fill(db: Database, connections: number): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, () => db.execute(sql`SELECT pg_sleep(0.2)`)),
  );
}

async function failing(work: Promise<unknown>) {
  const startedMs = performance.now();
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, afterMs: performance.now() - startedMs };
}

describe.concurrent('a half-open connection', () => {
  it('is given up within seconds, in a transaction too, and its place is taken by a new one', async () => {
    const { proxy, db } = await open(3);
    await fill(db, 3);
    proxy.silence();
    const outcomes = await Promise.all([
      failing(db.execute(sql`SELECT 1`)),
      failing(db.transaction((tx) => tx.execute(sql`SELECT 1`))),
      failing(db.$client.query('SELECT 1')),
    ]);
    for (const { error, afterMs } of outcomes) {
      expect(sqlState(error)).toBe('ETIMEDOUT');
      expect(String(error)).toContain('Postgres has not answered for');
      expect(afterMs).toBeLessThan(20_000);
    }
    await fill(db, 3);
  }, 60_000);

  it('frees the locks that it holds, and reports the statement that failed, not the rollback that failed after it', async () => {
    const { proxy, db } = await open(2);
    const holding = failing(
      db.transaction(async (tx) => {
        await tx.execute(sql`UPDATE held SET n = 2`);
        proxy.silence();
        await tx.execute(sql`UPDATE held SET n = 3`);
      }),
    );
    const { error } = await holding;
    expect(String(error)).toContain('Postgres has not answered for');
    const { afterMs } = await failing(query(direct.db, sql`UPDATE held SET n = 4`));
    expect(afterMs).toBeLessThan(5_000);
  }, 60_000);

  it('whose server cannot be reached either is given up within half a minute', async () => {
    const { proxy, db } = await open(1);
    await fill(db, 1);
    proxy.silence({ alsoNew: true });
    const { error, afterMs } = await failing(db.execute(sql`SELECT 1`));
    expect(sqlState(error)).toBe('ETIMEDOUT');
    expect(afterMs).toBeLessThan(35_000);
    proxy.speak();
    expect(await query(db, sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  }, 60_000);

  it('does not keep a pool from being closed', async () => {
    const { proxy, db } = await open(2, true);
    await fill(db, 2);
    proxy.silence();
    const { afterMs } = await failing(closeDatabase(db));
    expect(afterMs).toBeLessThan(8_000);
  }, 60_000);
});

describe.concurrent('a connection on which Postgres works', () => {
  it('is waited for as long as the statement may run, also while it waits for a lock', async () => {
    const { db } = await open(2);
    const rival = new pg.Client({ connectionString: direct.url });
    await rival.connect();
    await rival.query('CREATE TABLE locked (n int)');
    await rival.query('BEGIN; LOCK TABLE locked');
    const waiting = query(db, sql`SELECT count(*)::int AS n FROM locked`);
    const working = query(db, sql`SELECT 1 AS n FROM pg_sleep(12)`);
    await sleep(12_000);
    await rival.query('COMMIT');
    await rival.end();
    expect(await waiting).toEqual([{ n: 0 }]);
    expect(await working).toEqual([{ n: 1 }]);
  }, 60_000);
});
