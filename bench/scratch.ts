/** Where a bench works: a directory that is gone afterwards, and everything that has to be stopped then. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { migrateDatabase } from '../core/db/migrate.js';
import { startPostgres } from '../dev/stack/postgres-server.js';

export type Say = (line: string) => void;

/** Progress goes to standard error, figures to standard output. */
export const sayToStderr: Say = (line) => void process.stderr.write(`${line}\n`);

export interface Scratch {
  readonly dir: string;
  /** Called in the end, the last that was added first. */
  readonly stops: (() => Promise<unknown>)[];
}

export async function inScratch<T>(
  name: string,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), `openpool-${name}-`));
  const stops: Scratch['stops'] = [async () => rmSync(dir, { recursive: true })];
  try {
    return await work({ dir, stops });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Postgres with its default durability; answers with the URL of its superuser. */
export async function startBenchPostgres({ dir, stops }: Scratch): Promise<string> {
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), isSuperuser: true });
  stops.push(() => postgres.stop());
  return postgres.url;
}

export interface BenchDatabase {
  readonly db: Database;
  readonly url: string;
}

/** A migrated database of this name on the server, which is open until the bench ends. */
export async function createBenchDatabase(
  adminUrl: string,
  name: string,
  { stops }: Pick<Scratch, 'stops'>,
): Promise<BenchDatabase> {
  await onServer(adminUrl, `CREATE DATABASE ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const db = openDatabase({ url: url.toString(), statementTimeoutMs: 3_600_000 });
  stops.push(() => closeDatabase(db));
  await migrateDatabase(db);
  return { db, url: url.toString() };
}

/** One statement about the whole server. */
export async function onServer(adminUrl: string, statement: string): Promise<void> {
  const admin = openDatabase({ url: adminUrl, maxConnections: 1, statementTimeoutMs: 600_000 });
  try {
    await admin.$client.query(statement);
  } finally {
    await closeDatabase(admin);
  }
}
