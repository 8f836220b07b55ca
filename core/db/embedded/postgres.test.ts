import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LocalPostgres, startPostgres } from '../../../dev/stack/postgres-server.js';
import { choosePostgresAccount } from './programs.js';

const isRoot = process.getuid?.() === 0;
/** The id of `daemon` on every system: neither root nor the user that Postgres runs as. */
const STRANGER = { uid: 1, gid: 1 };

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows[0];
  } finally {
    await client.end();
  }
}

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-postgres-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a cluster below a directory that only its owner may enter starts, stops and keeps its data', async () => {
  chmodSync(dir, 0o700);
  const dataDir = join(dir, 'data');
  const first = await startPostgres({ dataDir });
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  expect(first.process.hasEnded()).toBe(true);
  const second = await startPostgres({ dataDir });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, 'SELECT n FROM kept')).toEqual({ n: 7 });
  await second.stop();
});

test('a directory with a long path is reached all the same', async () => {
  const dataDir = join(dir, 'a-long-name-'.repeat(8), 'data');
  const server = await startPostgres({ dataDir });
  expect(await ask(server.url, 'SELECT 1 AS n')).toEqual({ n: 1 });
  await server.stop();
});

describe('on a machine with other users', () => {
  let server: LocalPostgres;
  let dataDir: string;
  beforeEach(async () => {
    chmodSync(dir, 0o755);
    dataDir = join(dir, 'data');
    server = await startPostgres({ dataDir });
  });
  afterEach(() => server.stop());

  test.skipIf(!isRoot)(
    'another user can neither connect nor read the password (as root only)',
    () => {
      const socket = readdirSync(dataDir).find((name) => /^\.s\.PGSQL\.\d+$/.test(name)) ?? 'none';
      const script = `
      const fs = require('fs');
      const said = [];
      for (const name of ['openpool.pgpass', 'server.log', 'PG_VERSION', '.'])
        try { fs.accessSync(process.argv[1] + '/' + name, fs.constants.R_OK); said.push(name); } catch (error) { said.push(error.code); }
      require('net').connect(process.argv[1] + '/' + process.argv[2])
        .on('error', (error) => console.log(said.join(), error.code))
        .on('connect', () => { console.log(said.join(), 'connected'); process.exit(); });`;
      const done = spawnSync(process.execPath, ['-e', script, dataDir, socket], {
        ...{ ...STRANGER, encoding: 'utf8', cwd: '/' },
      });
      expect(done.stdout.trim()).toBe('EACCES,EACCES,EACCES,EACCES EACCES');
    },
  );

  test('socket and password are in a directory of the server’s user alone', () => {
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, 'openpool.pgpass')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'openpool.pgpass')).uid).toBe(process.getuid?.());
    const password = new URL(server.url).password;
    expect(password).toMatch(/^[0-9a-f]{48}$/);
  });

  test.skipIf(process.platform !== 'linux')('it listens on no TCP port', async () => {
    const listening = ['tcp', 'tcp6'].flatMap((name) =>
      readFileSync(`/proc/net/${name}`, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === '0A')
        .map((fields) => `socket:[${fields[9]}]`),
    );
    const { pid } = server.process;
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.filter((target) => target.startsWith('socket:')).length).toBeGreaterThan(0);
    expect(open.filter((target) => listening.includes(target))).toEqual([]);
    expect(await ask(server.url, 'SHOW listen_addresses')).toEqual({ listen_addresses: '' });
  });

  test('the product’s role reads no file of the server, runs no program and makes no role', async () => {
    await ask(server.url, 'CREATE TABLE said (line text)');
    for (const statement of [
      `SELECT pg_read_file('/etc/hostname')`,
      `COPY said FROM '/etc/hostname'`,
      `COPY said TO '/tmp/openpool-said'`,
      `COPY said TO PROGRAM 'cat'`,
      'CREATE ROLE another SUPERUSER',
      'CREATE DATABASE another',
      `ALTER ROLE openpool SUPERUSER`,
      'SET ROLE postgres',
      `ALTER SYSTEM SET listen_addresses = '*'`,
      'SELECT rolpassword FROM pg_authid',
    ]) {
      await expect(ask(server.url, statement), statement).rejects.toMatchObject({ code: '42501' });
    }
    expect(
      await ask(
        server.url,
        `SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS may,
                (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS memberships
           FROM pg_roles r WHERE rolname = current_user`,
      ),
    ).toEqual({ may: false, memberships: 0 });
  });

  test('nobody gets in without the password, the superuser not at all', async () => {
    for (const [user, password] of [
      ['openpool', 'openpool'],
      ['openpool', ''],
      ['postgres', 'openpool'],
      ['postgres', ''],
    ]) {
      const url = new URL(server.url);
      url.username = user ?? '';
      url.password = password ?? '';
      url.pathname = '/postgres';
      await expect(ask(url.toString(), 'SELECT 1'), user).rejects.toThrow();
    }
  });

  test.skipIf(!isRoot)(
    'started by root it runs as somebody else, without a right of root’s',
    () => {
      const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
      const field = (name: string) =>
        new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
      const account = choosePostgresAccount(dataDir);
      expect(account?.uid).toBeGreaterThan(0);
      expect(new Set(field('Uid'))).toEqual(new Set([String(account?.uid)]));
      expect(new Set(field('Gid'))).toEqual(new Set([String(account?.gid)]));
      expect(field('Groups').join('')).toBe('');
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
        expect(BigInt(`0x${field(set)[0]}`), set).toBe(0n);
      }
      const environment = readFileSync(`/proc/${server.process.pid}/environ`, 'utf8');
      const names = environment.split('\0').map((line) => line.split('=')[0]);
      // Variables that Postgres itself sets start with PG.
      expect(names.filter((name) => !/^(PATH|LD_LIBRARY_PATH|PG.*|)$/.test(name ?? ''))).toEqual(
        [],
      );
    },
  );
});
