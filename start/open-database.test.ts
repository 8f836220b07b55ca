import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { findServer } from '../core/db/embedded/address.js';
import { choosePostgresAccount, findPostgresPrograms } from '../core/db/embedded/programs.js';
import { migrateDatabase } from '../core/db/migrate.js';
import { openLedger } from '../core/ledger/store/identity.js';
import { freePort } from '../dev/kit/ports.js';
import { type LocalProcess, startProcess, waitUntil } from '../dev/kit/process.js';
import { openPoolDatabase } from './open-database.js';

const PORT = 5_442;
let dir: string;
let dataDir: string;
let config: { readonly database: { readonly embeddedDir: string; readonly port: number } };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-embedded-'));
  // The parent `.openpool` does not exist yet either, as in a fresh checkout.
  dataDir = join(dir, '.openpool', 'postgres');
  config = { database: { embeddedDir: dataDir, port: PORT } };
});
afterEach(async () => {
  // Stops a server that a failed test left running.
  const server = findServer(dataDir);
  if (server !== undefined) process.kill(server.pid, 'SIGQUIT');
  await waitUntilGone();
  await rm(dir, { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  it('is started by the first process, found by the second, and kept for the next start', async () => {
    const first = await openPoolDatabase(config);
    const second = await openPoolDatabase(config);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    expect((await second.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await second.close();
    expect((await first.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await first.close();
    const again = await openPoolDatabase(config);
    expect((await again.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await again.close();
  });

  it('is stopped by whoever leaves last, whoever started it', async () => {
    const first = await openPoolDatabase(config);
    const second = await openPoolDatabase(config);
    await first.close();
    expect((await second.db.$client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(findServer(dataDir)).toBeDefined();
    await second.close();
    expect(findServer(dataDir)).toBeUndefined();
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false);
  });

  it('comes up once when several processes start it at the same time, and ends with the last', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openPoolDatabase(config)));
    await Promise.all(opened.map(({ db }) => db.$client.query('SELECT 1')));
    await Promise.all(opened.map(({ close }) => close()));
    expect(findServer(dataDir)).toBeUndefined();
  });

  it('that a killed process left running is taken over by the next start, and stopped with it', async () => {
    const child = await startUser();
    const server = findServer(dataDir);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(findServer(dataDir)).toEqual(server);
    const next = await openPoolDatabase(config);
    expect(findServer(dataDir)).toEqual(server);
    await next.close();
    expect(findServer(dataDir)).toBeUndefined();
  });

  it('goes on for the others when the process that started it is killed', async () => {
    const child = await startUser();
    const other = await openPoolDatabase(config);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await other.db.$client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await other.close();
    expect(findServer(dataDir)).toBeUndefined();
  });

  it('still knows its users after it recovered from a crash of its own', async () => {
    const first = await openPoolDatabase(config);
    const second = await openPoolDatabase(config);
    const { rows } = await first.db.$client.query('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0].pid, 'SIGKILL');
    const users = `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND granted`;
    await expect
      .poll(() => second.db.$client.query(users).then((answer) => answer.rows, String), {
        timeout: 20_000,
      })
      .toEqual([{ n: 2 }]);
    await first.close();
    expect((await second.db.$client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await second.close();
    expect(findServer(dataDir)).toBeUndefined();
  });

  it('makes a new password when the file with the old one is lost', async () => {
    const first = await openPoolDatabase(config);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    await first.close();
    await rm(join(dataDir, 'openpool.pgpass'));
    const again = await openPoolDatabase(config);
    expect((await again.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await again.close();
  });

  it('says which file to remove when the password in it is wrong', async () => {
    const first = await openPoolDatabase(config);
    writeFileSync(join(dataDir, 'openpool.pgpass'), '*:*:*:openpool:wrong\n');
    await expect(openPoolDatabase(config)).rejects.toMatchObject({
      code: 'DATABASE_PASSWORD_WRONG',
    });
    await first.close();
  });

  it('says what Postgres said when it does not start', async () => {
    await (await openPoolDatabase(config)).close();
    writeFileSync(join(dataDir, 'postgresql.auto.conf'), `shared_buffers = 'much'\n`);
    await expect(openPoolDatabase(config)).rejects.toMatchObject({
      code: 'DATABASE_NOT_STARTED',
      message: expect.stringContaining('shared_buffers'),
    });
  });
});

describe('a first start that did not come to its end', () => {
  it.each([
    ['alone', false],
    ['with its initdb, as by a power cut', true],
  ])('is made anew when the process was killed %s', async (_how, withAll) => {
    const child = launchUser();
    await expect
      .poll(() => readdirSync(dir, { recursive: true, encoding: 'utf8' }), {
        ...{ timeout: 20_000, interval: 5 },
      })
      .toContainEqual(expect.stringMatching(/global\/pg_control$/));
    kill(child, withAll);
    await once(child, 'exit');
    expect(existsSync(join(dataDir, 'openpool.pgpass'))).toBe(false);
    const { db, close } = await openPoolDatabase(config);
    expect((await db.$client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await close();
    expect(readdirSync(dataDir).filter((name) => name.startsWith('initdb'))).toEqual([]);
  });

  it('goes on where it was when the new cluster was being moved into its place', async () => {
    const first = await openPoolDatabase(config);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    await first.close();
    // Plays a process that was killed while it moved the new cluster's files into place: some are moved, and the
    // password's file, which is written last, does not exist.
    const left = join(dataDir, 'initdb-finished');
    await mkdir(left);
    for (const name of ['base', 'pg_wal', 'PG_VERSION']) {
      await rename(join(dataDir, name), join(left, name));
    }
    await rm(join(dataDir, 'openpool.pgpass'));
    const { db, close } = await openPoolDatabase(config);
    expect((await db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await close();
    expect(existsSync(left)).toBe(false);
  });

  it('touches nothing in a directory that holds something else', async () => {
    await mkdir(join(dataDir, 'base'), { recursive: true });
    writeFileSync(join(dataDir, 'base', 'letters'), 'dear');
    const refusal = { code: 'DATABASE_NOT_SET_UP', message: expect.stringContaining('is left') };
    await expect(openPoolDatabase(config)).rejects.toMatchObject(refusal);
    expect(readdirSync(dataDir, { recursive: true })).toEqual(['base', join('base', 'letters')]);
  });
});

describe('a directory that a power cut left', () => {
  it('is served although another process has its server’s process id by now', async () => {
    const first = await openPoolDatabase(config);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    const left = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8');
    const socket = readFileSync(join(dataDir, `.s.PGSQL.${PORT}.lock`), 'utf8');
    await first.close();
    const account = choosePostgresAccount(dataDir);
    const other = spawn('sleep', ['60'], { ...account, stdio: 'ignore' });
    for (const [name, text] of [
      ['postmaster.pid', left],
      [`.s.PGSQL.${PORT}.lock`, socket],
    ] as const) {
      const path = join(dataDir, name);
      writeFileSync(path, text.replace(/^\d+/, String(other.pid)), { mode: 0o600 });
      if (account !== undefined) chownSync(path, account.uid, account.gid);
    }
    expect(findServer(dataDir)).toBeUndefined();
    const again = await openPoolDatabase(config);
    expect((await again.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await again.close();
    expect(other.exitCode).toBeNull();
    other.kill();
  });

  it('is told with the reason when it cannot be written', async () => {
    writeFileSync(join(dir, 'file'), '');
    const embeddedDir = join(dir, 'file', 'postgres');
    await expect(openPoolDatabase({ database: { embeddedDir, port: PORT } })).rejects.toMatchObject(
      { code: 'STATE_DIRECTORY_UNUSABLE' },
    );
  });
});

describe('a directory of the version before, whose superuser had a known password', () => {
  it('is migrated at the start: its data stay, its owner is a plain role, the old password no longer works', async () => {
    const older = await makeOlderDirectory();
    await fillOlder(older.url);
    await older.stop();
    const { db, close } = await openPoolDatabase(config);
    await migrateDatabase(db);
    await openLedger(db, { poolId: null, chainId: 31_337, newPoolId: 'brought-over' });
    await db.$client.query('UPDATE setting SET value = $1', ['2']);
    const answer = await db.$client.query(
      `SELECT current_user AS role, rolsuper AS super, (SELECT count(*)::int FROM kept) AS kept,
              (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('public', 'drizzle') AND relowner <> r.oid
                  AND relkind IN ('r', 'p', 'S', 'i')) AS others
         FROM pg_roles r WHERE rolname = current_user`,
    );
    expect(answer.rows).toEqual([{ role: 'openpool', super: false, kept: 1, others: 0 }]);
    await expect(db.$client.query(`SELECT pg_read_file('/etc/hostname')`)).rejects.toThrow();
    await close();
  });

  it('is migrated to the end after a migration that was cut off before its last step', async () => {
    const older = await makeOlderDirectory();
    await fillOlder(older.url);
    await older.stop();
    await (await openPoolDatabase(config)).close();
    // Plays a process that was killed before the last step, which writes the password's file.
    await rm(join(dataDir, 'openpool.pgpass'));
    const { db, close } = await openPoolDatabase(config);
    expect((await db.$client.query('SELECT * FROM kept')).rowCount).toBe(1);
    await close();
  });

  it('is migrated although a killed process of that version left its server running', async () => {
    const older = await makeOlderDirectory();
    await fillOlder(older.url);
    const { db, close } = await openPoolDatabase(config);
    expect(older.process.hasEnded()).toBe(true);
    expect((await db.$client.query('SELECT * FROM kept')).rowCount).toBe(1);
    await close();
  });

  it('is left alone while a process of that version still uses it', async () => {
    const older = await makeOlderDirectory();
    const user = new pg.Client({ connectionString: older.url });
    await user.connect();
    await expect(openPoolDatabase(config)).rejects.toMatchObject({ code: 'DATABASE_IN_USE' });
    expect((await user.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await user.end();
    await older.stop();
  });

  it('says why it cannot be migrated', async () => {
    const older = await makeOlderDirectory();
    await ask(older.url, 'CREATE ROLE postgres');
    await older.stop();
    await expect(openPoolDatabase(config)).rejects.toMatchObject({
      code: 'DATABASE_NOT_SET_UP',
      message: expect.stringContaining('role "postgres" already exists'),
    });
    expect(existsSync(join(dataDir, 'openpool.pgpass'))).toBe(false);
  });
});

interface OlderServer {
  readonly url: string;
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

/** Creates and starts an embedded Postgres as the previous version did. */
async function makeOlderDirectory(): Promise<OlderServer> {
  await chmod(dir, 0o755);
  await mkdir(dirname(dataDir), { mode: 0o755 });
  await mkdir(dataDir, { mode: 0o700 });
  const passwordFile = join(dir, 'password');
  writeFileSync(passwordFile, 'openpool', { mode: 0o644 });
  const account = choosePostgresAccount(dataDir);
  if (account !== undefined) chownSync(dataDir, account.uid, account.gid);
  const { initdb, postgres } = await findPostgresPrograms(account);
  const args = ['--auth=scram-sha-256', '--username=openpool', `--pwfile=${passwordFile}`];
  const done = spawnSync(initdb, [`--pgdata=${dataDir}`, ...args, '--encoding=UTF8'], {
    ...{ ...account, encoding: 'utf8', cwd: '/' },
  });
  expect(done.status, done.stderr).toBe(0);
  const port = await freePort();
  const server = startProcess({
    ...{ name: 'postgres', command: postgres, ...account },
    args: ['-D', dataDir, '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1'],
  });
  const url = (name: string) => `postgres://openpool:openpool@127.0.0.1:${port}/${name}`;
  await waitUntil({
    ...{ what: 'the older server', timeoutMs: 20_000, intervalMs: 50, process: server },
    ready: () => ask(url('postgres'), 'SELECT 1').then(() => true),
  });
  await ask(url('postgres'), 'CREATE DATABASE openpool');
  return {
    url: url('openpool'),
    process: server,
    async stop() {
      server.kill('SIGINT');
      await server.ended;
    },
  };
}

async function fillOlder(url: string): Promise<void> {
  const db = openDatabase({ url });
  await migrateDatabase(db);
  await db.$client.query(`INSERT INTO setting (key, value) VALUES ('a', '1')`);
  await db.$client.query('CREATE TABLE kept AS SELECT 7 AS n');
  await closeDatabase(db);
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A process that uses the embedded Postgres until it is killed. */
async function startUser(): Promise<ChildProcess> {
  const child = launchUser();
  await once(child.stdout, 'data');
  return child;
}

/** Starts such a process as the leader of a process group, to which its initdb belongs too. */
function launchUser() {
  const path = fileURLToPath(new URL('./open-database.ts', import.meta.url));
  const script = `
    const { openPoolDatabase } = await import(${JSON.stringify(path)});
    await openPoolDatabase(${JSON.stringify(config)});
    process.stdout.write('open');
    setInterval(() => undefined, 1000);`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  });
}

function kill({ pid }: ChildProcess, withItsGroup: boolean): void {
  if (pid === undefined) throw new Error('the process did not start');
  process.kill(withItsGroup ? -pid : pid, 'SIGKILL');
}

async function waitUntilGone(): Promise<void> {
  await expect.poll(() => findServer(dataDir), { timeout: 10_000 }).toBeUndefined();
}
