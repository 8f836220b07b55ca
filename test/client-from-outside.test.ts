/** A program outside this project that reads a pool through `openpool/client`: it compiles, and reads a real API. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../api/serve.js';
import { toChecksum } from '../core/chain/checksums.js';
import { createTestDatabase, type TestDatabase } from './harness/database.js';
import { poolOf } from './kit/silent-temporal.js';
import { addressOf, addTerms, addWallet, addWorker, TEST_TOKEN } from './kit/test-pool.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MOST_WEI = 9_007_199_254_740_993n;

const PROGRAM = `
import { type Answers, createPoolClient } from 'openpool/client';

const [, , url = '', token = '', address = ''] = process.argv;
const client = createPoolClient({ url, token });

const shown = await client.GET('/v1/payees/{address}', { params: { path: { address } } });
if (shown.error !== undefined) throw new Error(shown.error.help);
const worker: Answers['RemoteWorker'] | undefined = shown.data.rows[0];
const pending: string = shown.data.pendingWei;
// @ts-expect-error: an amount is no number
const number: number = shown.data.pendingWei;

const open = await client.GET('/v1/payouts', {
  params: { query: { state: ['reserved', 'signed'], limit: 10 } },
});
// @ts-expect-error: there is no such state
await client.GET('/v1/payouts', { params: { query: { state: ['gone'] } } });
// @ts-expect-error: there is no such route
await client.GET('/v1/payout');

const halt = await client.POST('/v1/wallet/halt', { body: { reason: 'a trial' } });
// @ts-expect-error: a reason is needed
const refused = await client.POST('/v1/wallet/halt', { body: {} });
const unknown = await client.GET('/v1/payouts/{id}', { params: { path: { id: 'x' } } });
const code: 'PAYOUT_NOT_FOUND' | undefined =
  unknown.response.status === 404 && unknown.error?.code === 'PAYOUT_NOT_FOUND'
    ? unknown.error.code
    : undefined;

console.log(JSON.stringify({
  pending,
  nodeType: worker?.nodeType,
  payouts: open.data?.payouts.length,
  changed: halt.data?.changed,
  refused: refused.error?.code,
  code,
}));
void number;
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    types: ['node'],
    outDir: 'out',
    rootDir: '.',
  },
  files: ['program.ts', 'documented.ts'],
};

describe('a program that uses openpool/client', () => {
  let dir: string;
  let database: TestDatabase;
  let api: RunningApi;

  const run = (file: string, ...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [file, ...args], { cwd: dir }).catch(
      (error: { stdout: string; stderr: string }) => {
        throw new Error(`${file} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
      },
    );

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-client-'));
    const installed = join(dir, 'node_modules', 'openpool');
    await mkdir(installed, { recursive: true });
    await mkdir(join(dir, 'node_modules', '@types'));
    await symlink(join(ROOT, 'node_modules/@types/node'), join(dir, 'node_modules/@types/node'));
    await cp(join(ROOT, 'package.json'), join(installed, 'package.json'));
    await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const build = join(ROOT, 'tsconfig.build.json');
    await run(tsc, '-p', build, '--outDir', join(installed, 'dist'));
    await writeFile(join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    await writeFile(join(dir, 'program.ts'), PROGRAM);
    const docs = await readFile(join(ROOT, 'docs/api.md'), 'utf8');
    await writeFile(join(dir, 'documented.ts'), /```ts\n(.*?)```/s.exec(docs)?.[1] ?? 'none');
    await run(tsc, '-p', 'tsconfig.json');
    database = await createTestDatabase();
    const { db } = database;
    await addTerms(db, 1n);
    await addWallet(db);
    await addWorker(db, { payee: addressOf(1), nodeType: 'ai', pendingWei: MOST_WEI });
    api = await startApi(poolOf(db));
  });
  afterAll(async () => {
    await api.stop();
    await database.close();
    await rm(dir, { recursive: true });
  });

  it('compiles, as docs/api.md shows it too, and reads and steers a pool', async () => {
    const address = toChecksum(addressOf(1));
    const { stdout } = await run(join('out', 'program.js'), api.url, TEST_TOKEN, address);
    expect(JSON.parse(stdout)).toEqual({
      pending: MOST_WEI.toString(),
      nodeType: 'ai',
      payouts: 0,
      changed: true,
      refused: 'REQUEST_INVALID',
      code: 'PAYOUT_NOT_FOUND',
    });
  });
});
