/** The worker in a process of its own, against real servers and a real chain. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import type { PoolClient } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { listSources } from '../core/events/store/sources/source-reads.js';
import { findWallet, haltWallet } from '../core/payouts/store/wallet/wallets.js';
import { listFindings } from '../core/sentinel/store/finding-reads.js';
import { freePort } from '../dev/kit/ports.js';
import { type LocalProcess, startProcess, waitUntil } from '../dev/kit/process.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { holdPort } from '../test/harness/held-port.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { singleWorkflowId, syncWorkflowId, taskQueueOf } from '../workflows/contract.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
interface StartChanges extends Record<string, object | undefined> {
  readonly sources?: readonly object[];
}

const PASSPHRASE = 'a-passphrase-nobody-may-see';

/** The ids of processes that run the API: the children of `parent`, or all of them. */
function apisOf(parent?: number): readonly number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('api/main'))
    .map((line) => line.trim().split(/ +/).map(Number))
    .filter(([, ppid]) => parent === undefined || ppid === parent)
    .map(([pid = 0]) => pid);
}

describe('the worker process', () => {
  const wallet = Wallet.createRandom();
  const address = wallet.address.toLowerCase() as `0x${string}`;
  let dir: string;
  let chain: LocalChain;
  let database: TestDatabase;
  let temporal: TestNamespace;
  let silentEndpoint: string;
  const started: LocalProcess[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-worker-'));
    [chain, database, temporal] = await Promise.all([
      startChain(),
      createTestDatabase(),
      createTestNamespace(),
    ]);
    silentEndpoint = `http://127.0.0.1:${await freePort()}`;
    const keystore = encryptKeystoreJsonSync(
      { address, privateKey: wallet.privateKey },
      PASSPHRASE,
      { scrypt: { N: 2, r: 8, p: 1 } },
    );
    await writeFile(join(dir, 'keystore.json'), keystore, { mode: 0o600 });
    await writeFile(join(dir, 'passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.stop()));
  });
  afterAll(async () => {
    await Promise.all([chain.stop(), database.close(), temporal.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  async function start(changes: StartChanges = {}, entry = 'worker/main.ts') {
    const config = {
      pool: { syncInterval: '10s', ...changes['pool'] },
      sources: changes.sources ?? [
        {
          id: 'silent',
          region: 'eu',
          nodeType: 'ai',
          from: 'beginning',
          options: { endpoint: silentEndpoint },
        },
      ],
      database: { url: database.url },
      temporal: {
        address: inject('temporalAddress'),
        namespace: temporal.namespace,
        ...changes['temporal'],
      },
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl], ...changes['chain'] },
      wallet: {
        keystoreFile: 'keystore.json',
        passphraseFile: 'passphrase',
        ...changes['wallet'],
      },
      api: { port: 0, ...changes['api'] },
    };
    const path = join(dir, `${started.length}-${Date.now()}.yaml`);
    await writeFile(path, stringify(config));
    const lines: string[] = [];
    const worker = startProcess({
      name: entry,
      command: process.execPath,
      args: ['--import', 'tsx', entry, '--config', path],
      cwd: ROOT,
      env: { ...process.env, OPENPOOL_WORKFLOW_BUNDLE: inject('workflowBundlePath') },
      onLine: (line) => lines.push(line),
    });
    started.push(worker);
    const says = (text: string) =>
      waitUntil({
        what: `"${text}"`,
        timeoutMs: 40_000,
        intervalMs: 50,
        ready: async () => worker.hasEnded() || lines.some((line) => line.includes(text)),
      }).finally(() => expect(lines.join('\n')).toContain(text));
    return { worker, lines, says, path };
  }

  it('gets ready, opens the wallet, sweeps and syncs, ends on SIGTERM and tells no secret', async () => {
    const { worker, lines, says } = await start();
    await says('openpool worker ready');
    const key = { chainId: chain.chainId, address };
    expect(await findWallet(database.db, key)).toMatchObject({ nextNonce: 0, halt: null });
    await waitUntil({
      what: 'a sweep and a sync',
      timeoutMs: 30_000,
      intervalMs: 100,
      ready: async () => {
        const sweep = await temporal.client.schedule
          .getHandle(singleWorkflowId(TEST_POOL_ID, 'sweep'))
          .describe();
        const [source] = await listSources(database.db, new Date());
        return sweep.info.numActionsTaken > 0 && source?.lastErrorCode !== null;
      },
    });
    const sync = await temporal.client.schedule
      .getHandle(syncWorkflowId(TEST_POOL_ID, 'silent'))
      .describe();
    expect(sync.spec.intervals?.[0]?.every).toBe(10_000);
    const asked = Date.now();
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(Date.now() - asked).toBeLessThan(15_000);
    expect(lines.join('\n')).not.toContain(PASSPHRASE);
    expect(lines.join('\n')).not.toContain(wallet.privateKey.slice(2));
  });

  it('is healthy, by the health check, while it polls and its loops make progress, and only then', async () => {
    const { worker, says, path } = await start();
    const health = async () => {
      const check = startProcess({
        name: 'health',
        command: process.execPath,
        args: ['--import', 'tsx', 'worker/health.ts', '--config', path],
        cwd: ROOT,
      });
      started.push(check);
      return { code: await check.ended, said: check.tail() };
    };
    await says('openpool worker ready');
    await expect.poll(health, { timeout: 40_000, interval: 500 }).toMatchObject({
      code: 0,
      said: expect.stringContaining('the worker polls, its loops turn'),
    });
    // Suspends the worker, and makes its last report older than the health check tolerates.
    worker.kill('SIGSTOP');
    await database.db.execute(
      sql`UPDATE worker_process SET turned_at = turned_at - interval '4 minutes'`,
    );
    const standing = await health();
    worker.kill('SIGCONT');
    expect(standing).toMatchObject({
      code: 1,
      said: expect.stringContaining('the worker polls, its loops turned last at'),
    });
  });

  it('records what the sentinel finds when its schedule starts it', async () => {
    const { says } = await start();
    await says('openpool worker ready');
    const { db } = database;
    const findings = async () =>
      (await listFindings(db, { all: true }, { limit: 10, cursor: null })).items;
    expect(await findings()).toEqual([]);
    await db.$client.query(
      `UPDATE source SET last_success_at = now() - interval '1 hour', last_error_code = 'EVENT_SOURCE_UNREACHABLE'`,
    );
    await temporal.client.schedule.getHandle(singleWorkflowId(TEST_POOL_ID, 'sentinel')).trigger();
    await waitUntil({
      what: 'a finding',
      timeoutMs: 30_000,
      intervalMs: 100,
      ready: async () => (await findings()).length > 0,
    });
    expect(await findings()).toMatchObject([
      { code: 'SOURCE_FAILING', sourceId: 'silent', resolvedAt: null },
    ]);
  });

  it('keeps connections to Postgres for the clockwork while more sources than it has want one each', async () => {
    const sources = Array.from({ length: 25 }, (_, n) => ({
      id: `slow-${n}`,
      region: 'eu',
      nodeType: 'ai',
      from: 'beginning',
      options: { endpoint: `${silentEndpoint}/${n}` },
    }));
    const { says } = await start({ sources });
    await says('openpool worker ready');
    const pool = database.db.$client;
    const blocker = await pool.connect();
    try {
      // Blocks the table `source`: each sync stops at its first write and keeps its connection.
      await blocker.query('BEGIN; LOCK TABLE source IN SHARE ROW EXCLUSIVE MODE');
      for (const { id } of sources) {
        await temporal.client.schedule.getHandle(syncWorkflowId(TEST_POOL_ID, id)).trigger();
      }
      const standing = async () =>
        (
          await pool.query(`SELECT FROM pg_stat_activity
                             WHERE datname = current_database() AND wait_event_type = 'Lock'`)
        ).rowCount;
      await expect.poll(standing, { timeout: 20_000 }).toBeGreaterThanOrEqual(10);
      const startedMs = Date.now();
      await temporal.client.workflow.execute('sentinel', {
        taskQueue: taskQueueOf(TEST_POOL_ID),
        workflowId: `${singleWorkflowId(TEST_POOL_ID, 'sentinel')}/now`,
        args: [{ poolId: TEST_POOL_ID }],
      });
      expect(Date.now() - startedMs).toBeLessThan(8_000);
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
  }, 90_000);

  it('runs the API in a process of its own when started as a whole, and starts it again', async () => {
    const { worker, lines, says } = await start({ api: { port: await freePort() } }, 'main.ts');
    await says('openpool worker ready');
    const url = lines.join('\n').match(/openpool api listening on (\S+)/)?.[1];
    expect((await fetch(`${url}/status`)).status).toBe(200);
    const [first] = apisOf(worker.pid);
    expect(first).toBeGreaterThan(1);
    process.kill(first ?? 0, 'SIGKILL');
    await says('the API has ended (SIGKILL): it is started again in 1 s');
    const answers = async () => (await fetch(`${url}/status`)).status === 200;
    await waitUntil({ what: 'the API', timeoutMs: 30_000, intervalMs: 100, ready: answers });
    const [second] = apisOf(worker.pid);
    expect(second).not.toBe(first);
    // The worker is killed and can tell nobody; the API that it started must end with it.
    worker.kill('SIGKILL');
    await worker.ended;
    await expect.poll(() => apisOf(), { timeout: 10_000 }).not.toContain(second);
  });

  it('ends both when it is told to, and refuses to start when the API cannot', async () => {
    const { worker, says } = await start({}, 'main.ts');
    await says('openpool worker ready');
    const [api] = apisOf(worker.pid);
    worker.kill('SIGINT');
    expect(await worker.ended).toBe(0);
    expect(apisOf()).not.toContain(api);
    const held = await holdPort();
    const refused = await start({ api: { port: held.port } }, 'main.ts');
    await refused.says('API_ENDED');
    expect(await refused.worker.ended).toBe(1);
    await held.release();
  });

  it('waits for a Temporal that is not there, in words, and can be stopped while it waits', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { worker, says } = await start({ temporal: { address } });
    await says(`Temporal at ${address} cannot be reached`);
    await says('trying again in 1 s');
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  it('waits for a Postgres that goes away at any step of its start', async () => {
    const key = { chainId: chain.chainId, address };
    expect(await findWallet(database.db, key)).toBeDefined();
    const admin = await database.db.$client.connect();
    const holders = new Map<string, PoolClient>();
    for (const table of ['source', 'worker_terms', 'wallet_halt', 'worker_process']) {
      const holder = await database.db.$client.connect();
      holders.set(table, holder);
      await holder.query(`BEGIN; LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
    }
    // With payouts switched off, the start also writes the wallet's halt, and so waits for that table too.
    const { worker, lines, says } = await start({ pool: { payoutsEnabled: false } });
    const waits = () => lines.filter((line) => line.includes('DATABASE_UNREACHABLE')).length;
    for (const [table, holder] of holders) {
      const end = async () =>
        (
          await admin.query(
            `SELECT pg_terminate_backend(pid) FROM pg_locks
              WHERE relation = '${table}'::regclass AND NOT granted`,
          )
        ).rowCount;
      const before = waits();
      await expect.poll(end, { timeout: 30_000, message: table }).toBe(1);
      await expect.poll(waits, { timeout: 10_000, message: table }).toBe(before + 1);
      await holder.query('ROLLBACK');
      holder.release();
    }
    admin.release();
    await says('openpool worker ready');
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  it('counts on while no endpoint of the chain answers', async () => {
    const rpcUrls = [`http://127.0.0.1:${await freePort()}`];
    const { says } = await start({ chain: { rpcUrls, rpcTimeout: '500ms' } });
    await says('nothing is paid, counting goes on');
    await says('openpool worker ready');
  });

  it('ends an API whose event loop is blocked, also while its process still starts', async () => {
    const { worker, says } = await start({}, 'test/fixtures/stuck-api.ts');
    await says('openpool api listening');
    expect(await worker.ended).toBe('SIGKILL');
    await says('PROCESS_STUCK');
  });

  it('refuses the wrong chain, the wrong wallet and the wrong passphrase', async () => {
    await writeFile(join(dir, 'wrong'), 'wrong', { mode: 0o600 });
    const refusals = [
      [{ chain: { id: 1 } }, 'LEDGER_OF_ANOTHER_CHAIN'],
      [{ pool: { id: 'another' } }, 'LEDGER_OF_ANOTHER_POOL'],
      [{ wallet: { address: `0x${'11'.repeat(20)}` } }, 'WALLET_ADDRESS_WRONG'],
      [{ wallet: { passphraseFile: 'wrong' } }, 'KEYSTORE_PASSPHRASE_WRONG'],
    ] as const;
    for (const [changes, code] of refusals) {
      const { worker, says } = await start(changes);
      await says(code);
      expect(await worker.ended).toBe(1);
    }
  });

  it('refuses a configuration with exit code 2 and everything that is wrong', async () => {
    const { worker, says } = await start({ pool: { comission: '1%', payoutInterval: '5' } });
    await says('did you mean \\"commission\\"?');
    await says('CONFIG_UNIT');
    expect(await worker.ended).toBe(2);
  });

  it('halts the wallet while payouts are switched off, and ends no halt but its own', async () => {
    const key = { chainId: chain.chainId, address };
    const runOnce = async (payoutsEnabled: boolean) => {
      const { worker, says } = await start({ pool: { payoutsEnabled } });
      await says('openpool worker ready');
      worker.kill('SIGTERM');
      await worker.ended;
      return (await findWallet(database.db, key))?.halt?.code;
    };
    expect(await runOnce(false)).toBe('PAYOUTS_SWITCHED_OFF');
    expect(await runOnce(true)).toBeUndefined();
    expect(await runOnce(false)).toBe('PAYOUTS_SWITCHED_OFF');
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
    expect(await runOnce(true)).toBe('HALTED_BY_OPERATOR');
  });
});
