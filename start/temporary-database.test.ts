/** The ledger for a look: it is there while a process of the pool runs, and gone afterwards, also after a kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findServer } from '../core/db/embedded/address.js';
import { startChain } from '../dev/stack/chain-node.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestNamespace } from '../test/harness/namespace.js';
import { type PoolProcess, startPoolProcess } from '../test/harness/pool-process.js';
import { compiled } from '../test/harness/script.js';
import { openPoolDatabase } from './open-database.js';

let dir: string;
let dataDir: string;
const config = () => ({
  database: { embeddedDir: dataDir, port: 5_442, isTemporary: true },
});
const service = { isService: true };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-temporary-'));
  dataDir = join(dir, '.openpool', 'temporary');
});
afterEach(async () => {
  // Stops a server that a failed test left running.
  const server = findServer(dataDir);
  if (server !== undefined) process.kill(server.pid, 'SIGQUIT');
  await expect.poll(() => findServer(dataDir), { timeout: 10_000 }).toBeUndefined();
  await rm(dir, { recursive: true, force: true });
});

describe('a temporary database', () => {
  it('is one for all processes, also for those that start no server, and gone with the last', async () => {
    const first = await openPoolDatabase(config(), service);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    const command = await openPoolDatabase(config());
    const second = await openPoolDatabase(config(), service);
    for (const { db } of [command, second]) {
      expect((await db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    }
    await first.close();
    await command.close();
    expect((await second.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await second.close();
    expect(findServer(dataDir)).toBeUndefined();
    expect(existsSync(dataDir)).toBe(false);
  });

  it('of processes that were all killed is cleared by the next start, whether its server lived or not', async () => {
    for (const endServer of [false, true]) {
      const child = await startUser();
      child.kill('SIGKILL');
      await once(child, 'exit');
      const left = findServer(dataDir);
      expect(left).toBeDefined();
      if (endServer && left !== undefined) {
        process.kill(left.pid, 'SIGKILL');
        await expect.poll(() => findServer(dataDir)).toBeUndefined();
      }
      writeFileSync(join(dataDir, 'of-the-killed'), '');
      const next = await openPoolDatabase(config(), service);
      expect(existsSync(join(dataDir, 'of-the-killed'))).toBe(false);
      expect(findServer(dataDir)).not.toEqual(left);
      await expect(next.db.$client.query('SELECT * FROM kept')).rejects.toThrow();
      await next.close();
      expect(existsSync(dataDir)).toBe(false);
    }
  });

  it('comes up once when three services start at the same time', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openPoolDatabase(config(), service)));
    await opened[0]?.db.$client.query('CREATE TABLE kept (n int)');
    for (const { db } of opened) await db.$client.query('SELECT * FROM kept');
    await Promise.all(opened.map(({ close }) => close()));
    expect(existsSync(dataDir)).toBe(false);
  });

  it('is not made by a command, which says that nothing runs', async () => {
    await expect(openPoolDatabase(config())).rejects.toMatchObject({
      code: 'DATABASE_NOT_STARTED',
      message: expect.stringMatching(/only while the pool runs/),
    });
    expect(existsSync(dataDir)).toBe(false);
  });

  it('serves a whole pool, which a kill ends together with its ledger', async () => {
    const [chain, temporal] = await Promise.all([startChain(), createTestNamespace()]);
    const wallet = await writeWallet();
    const parts = { dir, chain, temporal };
    const start = () =>
      startPoolProcess(parts, { wallet, changes: { database: { temporary: true } } });
    try {
      const killed = await start();
      await killed.says('openpool worker ready');
      expect(killed.lines.join('\n')).toContain('CONFIG_TEMPORARY_DATABASE');
      const id = await poolIdOf(killed);
      const status = await runOpenpool(['status', '--config', killed.configPath]);
      expect(status).toMatchObject({ code: 0 });
      killed.process.kill('SIGKILL');
      // The API sees it, ends, and is the last to leave.
      await expect.poll(() => existsSync(dataDir), { timeout: 20_000 }).toBe(false);
      const later = await runOpenpool(['status', '--config', killed.configPath]);
      expect(later.err).toContain('DATABASE_NOT_STARTED');
      const next = await start();
      await next.says('openpool worker ready');
      // A new ledger gives its pool a new id.
      expect(await poolIdOf(next)).not.toBe(id);
      await next.process.stop(30_000);
      expect(existsSync(dataDir)).toBe(false);
    } finally {
      await Promise.all([chain.stop(), temporal.close()]);
    }
  }, 180_000);
});

async function poolIdOf({ apiUrl }: PoolProcess): Promise<string> {
  const { id } = (await (await fetch(`${apiUrl()}/v1/pool`)).json()) as { readonly id: string };
  expect(id).toMatch(/^openpool-/);
  return id;
}

async function writeWallet(): Promise<object> {
  const wallet = Wallet.createRandom();
  const { address, privateKey } = wallet;
  const keystore = encryptKeystoreJsonSync({ address, privateKey }, 'open', {
    scrypt: { N: 2, r: 8, p: 1 },
  });
  await writeFile(join(dir, 'keystore.json'), keystore, { mode: 0o600 });
  await writeFile(join(dir, 'passphrase'), 'open', { mode: 0o600 });
  return { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' };
}

/** A process that writes a table and uses the database until it is killed. */
async function startUser(): Promise<ChildProcess> {
  const path = compiled('start/open-database.ts');
  const script = `
    const { openPoolDatabase } = await import(${JSON.stringify(path)});
    const { db } = await openPoolDatabase(${JSON.stringify(config())}, { isService: true });
    await db.$client.query('CREATE TABLE kept (n int)');
    process.stdout.write('open');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}
