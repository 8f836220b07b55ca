import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../activities/sync.js';
import { loadConfig } from '../config/config.js';
import { createEventSource } from '../core/events/sources/registry.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { createNotifier } from '../core/notices/notifiers/registry.js';
import { openPolicy } from '../core/policies/asking.js';
import { SAMPLE_WORKERS } from '../core/policies/contract/samples.js';
import { toJson } from '../core/policies/rules/pool-terms.js';
import { createTestDatabase, type TestDatabase } from './harness/database.js';
import { recordTerms } from './harness/terms.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ALICE = '0x00000000000000000000000000000000000a11ce';
const FEE_WEI = 9_007_199_254_740_993n;

/** Somebody else's source in several files: events in the rows of a small database. */
const SOURCE = `
import { DatabaseReader } from './reader.js';
import { type EventSource, type EventSourceConfig, PoolError } from 'openpool/event-source';
import { z } from 'zod';

export const optionsSchema = z.strictObject({ journal: z.string(), key: z.string().optional() });

export function createEventSource(
  config: EventSourceConfig<z.output<typeof optionsSchema>>,
): EventSource {
  const reader = new DatabaseReader(config.baseDir, config.options.journal);
  return {
    readsFrom: reader.path,
    async *read({ since, signal }) {
      const rows = await reader.rows(since).catch((cause: unknown) => {
        throw new PoolError('EVENT_SOURCE_UNREACHABLE', reader.path, {}, { cause });
      });
      for (let i = 0; i < rows.length; i += 100) {
        signal.throwIfAborted();
        yield rows.slice(i, i + 100).map(({ n, json }) => ({ place: \`row \${n}\`, raw: json }));
      }
    },
  };
}
`;

const READER = `
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

export class DatabaseReader {
  readonly path: string;
  constructor(baseDir: string, journal: string) {
    this.path = resolve(baseDir, journal);
  }
  /** Each line: a time, a tab, an event. */
  async rows(since: Date | null): Promise<{ n: number; json: string }[]> {
    const lines = (await readFile(this.path, 'utf8')).split('\\n').filter((line) => line !== '');
    return lines
      .map((line, n) => ({ n, at: line.slice(0, 24), json: line.slice(25) }))
      .filter(({ at }) => since === null || at > since.toISOString());
  }
}
`;

const TEST = `
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEventSource } from 'openpool/event-source';
import { describeEventSource } from 'openpool/event-source/contract-test';

describeEventSource('journal', async () => {
  const baseDir = mkdtempSync(join(import.meta.dirname, 'place-'));
  const module = join(import.meta.dirname, 'dist', 'my-source.js');
  const known = { id: 's', kind: 'module', module, baseDir, region: 'eu', nodeType: 'ai' } as const;
  const make = (journal: string) =>
    createEventSource({ ...known, options: { journal, key: 'hunter2' } });
  const path = join(baseDir, 'journal');
  return {
    source: await make('journal'),
    sameAgain: await make('./x/../journal'),
    secret: 'hunter2',
    async put(events) {
      writeFileSync(path, events.map(({ dt, json }) => \`\${dt.toISOString()}\\t\${json}\\n\`).join(''));
    },
    breakDown: async () => rmSync(path),
    close: async () => rmSync(baseDir, { recursive: true }),
  };
});
`;

const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    types: ['node'],
    outDir: 'dist',
    rootDir: '.',
  },
  files: ['my-source.ts', 'reader.ts', 'my-source.test.ts'],
});

const POOL = `
sources:
  - id: mine
    kind: module
    module: ./dist/my-source.js
    region: eu
    nodeType: transcode
    from: beginning
    options: { journal: journal, keyFile: key }
database: { url: 'postgres://unused' }
chain: { rpcUrls: [http://localhost:1] }
wallet: { keystoreFile: keystore.json, passphraseFile: passphrase }
`;

let dir: string;
let database: TestDatabase;

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), text);
}

/** Runs a program of ours in the author's directory; its output, however it ends. */
function run(program: string, ...args: readonly string[]): Promise<string> {
  return runIn('.', program, ...args);
}

async function runIn(under: string, program: string, ...args: readonly string[]): Promise<string> {
  const file = join(ROOT, 'node_modules', program);
  const options = {
    cwd: join(dir, under),
    env: { PATH: process.env['PATH'], HOME: dir, NO_COLOR: '1' },
  };
  const ran = promisify(execFile)(process.execPath, [file, ...args], options);
  return ran.then(
    ({ stdout, stderr }) => stdout + stderr,
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
    },
  );
}

