/**
 * The first manager as a test needs it: it credits events and writes its SQLite file as the public Go code does, its faults
 * included, and gives the same HTTP answers. Nothing of the product is used here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { startHttpServer } from '../../dev/kit/http-server.js';

/** What GORM's AutoMigrate makes of its three models. */
const SCHEMA = [
  'CREATE TABLE `remote_workers` (`eth_address` text NOT NULL,`node_type` text NOT NULL,`region` text NOT NULL,`is_connected` numeric,`pending_fees` integer,`paid_fees` integer,`last_updated` datetime,`connection` text,PRIMARY KEY (`eth_address`,`node_type`,`region`))',
  'CREATE TABLE `event_logs` (`id` integer PRIMARY KEY AUTOINCREMENT,`type` text,`data` text,`created_at` integer)',
  'CREATE TABLE `pool_payouts` (`id` integer PRIMARY KEY AUTOINCREMENT,`eth_address` text,`tx_hash` text,`fees` integer,`created_at` datetime)',
];

/** An event as an orchestrator answers it: the payload's text and the time. */
export interface SaidEvent {
  readonly payload: string;
  readonly dt: string;
}

export interface FirstManagerOptions {
  /** @default 0.25 */
  readonly commission?: number;
  /** @default us-west */
  readonly region?: string;
  /** @default transcode */
  readonly nodeType?: string;
}

export async function startFirstManager(options: FirstManagerOptions = {}) {
  const { commission = 0.25, region = 'us-west', nodeType = 'transcode' } = options;
  const dir = await mkdtemp(join(tmpdir(), 'first-manager-'));
  const path = join(dir, 'pool-manager.db');
  const db = new sqlite.Database(path);
  for (const statement of SCHEMA) db.exec(statement);
  let received = new Map<string, string>();
  const now = () => new Date().toISOString().replace('T', ' ').replace('Z', '+00:00');
  const status = (address: string, connected: boolean) => {
    const { changes } = db.run(
      'UPDATE remote_workers SET is_connected = ?, last_updated = ? WHERE eth_address = ? AND region = ? AND node_type = ?',
      [connected ? 1 : 0, now(), address, region, nodeType],
    );
    if (changes === 0) create(address, 0n, connected);
  };
  const create = (address: string, pending: bigint, connected: boolean) =>
    db.run(
      'INSERT INTO remote_workers (eth_address, node_type, region, is_connected, pending_fees, paid_fees, last_updated, connection) VALUES (?, ?, ?, ?, ?, 0, ?, ?)',
      [address, nodeType, region, connected ? 1 : 0, pending, now(), ''],
    );
  const addPending = (address: string, amount: bigint) => {
    const { changes } = db.run(
      'UPDATE remote_workers SET pending_fees = pending_fees + ?, last_updated = ? WHERE eth_address = ? AND region = ? AND node_type = ?',
      [amount, now(), address, region, nodeType],
    );
    if (changes === 0) create(address, amount, false);
  };
  const workers = () =>
    db.all('SELECT * FROM remote_workers ORDER BY rowid').map((row) => ({
      ethAddress: row['eth_address'],
      nodeType: row['node_type'],
      region: row['region'],
      is_connected: row['is_connected'] === 1,
      pending_fees: row['pending_fees'],
      paid_fees: row['paid_fees'],
      last_updated: String(row['last_updated']).replace(' ', 'T'),
    }));
  const sum = (column: string) =>
    Number(
      Object.values(db.get(`SELECT coalesce(sum(${column}), 0) AS s FROM remote_workers`) ?? {})[0],
    ) / 1e18;
  let isBroken = false;
  const server = await startHttpServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (isBroken) {
      response.statusCode = 500;
      return void response.end('{"error": "failed to retrieve workers: database is locked"}');
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/workers') return void response.end(`${goJson(workers())}\n`);
    if (pathname !== '/status') {
      response.statusCode = 404;
      return void response.end('404 page not found');
    }
    const said = {
      Commission: commission,
      NodeTypes: ['AI', 'Transcoding'],
      Region: region,
      TotalPayouts: sum('paid_fees'),
      TotalPending: sum('pending_fees'),
      Version: '0.0.4',
    };
    return void response.end(`${goJson([said])}\n`);
  });
  return {
    path,
    url: server.url,
    /** Runs a statement on its file, for what no event does. */
    run: (statement: string, values: readonly (string | number | bigint | null)[] = []) =>
      db.run(statement, [...values]),
    rows: (table: string) => db.all(`SELECT * FROM ${table} ORDER BY rowid`),
    /** Takes events in, in the order in which it fetched them. */
    take(events: readonly SaidEvent[]): void {
      for (const { payload: text, dt } of events) {
        const { event_type: type, payload } = JSON.parse(text) as {
          readonly event_type: string;
          readonly payload: Record<string, string>;
        };
        db.run('INSERT INTO event_logs (type, data, created_at) VALUES (?, ?, ?)', [
          type,
          text,
          Date.parse(dt) / 1_000,
        ]);
        if (type === 'worker-connected') status(payload['ethAddress'] ?? '', true);
        if (type === 'worker-disconnected') status(payload['ethAddress'] ?? '', false);
        if (type === 'job-received' && payload['nodeType'] === 'ai') {
          received.set(payload['requestID'] ?? '', payload['ethAddress'] ?? '');
        }
        if (type === 'job-processed') {
          const fees = BigInt(/"fees":\s*(\d+)/.exec(text)?.[1] ?? 0);
          // int64(float64(payload.Fees) * p.poolCommission)
          const credited = BigInt(Math.trunc(Number(fees) * commission));
          let address = payload['ethAddress'] ?? '';
          const match = received.get(payload['requestID'] ?? '');
          if (payload['nodeType'] === 'ai' && match !== undefined) {
            address = match;
            received.delete(payload['requestID'] ?? '');
          }
          addPending(address, credited);
        }
      }
    },
    /** A restart forgets which worker received which job. */
    restart(): void {
      received = new Map();
    },
    /** Books a payout as it does as soon as a node has taken the transaction. */
    paid(address: string, txHash: string, amount: bigint): void {
      db.run(
        'UPDATE remote_workers SET paid_fees = paid_fees + ?, pending_fees = pending_fees - ? WHERE eth_address = ? AND region = ? AND node_type = ?',
        [amount, amount, address, region, nodeType],
      );
      this.listPayout(address, txHash, amount);
    },
    listPayout(address: string, txHash: string, amount: bigint): void {
      db.run(
        'INSERT INTO pool_payouts (eth_address, tx_hash, fees, created_at) VALUES (?, ?, ?, ?)',
        [address, txHash, amount, now()],
      );
    },
    /** From now on its answers are errors, as while its database is locked. */
    break(): void {
      isBroken = true;
    },
    stopAnswering: () => server.stop(),
    async stop() {
      await server.stop().catch(() => undefined);
      if (db.isOpen) db.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export type FirstManager = Awaited<ReturnType<typeof startFirstManager>>;

/** Go writes an int64 as a plain number. */
function goJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `\u0000${part}` : part,
  ).replace(/"\\u0000(-?\d+)"/g, '$1');
}
