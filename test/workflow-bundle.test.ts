/** The bundler takes in whatever is imported without a word; this looks at what it took in. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the workflow bundle', () => {
  let files: string[];
  beforeAll(async () => {
    files = await bundledFiles('workflows/index.ts');
  });

  it('holds nothing of ours but rules and workflows', () => {
    const rooms = files.filter((file) => !file.startsWith('node_modules/'));
    expect(rooms.filter((file) => !/^(core\/(base|[a-z]+\/rules)|workflows)\//.test(file))).toEqual(
      [],
    );
    expect(rooms).toContain('workflows/payout.ts');
  });

  it('holds no package that has not been chosen: clocks, I/O and crypto have no place there', () => {
    const packages = files
      .map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
      .filter((name) => name !== undefined);
    expect([...new Set(packages)].sort()).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'long',
      'ms',
      'nexus-rpc',
    ]);
  });

  it('would show a forbidden import: the control', async () => {
    const seen = await bundledFiles('test/fixtures/workflow-with-ethers.ts');
    expect(seen.some((file) => file.startsWith('node_modules/ethers/'))).toBe(true);
  });
});

async function bundledFiles(entry: string): Promise<string[]> {
  const files = new Set<string>();
  await bundleWorkflowCode({
    workflowsPath: `${root}${entry}`,
    logger: new DefaultLogger('ERROR'),
    webpackConfigHook: (config) => {
      const plugins = config.plugins ?? [];
      plugins.push((compiler) => {
        compiler.hooks.compilation.tap('bundled-files', (compilation) => {
          compilation.hooks.succeedModule.tap('bundled-files', (module) => {
            const path = module.nameForCondition();
            if (path !== null) files.add(relative(root, path));
          });
        });
      });
      return { ...config, plugins };
    },
  });
  return [...files];
}
