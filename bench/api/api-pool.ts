/** A pool with a long history and no worker, whose API is a process of its own. */
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { addMonth, addWorkers, type History } from '../growth/growth-history.js';
import { startApi, startPoolServers, startWorker, writeBenchConfig } from '../pool-servers.js';
import type { Say, Scratch } from '../scratch.js';

interface ApiPoolOptions {
  readonly events: number;
  readonly payees: number;
  readonly say: Say;
}

const MONTHS = 10;
const SOURCE_ID = 'bench';

export interface ApiPool {
  readonly url: string;
  readonly db: Database;
  /** The addresses of all payees, each with one remote worker. */
  readonly payees: readonly string[];
}

export async function startApiPool(options: ApiPoolOptions, scratch: Scratch): Promise<ApiPool> {
  const { events, payees, say } = options;
  const servers = await startPoolServers(scratch);
  const endpoint = 'http://127.0.0.1:9';
  const configPath = writeBenchConfig(scratch.dir, { servers, endpoint });
  // A worker opens the ledger and the wallet and records the terms.
  await (await startWorker(scratch, { configPath })).stop();
  const url = servers.databaseUrl;
  const db = openDatabase({ url, maxConnections: 2, statementTimeoutMs: 3_600_000 });
  scratch.stops.push(() => closeDatabase(db));
  const rowsPerMonth = Math.ceil(events / MONTHS);
  const now = new Date();
  const endMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1);
  const history: History = { db, sourceId: SOURCE_ID, payees, rowsPerMonth, endMs };
  await addWorkers(history);
  for (let month = 1; month <= MONTHS; month += 1) {
    await addMonth(history, month);
    say(`${month * rowsPerMonth} of ${events} events written`);
  }
  await connectHalf(db);
  await db.$client.query('VACUUM ANALYZE');
  await db.$client.query('CHECKPOINT');
  const found = await query<{ address: string }>(
    db,
    sql`SELECT payee AS address FROM remote_worker ORDER BY id`,
  );
  const api = await startApi(scratch, { configPath });
  return { url: api, db, payees: found.map(({ address }) => address) };
}

/** Every other worker is connected. */
async function connectHalf(db: Database): Promise<void> {
  await db.execute(sql`
    INSERT INTO connection (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
    SELECT ${SOURCE_ID}, id, '10.0.0.1:8935', true, now(), 1 FROM remote_worker WHERE id % 2 = 0`);
}
