/**
 * Opens the first manager's SQLite file. It is copied first, and only the copy is read: what is hashed is then what was read,
 * and nothing is written next to the file. The tables have GORM's names, or those of the first manager's README.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import sqlite from 'node-sqlite3-wasm';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';
import type { NodeType } from '../base/remote-worker.js';
import { readEventTime } from '../events/rules/reading/pool-event.js';
import type { LoggedEvent, StatedPayout, StatedWorker } from './rules/first-manager.js';

/** What the file says. `log` reads the events from the file each time, in the order in which they were written. */
export interface FirstManagerFile {
  readonly name: string;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  readonly workers: readonly StatedWorker[];
  readonly payouts: readonly StatedPayout[];
  log(): Iterable<LoggedEvent>;
  close(): Promise<void>;
}

const TABLES = {
  workers: ['remote_workers', 'remote_worker'],
  payouts: ['pool_payouts', 'pool_payout'],
  log: ['event_logs', 'event_log'],
} as const;

/**
 * Opens and checks the file. Throws IMPORT_FILE_UNREADABLE when there is no whole SQLite database, and
 * IMPORT_FILE_MALFORMED, with table and row, when it is not one of the first manager.
 */
export async function openFirstManagerFile(path: string): Promise<FirstManagerFile> {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-import-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const copy = join(dir, 'copy.db');
    await copyWhole(path, copy);
    const sha256 = await hashOf(copy);
    const db = openCopy(path, copy);
    const name = basename(path);
    const reader = new TableReader(db, name);
    return {
      name,
      sha256,
      workers: reader.workers(),
      payouts: reader.payouts(),
      log: () => reader.log(),
      async close() {
        db.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

const unreadable = (path: string, why: string) =>
  new PoolError('IMPORT_FILE_UNREADABLE', `${path}: ${why}`);

async function copyWhole(path: string, copy: string): Promise<void> {
  for (const part of ['-wal', '-journal']) {
    const beside = await stat(`${path}${part}`).catch(() => undefined);
    if (beside === undefined || beside.size === 0) continue;
    const words = `${basename(path)}${part} stands next to it, so that the file alone is not all of the database`;
    throw unreadable(path, words);
  }
  await copyFile(path, copy).catch((error: unknown) => {
    throw unreadable(path, foreignText(error));
  });
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function openCopy(path: string, copy: string): sqlite.Database {
  let db: sqlite.Database | undefined;
  try {
    db = new sqlite.Database(copy, { readOnly: true, fileMustExist: true });
    const [first] = db.all('PRAGMA quick_check(1)');
    const said = Object.values(first ?? {})[0];
    if (said === 'ok') return db;
    throw unreadable(path, `SQLite finds it damaged: ${String(said)}`);
  } catch (error) {
    db?.close();
    if (error instanceof PoolError) throw error;
    throw unreadable(path, foreignText(error));
  }
}

/** Reads the tables of one file. Every error says which file, table and row it is about. */
class TableReader {
  constructor(
    private readonly db: sqlite.Database,
    private readonly file: string,
  ) {}

  workers(): readonly StatedWorker[] {
    return [...this.rows('workers', 'rowid')].map((row) => ({
      row: row.number,
      address: row.text('eth_address'),
      nodeType: row.nodeType(),
      region: row.text('region'),
      pendingWei: row.whole('pending_fees'),
      paidWei: row.whole('paid_fees'),
    }));
  }

  payouts(): readonly StatedPayout[] {
    return [...this.rows('payouts', 'id')].map((row) => ({
      row: row.number,
      address: row.text('eth_address'),
      txHash: row.text('tx_hash'),
      feesWei: row.whole('fees'),
    }));
  }

  *log(): Generator<LoggedEvent> {
    for (const row of this.rows('log', 'id')) {
      yield { row: row.number, type: row.text('type'), data: row.text('data'), atMs: row.time() };
    }
  }

  /** Yields the rows in their order: of a table with an id that is the row's number, else its place. */
  private *rows(which: keyof typeof TABLES, order: 'id' | 'rowid'): Generator<FileRow> {
    const table = this.require(which);
    const statement = this.select(table, order);
    let place = 0;
    try {
      for (const fields of statement.iterate()) {
        place += 1;
        const number = order === 'id' ? Number(fields['id']) : place;
        yield new FileRow(`${this.file}: table ${table}`, number, fields);
      }
    } finally {
      statement.finalize();
    }
  }

  private select(table: string, order: 'id' | 'rowid'): sqlite.Statement {
    try {
      return this.db.prepare(`SELECT * FROM ${table} ORDER BY ${order}`);
    } catch (error) {
      const words = `${this.file}: table ${table}: ${foreignText(error)}`;
      throw new PoolError('IMPORT_FILE_MALFORMED', words);
    }
  }

  private require(which: keyof typeof TABLES): string {
    const known = this.db.all("SELECT name FROM sqlite_master WHERE type = 'table'");
    const names = new Set(known.map(({ name }) => name));
    const found = TABLES[which].find((name) => names.has(name));
    if (found !== undefined) return found;
    const words = `${this.file}: it has no table ${TABLES[which].join(' or ')}`;
    throw new PoolError('IMPORT_FILE_MALFORMED', words);
  }
}

/** The fields of one row; each is read as what it must be, or the error says what it is. */
class FileRow {
  constructor(
    private readonly place: string,
    readonly number: number,
    private readonly fields: Readonly<Record<string, unknown>>,
  ) {}

  text(column: string): string {
    const value = this.fields[column];
    if (typeof value === 'string' && !value.includes('\0')) return value;
    throw this.wrong(column, 'a text');
  }

  nodeType(): NodeType {
    const value = this.fields['node_type'];
    if (value === 'ai' || value === 'transcode') return value;
    throw this.wrong('node_type', 'ai or transcode');
  }

  /** Go reads a missing amount as zero: rows from before a column was added have none. */
  whole(column: string): bigint {
    const value = this.fields[column];
    if (value === null) return 0n;
    if (typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
    throw this.wrong(column, 'a whole number');
  }

  /** Milliseconds since 1970. The newest edition writes seconds, the oldest one a text. */
  time(): number {
    const value = this.fields['created_at'];
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value * 1_000;
    const atMs = typeof value === 'string' ? readEventTime(value) : undefined;
    if (atMs !== undefined) return atMs;
    throw this.wrong('created_at', 'a time: seconds since 1970, or RFC 3339');
  }

  private wrong(column: string, what: string): PoolError {
    const value = this.fields[column];
    const said = value === undefined ? 'is missing' : `is ${shown(value)}`;
    const words = `${this.place}, row ${this.number}: ${column} ${said}, and must be ${what}`;
    return new PoolError('IMPORT_FILE_MALFORMED', words);
  }
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? `"${foreignText(value).slice(0, 60)}"` : foreignText(String(value));
