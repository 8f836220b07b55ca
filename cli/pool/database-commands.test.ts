import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { openDatabase } from '../../core/db/database.js';
import { API_PASSWORD, asApi } from '../../test/harness/api-role.js';
import { runOpenpool } from '../../test/harness/command-line.js';
import { createEmptyDatabase, type TestDatabase } from '../../test/harness/database.js';

let dir: string;
let database: TestDatabase;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-role-'));
  database = await createEmptyDatabase();
  await writeFile(join(dir, 'password'), `${API_PASSWORD}\n`);
  await writeFile(join(dir, 'short'), 'x\n');
});
afterAll(async () => {
  await database.close();
  await rm(dir, { recursive: true });
});

async function apiRole(databaseUrl: string, passwordFile: string) {
  const config = {
    sources: [
      {
        ...{ id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning' },
        options: { endpoint: 'https://one.example.com' },
      },
    ],
    database: { url: databaseUrl },
    wallet: { keystoreFile: 'none', passphraseFile: 'none' },
    chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:1'] },
  };
  await writeFile(join(dir, 'pool.yaml'), stringify(config));
  const file = join(dir, passwordFile);
  const words = ['database', 'api-role', '--password-file', file];
  return runOpenpool([...words, '--config', join(dir, 'pool.yaml')]);
}

it('makes the API’s role before the first start and again, with a password that it can log in with', async () => {
  for (let times = 0; times < 2; times += 1) {
    expect(await apiRole(database.url, 'password')).toMatchObject({ code: 0, err: '' });
  }
  const db = openDatabase({ url: asApi(database.url) });
  expect((await db.$client.query('SELECT * FROM payout')).rowCount).toBe(0);
  await db.$client.end();
});

it('refuses a password of a letter or two', async () => {
  expect(await apiRole(database.url, 'short')).toMatchObject({
    code: 2,
    err: expect.stringContaining('at least 12'),
  });
});

it('tells a role that may not make roles what somebody who may has to do', async () => {
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  await admin.query(`CREATE ROLE plain_owner LOGIN PASSWORD 'x'`);
  const url = new URL(database.url);
  url.username = 'plain_owner';
  url.password = 'x';
  const said = await apiRole(url.toString(), 'password');
  await admin.query('DROP ROLE plain_owner');
  await admin.end();
  expect(said.code).toBe(1);
  expect(said.err).toContain('DATABASE_FORBIDDEN');
  expect(said.err).toContain('CREATE ROLE openpool_api LOGIN');
});
