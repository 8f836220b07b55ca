/** Finds the module of a third party: by its path, or as a package installed next to the configuration or openpool. */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { EventSourceConfig } from '../event-source.js';
import { optionsError } from '../options.js';

/** Returns the URL of the module. Throws EVENT_SOURCE_MODULE_NOT_FOUND with the places that were tried. */
export async function resolveModule(config: EventSourceConfig): Promise<string> {
  const { id, module, baseDir } = config;
  if (module === null) {
    throw optionsError(id, 'kind: module needs `module`: the package or path that makes it');
  }
  const notFound = (message: string): PoolError =>
    new PoolError('EVENT_SOURCE_MODULE_NOT_FOUND', message, { source: id });
  if (/^\.{1,2}[\\/]/.test(module) || isAbsolute(module)) {
    const path = resolve(baseDir, module);
    if (await isFile(path)) return pathToFileURL(path).href;
    throw notFound(`source "${id}": there is no module file ${path}`);
  }
  for (const place of [join(baseDir, 'openpool.yaml'), import.meta.url]) {
    const path = await findPackage(module, place);
    if (path !== undefined) return pathToFileURL(path).href;
  }
  const message = `source "${id}": no package ${module} is installed in or above ${baseDir}, nor beside openpool`;
  throw notFound(message);
}

async function findPackage(name: string, from: string): Promise<string | undefined> {
  const require = createRequire(from);
  try {
    const path = require.resolve(name);
    // A name such as `fs` resolves to a module of Node's own, which is not a path.
    return isAbsolute(path) ? path : undefined;
  } catch {
    // `require` does not find packages that export only to `import`, so these are searched below.
  }
  for (const directory of require.resolve.paths(name) ?? []) {
    const main = await importedMain(join(directory, name));
    if (main !== undefined) return main;
  }
  return undefined;
}

/** Returns the file that `import` loads for the name of a package; undefined when there is none. */
async function importedMain(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let target: unknown = property(JSON.parse(text), 'exports');
  target = property(target, '.') ?? target;
  while (typeof target === 'object' && target !== null) {
    target = property(target, 'node') ?? property(target, 'import') ?? property(target, 'default');
  }
  if (typeof target !== 'string') return undefined;
  const path = join(directory, target);
  return (await isFile(path)) ? path : undefined;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
