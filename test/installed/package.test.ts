/** The package: what is in it, whether tools of the trade find it right, and whether it works where it is installed. */
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked, type Packed, packProject, ROOT, run, runWell } from './packed.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

let packed: Packed;
let dir: string;
let files: readonly string[];
let manifest: Manifest;

const installed = (path: string) => join(dir, 'node_modules', 'openpool', path);

beforeAll(async () => {
  packed = await packProject();
  files = (await runWell('/', 'tar', ['tzf', packed.tarball]))
    .split('\n')
    .map((path) => path.replace(/^package\//, ''))
    .filter((path) => path !== '');
  dir = await installPacked(packed.tarball);
  manifest = JSON.parse(await readFile(installed('package.json'), 'utf8')) as Manifest;
}, 400_000);
afterAll(async () => {
  await packed.remove();
  await rm(dir, { recursive: true, force: true });
});

describe('the package', () => {
  it('holds what runs, and what an operator reads', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'dist/cli/main.js',
        'dist/main.js',
        'dist/worker/health.js',
        'dist/api/preferred/main.js',
        'dist/workflow-bundle.js',
        'dist/core/db/migrations/meta/_journal.json',
        'docs/deployment.md',
        'docs/operations.md',
        'monitoring/alerts.yml',
        'monitoring/dashboard.json',
        'pools/openpool.schema.json',
        'pools/openpool.yaml',
        'LICENSE',
        'README.md',
      ]),
    );
  });

  it('has every migration of the journal, and no other', async () => {
    const path = installed('dist/core/db/migrations/meta/_journal.json');
    const { entries } = JSON.parse(await readFile(path, 'utf8')) as { entries: { tag: string }[] };
    const sql = files.filter((path) => path.endsWith('.sql'));
    const wanted = entries.map(({ tag }) => `dist/core/db/migrations/${tag}.sql`);
    expect([...sql].sort()).toEqual([...wanted].sort());
  });

  it('holds no test, no TypeScript, no source map, no picture, and nothing that anybody keeps secret', () => {
    // Those that authors call for their own sources, policies and notifiers.
    const exported = files.filter((path) => path.endsWith('/contract-test.js'));
    expect(exported).toHaveLength(3);
    const wrong =
      /\.test\.|(^|\/)(test|testing|dev|bench|secrets)\/|\.map$|(?<!\.d)\.tsx?$|\.(png|env|tgz|log)$/;
    expect(files.filter((path) => wrong.test(path))).toEqual([]);
  });

  it('names no directory of the machine that built it', async () => {
    const bundle = await readFile(installed('dist/workflow-bundle.js'), 'utf8');
    const [, encoded = ''] = /sourceMappingURL=[^,]+,([\w+/=]+)/.exec(bundle) ?? [];
    const map = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { sources: string[] };
    expect(map.sources).toContain('workflows/payout.js');
    for (const text of [bundle, JSON.stringify(map)]) {
      // Booleans, because the texts have a megabyte.
      expect(text.includes(ROOT) || text.includes('/packed-')).toBe(false);
    }
  });

  it('is found right by publint and by "are the types wrong", for ES modules', async () => {
    const bytes = await readFile(packed.tarball);
    const tarball = new Uint8Array(bytes).buffer;
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages).toEqual([]);
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
    if (result.types === false) throw new Error('the package has no types');
    // Who resolves as before Node 12, or calls require(), finds no ES module: the only two that may be amiss.
    const ofOthers = (kind: string) => kind === 'node10' || kind === 'node16-cjs';
    const problems = result.problems.filter(
      (one) => !('resolutionKind' in one && ofOthers(one.resolutionKind)),
    );
    expect(problems).toEqual([]);
  });

  it('has a dependency for every package that it imports, and needs each of them', async () => {
    const imported = new Set<string>();
    for (const path of files.filter((one) => /^dist\/(?!workflow-bundle).+\.js$/.test(one))) {
      const text = await readFile(installed(path), 'utf8');
      const found = text.matchAll(
        /(?:\bfrom|\bimport|\bimport\(|\bresolve\() ?'((?:@[\w.-]+\/)?[\w][\w.-]*)[^']*'/g,
      );
      for (const [, name = ''] of found) imported.add(name);
    }
    const packages = [...imported].filter((name) => !/^node:/.test(name) && name !== 'vitest');
    expect(packages.filter((name) => name !== 'node').sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
  });
});

describe('the installed package', () => {
  it('says its version', async () => {
    expect(await runWell(dir, 'npx', ['openpool', '--version'])).toBe(`${manifest.version}\n`);
  });

  it('checks a configuration, and names what is missing in it', async () => {
    await writeFile(join(dir, 'openpool.yaml'), await readFile(installed('pools/openpool.yaml')));
    const { code, stderr } = await run(dir, 'npx', ['openpool', 'config', 'check']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/openpool\.yaml:\d+ wallet\.keystoreFile: there is no file/);
  });

  it('starts a part of the pool, which reads the configuration and says why it does not go on', async () => {
    for (const part of ['pool', 'preferred-workers']) {
      const args = ['start', part, '--config', 'nowhere.yaml'];
      const { code, stderr } = await run(dir, 'node_modules/.bin/openpool', args);
      expect(`${part} ${code} ${stderr}`).toMatch(/^\S+ 2 .*CONFIG_FILE_UNREADABLE/);
    }
    const { code, stderr } = await run(dir, 'node_modules/.bin/openpool', ['start', 'everything']);
    expect(code).toBe(2);
    expect(stderr).toContain('give pool, worker, api, preferred-workers');
  });

  it('gives every export with its types to a strict program of another', async () => {
    const names = Object.keys(manifest.exports).map((path) => path.replace('.', 'openpool'));
    expect(names.length).toBeGreaterThan(6);
    const lines = names.flatMap((name, i) => [
      `import * as m${i} from '${name}';`,
      // Without types it would be \`any\`, which has every name.
      `// @ts-expect-error: it has no such name`,
      `m${i}.noSuchName;`,
      `console.log(Object.keys(m${i}).length > 0);`,
    ]);
    await writeFile(join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(dir, 'program.ts'), lines.join('\n'));
    // What its author has besides: vitest, for the contract tests, and the types of Node.
    for (const name of ['@types/node', 'vitest']) {
      await symlink(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name)).catch(
        () => undefined,
      );
    }
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--types', 'node'];
    await runWell(dir, process.execPath, [tsc, ...options, 'program.ts']);
    const printed = await runWell(dir, process.execPath, ['program.js']);
    expect(printed.trim().split('\n')).toEqual(names.map(() => 'true'));
  });
});
