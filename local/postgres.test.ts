import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres.js';
import { choosePostgresUser } from './postgres-user.js';

async function ask(url: string, statement: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(statement);
  await client.end();
  return rows[0];
}

test('a cluster below a directory that only its owner may enter starts, stops and keeps its data', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-postgres-'));
  chmodSync(dir, 0o700);
  const dataDir = join(dir, 'data');
  const first = await startPostgres({ dataDir });
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  expect(first.process.hasEnded()).toBe(true);
  const second = await startPostgres({ dataDir, port: first.port });
  expect(await ask(second.url, 'SELECT n FROM kept')).toEqual({ n: 7 });
  await second.stop();
  rmSync(dir, { recursive: true });
});

test.skipIf(process.getuid?.() !== 0)('as root, Postgres runs as somebody else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-postgres-'));
  chmodSync(dir, 0o700);
  const closed = choosePostgresUser(join(dir, 'data'), [join(dir, 'data')]);
  expect(closed.account?.uid).toBeGreaterThan(0);
  expect(closed.prefix[0]).toBe('setpriv');
  chmodSync(dir, 0o755);
  expect(choosePostgresUser(join(dir, 'data'), [join(dir, 'data')]).prefix).toEqual([]);
  rmSync(dir, { recursive: true });
});
