/**
 * Keys appear nowhere: a pool pays, waits for its chain, fails to start, crashes and is killed, and everything
 * that it left behind is searched for its private key, its passphrase and what the RPC endpoint asks for.
 */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdPayout } from '../core/payouts/store/payout-messages.js';
import { freePort } from '../dev/kit/ports.js';
import { until } from '../dev/kit/until.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from './harness/database.js';
import {
  credit,
  paidByChain,
  recordTestTerms,
  reserveFor,
  setBalance,
  stateOf,
} from './harness/money.js';
import { createTestNamespace, type TestNamespace } from './harness/namespace.js';
import {
  type PoolParts,
  type PoolProcess,
  type PoolProcessOptions,
  ROOT,
  startPoolProcess,
} from './harness/pool-process.js';
import {
  databaseTraces,
  findSecrets,
  keyForms,
  type Trace,
  temporalTraces,
  textForms,
} from './harness/secret-search.js';

const PASSPHRASE = 'Tür & Tor 0451?';
const WRONG_PASSPHRASE = 'sesame, öffne dich!';
const TOKEN = 'token-of-the-api';
const RPC_PASSWORD = 'rpc-password-0452';
const RPC_KEY = 'rpckey7c1e5a90d2';
const AMOUNT_WEI = 77_000_000_000_000_001n;
const wallet = Wallet.createRandom();
const address = wallet.address.toLowerCase() as `0x${string}`;
const KEY = wallet.privateKey.slice(2);
const FORMS = [
  ...keyForms(KEY),
  ...textForms('the passphrase', PASSPHRASE),
  ...textForms('the wrong passphrase', WRONG_PASSPHRASE),
  ...textForms('the password of the RPC endpoint', RPC_PASSWORD),
  ...textForms('the key in its URL', RPC_KEY),
];
const KEYSTORE = { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' };

/** Loaded before the worker: how it comes to a bad end when told so. */
const CRASHES = `
process.on('SIGHUP', () => { throw new Error('nobody expected this'); });
process.on('SIGALRM', () => { const all = []; for (;;) all.push(new Array(1e5).fill(0).map(() => ({}))); });
`;

describe('the keys of a pool', () => {
  let dir: string;
  let reports: string;
  let chain: LocalChain;
  let database: TestDatabase;
  let temporal: TestNamespace;
  let parts: PoolParts;
  let workerAddress: string;
  let workerMetrics: string;
  const started: PoolProcess[] = [];
  const answers: Trace[] = [];
  const seenAlive: Trace[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-keys-'));
    reports = join(dir, 'reports');
    await mkdir(reports);
    [chain, database, temporal] = await Promise.all([
      startChain(),
      createTestDatabase(),
      createTestNamespace(),
    ]);
    workerAddress = `127.0.0.1:${await freePort()}`;
    const login = `//ops:${RPC_PASSWORD}@`;
    const rpcUrl = `${chain.rpcUrl.replace('//', login)}/?apikey=${RPC_KEY}`;
    parts = { dir, chain: { ...chain, rpcUrl }, database, temporal };
    const keystore = encryptKeystoreJsonSync(
      { address, privateKey: wallet.privateKey },
      PASSPHRASE,
      {
        scrypt: { N: 2 },
      },
    );
    const files = { 'keystore.json': keystore, passphrase: `${PASSPHRASE}\n`, token: TOKEN };
    const wrong = { 'wrong-passphrase': WRONG_PASSPHRASE, 'key-in-hex': wallet.privateKey };
    for (const [name, text] of Object.entries({ ...files, ...wrong, 'crashes.mjs': CRASHES })) {
      await writeFile(join(dir, name), text, { mode: 0o600 });
    }
    await setBalance(chain, address, 10n ** 20n);
    await recordTestTerms(database.db);
    await liveAndDie();
  }, 300_000);
  afterAll(async () => {
    await Promise.all(started.map(({ process }) => process.stop()));
    await Promise.all([chain.stop(), database.close(), temporal.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  async function start(options: Partial<PoolProcessOptions> = {}): Promise<PoolProcess> {
    const changes = {
      log: { level: 'trace' },
      api: { port: 0, tokenFile: 'token' },
      metrics: { workerAddress },
    };
    const on = ['--report-on-fatalerror', '--report-uncaught-exception', '--report-on-signal'];
    const nodeArgs = [
      ...[...on, '--report-signal=SIGUSR2', `--report-directory=${reports}`],
      ...['--import', pathToFileURL(join(dir, 'crashes.mjs')).href, ...(options.nodeArgs ?? [])],
    ];
    const pool = await startPoolProcess(parts, { wallet: KEYSTORE, changes, ...options, nodeArgs });
    started.push(pool);
    return pool;
  }

  async function liveAndDie(): Promise<void> {
    const pool = await start();
    await pool.says('openpool worker ready');
    await payByEveryRoad(pool);
    await reportOf(pool);
    await readApi(pool);
    pool.process.kill('SIGHUP');
    expect(await pool.process.ended).not.toBe(0);
    const aborted = await start();
    await aborted.says('openpool worker ready');
    aborted.process.kill('SIGABRT');
    expect(await aborted.process.ended).toBe('SIGABRT');
    const full = await start({ nodeArgs: ['--max-old-space-size=250'] });
    await full.says('openpool worker ready');
    full.process.kill('SIGALRM');
    expect(await full.process.ended).not.toBe(0);
    for (const options of badStarts()) {
      const refused = await start(options);
      expect(await refused.process.ended, refused.lines.join('\n')).not.toBe(0);
    }
    const checked = await start({ entry: 'cli/main.ts', args: ['config', 'check'] });
    expect(await checked.process.ended).toBe(0);
  }

  /**
   * One that was reserved before, one by the API. The chain does not answer at first, so that both wait for it;
   * Temporal is looked at while they are under way.
   */
  async function payByEveryRoad({ apiUrl }: PoolProcess): Promise<void> {
    chain.process.kill('SIGSTOP');
    const reserved = await reserveFor(database.db, AMOUNT_WEI);
    const byHand = await credit(database.db, [AMOUNT_WEI]);
    for (const payee of [reserved.payee, byHand]) {
      const response = await fetch(`${apiUrl()}/v1/payouts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ payee, belowThreshold: true, reason: 'a test' }),
      });
      answers.push({ place: 'POST /v1/payouts', bytes: Buffer.from(await response.text()) });
    }
    await until(
      'a payout that waits for its chain, told in its history too',
      async () => {
        const traces = await temporalTraces(temporal.connection, temporal.namespace);
        seenAlive.push(...traces);
        return traces.some(({ bytes }) => bytes.includes('RPC_UNREACHABLE'));
      },
      { withinMs: 30_000, everyMs: 200 },
    );
    chain.process.kill('SIGCONT');
    await until(
      'both payouts',
      async () => {
        seenAlive.push(...(await temporalTraces(temporal.connection, temporal.namespace)));
        return (await paidByChain(chain, address)).size === 2;
      },
      { withinMs: 90_000, everyMs: 200 },
    );
    await until(
      'their settlement',
      async () => (await stateOf(database.db, reserved.payoutId)) === 'paid',
      { withinMs: 30_000, everyMs: 200 },
    );
  }

  async function reportOf(pool: PoolProcess): Promise<void> {
    const before = (await readdir(reports)).length;
    pool.process.kill('SIGUSR2');
    await until(
      'a report of the living worker',
      async () => (await readdir(reports)).length > before,
      { withinMs: 20_000 },
    );
  }

  async function readApi({ apiUrl }: PoolProcess): Promise<void> {
    const paths = ['/', '/status', '/v1/health', '/v1/ready', '/v1/pool', '/v1/audit-log'];
    const lists = ['/v1/wallet', '/v1/payouts', '/v1/payees', '/v1/workers', '/v1/sources'];
    for (const path of [...paths, ...lists, '/v1/nowhere']) {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const response = await fetch(`${apiUrl()}${path}`, { headers });
      expect(response.status, path).toBe(path === '/v1/nowhere' ? 404 : 200);
      const text = JSON.stringify([...response.headers]) + (await response.text());
      answers.push({ place: `GET ${path}`, bytes: Buffer.from(text) });
    }
    workerMetrics = await (await fetch(`http://${workerAddress}/metrics`)).text();
    answers.push({ place: 'the metrics of the worker', bytes: Buffer.from(workerMetrics) });
  }

  /** What a tired operator does. */
  function badStarts(): readonly Partial<PoolProcessOptions>[] {
    return [
      { wallet: { ...KEYSTORE, passphraseFile: 'wrong-passphrase' } },
      { wallet: { keystoreFile: 'key-in-hex', passphraseFile: 'passphrase' } },
      { wallet: { keystoreFile: 'passphrase', passphraseFile: 'keystore.json' } },
      { wallet: { ...KEYSTORE, passphraseFile: 'key-in-hex' } },
      { wallet: { ...KEYSTORE, address: Wallet.createRandom().address } },
      { wallet: { ...KEYSTORE, address: wallet.privateKey } },
      { wallet: { ...KEYSTORE, privateKey: wallet.privateKey, passphrase: PASSPHRASE } },
      { wallet: { ...KEYSTORE, signer: wallet.privateKey } },
    ];
  }

  function outputs(): readonly Trace[] {
    return started.map(({ lines, configPath }) => ({
      place: `what the process of ${configPath} printed`,
      bytes: Buffer.from(lines.join('\n')),
    }));
  }

  async function reportTraces(): Promise<readonly Trace[]> {
    const names = await readdir(reports);
    return Promise.all(
      names.map(async (name) => ({
        place: `report ${name}`,
        bytes: await readFile(join(reports, name)),
      })),
    );
  }

  it('stand in nothing that a process printed, at level trace, when it crashed or when it would not start', () => {
    const printed = outputs();
    expect(printed).toHaveLength(12);
    for (const { place, bytes } of printed) expect(bytes.length, place).toBeGreaterThan(100);
    expect(started.map(({ lines }) => lines.join('\n')).join('\n')).toMatch(
      /nobody expected this[\s\S]*heap out of memory[\s\S]*KEYSTORE_PASSPHRASE_WRONG/,
    );
    expect(findSecrets(printed, FORMS)).toEqual([]);
  });

  it('stand in no workflow: no history, memo, attribute, heartbeat or schedule', async () => {
    const traces = await temporalTraces(temporal.connection, temporal.namespace);
    expect(
      traces.filter(({ place }) => place.startsWith(`workflow ${TEST_POOL_ID}/payout/`)).length,
    ).toBe(4);
    expect(traces.filter(({ place }) => place.startsWith('schedule ')).length).toBeGreaterThan(3);
    expect(findSecrets([...seenAlive, ...traces], FORMS)).toEqual([]);
  });

  it('stand in no table', async () => {
    const traces = await databaseTraces(database.db);
    const attempts = traces.find(({ place }) => place.endsWith('.attempt'));
    expect(attempts?.bytes.length).toBeGreaterThan(400);
    expect(findSecrets(traces, FORMS)).toEqual([]);
  });

  it('stand in no answer of the API', () => {
    expect(answers).toHaveLength(15);
    expect(findSecrets(answers, FORMS)).toEqual([]);
  });

  it('stand not in the metrics of a worker, which has those of its process and those that the dashboard shows', async () => {
    const names = [...workerMetrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    const dashboard = await readFile(join(ROOT, 'monitoring/dashboard.json'), 'utf8');
    const shown = [...dashboard.matchAll(/\b(?:temporal|process|nodejs)_[a-z0-9_]+/g)].map(
      ([name]) => name.replace(/_(bucket|count|sum)$/, ''),
    );
    expect(new Set(shown).size).toBeGreaterThan(5);
    // Its first sample is there only once an activity has failed.
    const missing = shown.filter(
      (name) => name !== 'temporal_activity_execution_failed' && !names.includes(name),
    );
    expect(missing).toEqual([]);
    expect(workerMetrics).toContain('openpool_postgres_connections{pool="test-pool",state="open"}');
  });

  it("stand in no diagnostic report of Node's, and no core dump was left", async () => {
    const traces = await reportTraces();
    const all = traces.map(({ bytes }) => bytes.toString()).join('\n');
    for (const trigger of ['SIGUSR2', 'Exception', 'OOMError']) expect(all).toContain(trigger);
    expect(findSecrets(traces, FORMS)).toEqual([]);
    const files = (await readdir(ROOT, { withFileTypes: true })).filter((entry) => entry.isFile());
    expect(files.filter(({ name }) => /^core(\.|$)/.test(name))).toEqual([]);
  });

  describe('are found where they are planted', () => {
    it.each(keyForms(KEY).map((form) => [form.name, form.bytes] as const))('%s', (_, form) => {
      const bytes = Buffer.concat([Buffer.from('{"a":"'), form, Buffer.from('"}')]);
      expect(findSecrets([{ place: 'here', bytes }], FORMS)).not.toEqual([]);
    });

    it('in the middle of a longer text in base64', () => {
      for (const before of ['', 'a', 'ab', 'abc']) {
        const bytes = Buffer.from(Buffer.from(`${before}${PASSPHRASE} after`).toString('base64'));
        expect(findSecrets([{ place: 'here', bytes }], FORMS)).toEqual([
          'the passphrase in base64 in here',
        ]);
      }
    });

    it('in a table', async () => {
      const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
      await holdPayout(database.db, payoutId, {
        actor: 'test',
        reason: `look: ${KEY.toUpperCase()}`,
      });
      expect(findSecrets(await databaseTraces(database.db), FORMS)).toContainEqual(
        expect.stringContaining('the key in hex in table public.payout'),
      );
    });

    it('in a payload, a memo and the id of a workflow', async () => {
      await temporal.client.workflow.start('nobody', {
        workflowId: `planted-${BigInt(`0x${KEY}`)}`,
        taskQueue: 'nobody',
        args: [{ deep: [Buffer.from(KEY, 'hex').toString('base64')] }],
        memo: { note: PASSPHRASE },
      });
      await until(
        'the workflow in the list',
        async () => {
          const traces = await temporalTraces(temporal.connection, temporal.namespace);
          return findSecrets(traces, FORMS).length > 0;
        },
        { withinMs: 20_000 },
      );
      const traces = await temporalTraces(temporal.connection, temporal.namespace);
      const found = findSecrets(traces, FORMS).join('\n');
      for (const form of ['the key in base64', 'the passphrase as bytes', 'the key in decimal']) {
        expect(found).toContain(form);
      }
    });

    it('in what a process prints, and by its environment in a report', async () => {
      const planted = await start({
        env: { PLANTED: wallet.privateKey },
        nodeArgs: ['--import', "data:text/javascript,console.log('it is ' + process.env.PLANTED)"],
      });
      await planted.says('openpool worker ready');
      await reportOf(planted);
      await planted.process.stop();
      const found = findSecrets([...outputs(), ...(await reportTraces())], FORMS).join('\n');
      expect(found).toContain(`the key in hex in what the process of ${planted.configPath}`);
      expect(found).toContain('the key in hex in report');
    });
  });
});
