/** Real servers for all tests: one Postgres, one Temporal. A chain is started per test file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../dev/stack/postgres-server.js';
import { startTemporal } from '../../dev/stack/temporal-server.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { migrateTemplate } from './template.js';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    temporalAddress: string;
    /** The bundled workflows, built once for all tests. */
    workflowBundlePath: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-test-'));
  const workflowBundlePath = join(dir, 'workflow-bundle.js');
  const [postgres, temporal] = await Promise.all([
    startPostgres({ isSuperuser: true }),
    startTemporal({
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES.map((key) => `${key.name}=${attributeType(key.type)}`),
      // Timers and retries otherwise have a floor of about one second.
      extraArgs: ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    }),
    bundleWorkflows(workflowBundlePath),
  ]);
  await migrateTemplate(postgres.url);
  project.provide('postgresUrl', postgres.url);
  project.provide('temporalAddress', temporal.address);
  project.provide('workflowBundlePath', workflowBundlePath);
  return async () => {
    await Promise.all([postgres.stop(), temporal.stop()]);
    await rm(dir, { recursive: true, force: true });
  };
}

async function bundleWorkflows(path: string): Promise<void> {
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const logger = new DefaultLogger('ERROR');
  const { code } = await bundleWorkflowCode({ workflowsPath, logger });
  await writeFile(path, code);
}

/** KEYWORD → Keyword: the command line spells types in camel case. */
function attributeType(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}