describe('an event source that is written outside this project', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-author-'));
    database = await createTestDatabase();
    // What npm would install there: the built package, and the packages that both use.
    const installed = join(dir, 'node_modules', 'openpool');
    await mkdir(join(dir, 'node_modules', '@types'), { recursive: true });
    await mkdir(installed);
    for (const name of ['zod', 'vitest', '@types/node']) {
      await symlink(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
    }
    await cp(join(ROOT, 'package.json'), join(installed, 'package.json'));
    const build = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')];
    await run('typescript/bin/tsc', ...build);
    await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
    await write('package.json', JSON.stringify({ name: 'mine', private: true, type: 'module' }));
    await write('tsconfig.author.json', TSCONFIG);
    await write('my-source.ts', SOURCE);
    await write('reader.ts', READER);
    await write('my-source.test.ts', TEST);
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('compiles against the types of the build', async () => {
    await run('typescript/bin/tsc', '-p', 'tsconfig.author.json');
    expect(await readFile(join(dir, 'dist', 'my-source.js'), 'utf8')).toContain('optionsSchema');
  });

  it('passes the exported contract test, and fails it when it loses the last event', async () => {
    const contract = () => run('vitest/vitest.mjs', 'run', '--root', dir, 'my-source.test.ts');
    expect(await contract()).toMatch(/Tests\s+9 passed/);
    const path = join(dir, 'dist', 'reader.js');
    const whole = await readFile(path, 'utf8');
    const losing = whole.replace("line !== ''", "line !== '').slice(0, -1).filter((line) => true");
    expect(losing).not.toBe(whole);
    await writeFile(path, losing);
    await expect(contract()).rejects.toThrow(/gives every event once/);
    await writeFile(path, whole);
  });

  it('is what core/events/sources/README.md shows: its texts compile, pass the contract test and load', async () => {
    const readme = await readFile(join(ROOT, 'core/events/sources/README.md'), 'utf8');
    const blocks = (language: string) =>
      [...readme.matchAll(new RegExp(`^   \`\`\`${language}\\n(.+?)^   \`\`\``, 'gms'))].map(
        (match) => match[1]?.replace(/^ {3}/gm, '') ?? '',
      );
    const [source = '', test = ''] = blocks('ts');
    await write('readme/my-source.ts', source);
    await write('readme/my-source.test.ts', test);
    const compile = /^ {3}npx tsc (.+)$/m.exec(readme)?.[1]?.split(' ') ?? [];
    await runIn('readme', 'typescript/bin/tsc', ...compile);
    const types = ['--module', 'nodenext', '--strict', '--noEmit', '--types', 'node'];
    await runIn('readme', 'typescript/bin/tsc', ...types, 'my-source.test.ts');
    const contract = await run('vitest/vitest.mjs', 'run', '--root', dir, 'readme/');
    expect(contract).toMatch(/Tests\s+9 passed/);
    await write('readme/secrets/events-token', 'hunter2\n');
    const sources = blocks('yaml').find((text) => text.includes('kind: module'));
    await write('readme/pool.yaml', POOL.replace(/^sources:.+?^(?=database)/ms, sources ?? ''));
    const [config] = (await loadConfig(join(dir, 'readme/pool.yaml'))).sources;
    if (config === undefined) throw new Error('the configuration has a source');
    expect(config.options).toMatchObject({ token: 'hunter2' });
    expect((await createEventSource(config)).readsFrom).toBe('https://events.example.com/pool');
  });

  it('has a notifier beside it that docs/notices.md shows: its texts compile, pass the contract test and load', async () => {
    const page = await readFile(join(ROOT, 'docs/notices.md'), 'utf8');
    const blocks = (language: string) =>
      [...page.matchAll(new RegExp(`^   \`\`\`${language}\\n(.+?)^   \`\`\``, 'gms'))].map(
        (match) => match[1]?.replace(/^ {3}/gm, '') ?? '',
      );
    const [notifier = '', test = ''] = blocks('ts');
    await write('notices/my-notifier.ts', notifier);
    await write('notices/my-notifier.test.ts', test);
    const compile = /^ {3}npx tsc (.+)$/m.exec(page)?.[1]?.split(' ') ?? [];
    await runIn('notices', 'typescript/bin/tsc', ...compile, '--types', 'node');
    const contract = () => run('vitest/vitest.mjs', 'run', '--root', dir, 'notices/');
    expect(await contract()).toMatch(/Tests\s+7 passed \| 1 skipped/);
    const path = join(dir, 'notices/my-notifier.js');
    const whole = await readFile(path, 'utf8');
    await writeFile(
      path,
      whole.replace(
        'throwIfAborted();',
        "throwIfAborted(); if (notice.id === 'ntc_2') return { kind: 'delivered' };",
      ),
    );
    await expect(contract()).rejects.toThrow(/delivers it again under the same id/);
    await writeFile(path, whole);
    await write('notices/key', 'hunter2\n');
    await write('notices/pool.yaml', `${POOL.replace('./dist/', '../dist/')}${blocks('yaml')[0]}`);
    const [target] = (await loadConfig(join(dir, 'notices/pool.yaml'))).notices.targets;
    if (target === undefined) throw new Error('the configuration has a target');
    expect((await createNotifier(target)).sendsTo).toBe(join(dir, 'notices/notices.jsonl'));
  });

  it('has a policy beside it that docs/policies.md shows: its texts compile, pass the contract test and are asked', async () => {
    const page = await readFile(join(ROOT, 'docs/policies.md'), 'utf8');
    const blocks = (language: string) =>
      [...page.matchAll(new RegExp(`^   \`\`\`${language}\\n(.+?)^   \`\`\``, 'gms'))].map(
        (match) => match[1]?.replace(/^ {3}/gm, '') ?? '',
      );
    const [policy = '', test = ''] = blocks('ts');
    await write('policies/my-policy.ts', policy);
    await write('policies/my-policy.test.ts', test);
    const compile = /^ {3}npx tsc (.+)$/m.exec(page)?.[1]?.split(' ') ?? [];
    await runIn('policies', 'typescript/bin/tsc', ...compile, '--types', 'node');
    const contract = () => run('vitest/vitest.mjs', 'run', '--root', dir, 'policies/');
    expect(await contract()).toMatch(/Tests\s+4 passed/);
    const path = join(dir, 'policies/my-policy.js');
    const whole = await readFile(path, 'utf8');
    const lucky = whole.replace('usualBps, faithfulBps)', 'usualBps, Math.random() * 10)');
    expect(lucky).not.toBe(whole);
    await writeFile(path, lucky);
    await expect(contract()).rejects.toThrow(/a policy has no randomness/);
    await writeFile(path, whole);
    await write('policies/key', 'hunter2\n');
    await write('policies/pool.yaml', `${POOL.replace('./dist/', '../dist/')}${blocks('yaml')[0]}`);
    const { pool, baseDir } = await loadConfig(join(dir, 'policies/pool.yaml'));
    const { module = null, options = {} } = pool.policy ?? {};
    const asker = await openPolicy({ module, options: toJson(options), baseDir });
    const nobody = SAMPLE_WORKERS.slice(0, 1).map(
      (worker) => [worker, '2026-03-01T00:00:00Z'] as const,
    );
    expect(await asker.ask('terms', nobody)).toEqual([
      { value: { commissionBps: 2_500, reason: 'usual' } },
    ]);
    expect(asker).toMatchObject({ name: 'faithful', version: '1.0.0', answers: ['terms', 'show'] });
    await asker.close();
  });

  it('is read by a sync pass that credits its events to the wei', async () => {
    const fields = { ethAddress: ALICE, computeUnits: 1, fees: FEE_WEI.toString() };
    const event = (i: number) => {
      const Payload = JSON.stringify({ event_type: 'job-processed', payload: fields });
      const DT = new Date(Date.UTC(2026, 2, 1, 0, 0, i)).toISOString();
      return `${DT}\t${JSON.stringify({ ID: i, Payload, Version: 1, DT })}\n`;
    };
    const events = Array.from({ length: 500 }, (_, i) => event(i));
    await write('journal', [...events, event(7)].join(''));
    await write('key', 'hunter2\n');
    await write('pool.yaml', POOL);
    const pool = await loadConfig(join(dir, 'pool.yaml'));
    const [config] = pool.sources;
    if (config === undefined) throw new Error('the configuration has a source');
    const source = await createEventSource(config);
    const { db } = database;
    await registerSources(db, [{ ...config, readsFrom: source.readsFrom }]);
    const terms = { commissionBps: 0, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(db, terms, new Date('2026-01-01T00:00:00Z'));
    const { syncSource } = createSyncActivities({
      db,
      sources: new Map([[config.id, { config, source }]]),
      version: '1.0.0',
      jobMatchWindowMs: 3_600_000,
      maxJobFeeWei: 10n ** 18n,
    });
    const report = await new MockActivityEnvironment().run(syncSource, { sourceId: config.id });
    expect(report).toMatchObject({ events: 501, fresh: 500, duplicates: 1, setAside: 0 });
    const owed = await db.$client.query<{ wei: string }>(
      `SELECT sum(b.amount_wei)::text AS wei FROM balance b
         JOIN remote_worker w ON w.id = b.remote_worker_id WHERE w.payee = '${ALICE}'`,
    );
    expect(owed.rows[0]?.wei).toBe((500n * FEE_WEI).toString());
  });
});
