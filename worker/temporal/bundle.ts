/** A build step: writes the workflow bundle, and copies the migrations, which `tsc` leaves out of `dist`. */
import { cp, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The workflows' entry: TypeScript in a checkout, JavaScript in a build. */
const workflowsPath = join(root, 'workflows', `index${extname(fileURLToPath(import.meta.url))}`);

/** Copies the migrations, which the compiled code needs and `tsc` does not write. */
export async function copyMigrations(project: string, build: string): Promise<void> {
  const migrations = join('core', 'db', 'migrations');
  await cp(join(project, migrations), join(build, migrations), { recursive: true });
}

/** Bundles the workflows, by default those of this project. */
export async function bundleWorkflows(path = workflowsPath): Promise<string> {
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath: path, logger });
  return withoutPlaces(code);
}

export async function writeWorkflowBundle(path: string): Promise<void> {
  await writeFile(path, await bundleWorkflows());
}

const MAP = /(?<=\/\/# sourceMappingURL=data:application\/json;charset=utf-8;base64,)[\w+/=]+/;

/**
 * Takes the directories of the machine that built it out of the bundle's source map: stack traces then name files from
 * the project's root, and the same sources make the same bundle wherever they are built.
 */
function withoutPlaces(code: string): string {
  return code.replace(MAP, (encoded) => {
    const map = Buffer.from(encoded, 'base64').toString();
    const plain = map
      .replace(/"[^"]*?\/node_modules\//g, '"node_modules/')
      .replaceAll(`${root}/`, '');
    return Buffer.from(plain).toString('base64');
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const dist = root.endsWith('dist') ? root : join(root, 'dist');
  const project = dirname(dist);
  await copyMigrations(project, dist);
  await writeWorkflowBundle(join(dist, 'workflow-bundle.js'));
}
