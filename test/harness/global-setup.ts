/** Real servers for all tests: one Postgres, one Temporal. A chain is started per test file. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../dev/stack/postgres-server.js';
import { startTemporal } from '../../dev/stack/temporal-server.js';
import { copyMigrations, writeWorkflowBundle } from '../../worker/temporal/bundle.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { forgoDisk, migrateTemplate } from './template.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    temporalAddress: string;
    /** The compiled code with its bundled workflows, built once for all tests. */
    buildDir: string;
    workflowBundlePath: string;
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Inside of the project, because Node searches upwards for its packages.
  await mkdir(join(ROOT, '.openpool'), { recursive: true });
  const buildDir = await mkdtemp(join(ROOT, '.openpool', 'test-'));
  const workflowBundlePath = join(buildDir, 'workflow-bundle.js');
  const [postgres, temporal] = await Promise.all([
    startPostgres({ isSuperuser: true }),
    startTemporal({
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES.map((key) => `${key.name}=${attributeType(key.type)}`),
      // Timers and retries otherwise have a floor of about one second, and a new namespace has schedules after two.
      extraArgs: [
        ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
        ...['--dynamic-config-value', 'system.namespaceCacheRefreshInterval="200ms"'],
      ],
    }),
    writeWorkflowBundle(workflowBundlePath),
    build(buildDir),
  ]);
  await forgoDisk(postgres.url);
  await migrateTemplate(postgres.url);
  project.provide('postgresUrl', postgres.url);
  project.provide('temporalAddress', temporal.address);
  project.provide('buildDir', buildDir);
  project.provide('workflowBundlePath', workflowBundlePath);
  return async () => {
    await Promise.all([postgres.stop(), temporal.stop()]);
    await rm(buildDir, { recursive: true, force: true });
  };
}

/** Compiles what tests start as processes: these then start in half the time, and as the image starts them. */
async function build(dir: string): Promise<void> {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(typescript, '..', 'bin', 'tsc');
  const args = ['-p', join(ROOT, 'test/harness'), '--outDir', dir];
  await promisify(execFile)(process.execPath, [tsc, ...args]);
  await copyMigrations(ROOT, dir);
  const isData = (path: string) => !path.endsWith('.ts');
  for (const path of ['package.json', 'compose.cluster.yml', 'dev', 'test']) {
    await cp(join(ROOT, path), join(dir, path), { recursive: true, filter: isData });
  }
}

/** KEYWORD → Keyword: the command line spells types in camel case. */
function attributeType(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}
