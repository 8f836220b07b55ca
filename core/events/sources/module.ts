/** Loads and checks sources that a third party has written, and gives a code to everything that goes wrong in them. */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fieldOf } from '../../base/causes.js';
import { CATALOGUE, type PoolErrorCode } from '../../base/errors/catalogue.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import type {
  EventSource,
  EventSourceConfig,
  EventSourceModule,
  RawEvent,
  ReadRequest,
} from './event-source.js';
import { checkOptions, needOrigin, optionsError } from './options.js';

/** Makes a source of kind `module`; throws EVENT_SOURCE_OPTIONS and EVENT_SOURCE_MODULE_…. */
export async function createModule(config: EventSourceConfig): Promise<EventSource> {
  needOrigin(config);
  const module = await loadModule(config);
  const options = await checkModuleOptions(config, module);
  let source: unknown;
  try {
    // The types cannot be checked here: the module's own schema must return what its factory takes.
    source = await module.createEventSource({ ...config, options: options as never });
  } catch (error) {
    throw asPoolError(error, 'EVENT_SOURCE_MODULE_INVALID', `${nameOf(config)} makes no source`);
  }
  if (isSource(source)) return guarded(source, config);
  throw invalid(config, 'createEventSource gives no object with readsFrom (a text) and read');
}

async function loadModule(config: EventSourceConfig): Promise<EventSourceModule> {
  const url = await resolveModule(config);
  let exported: unknown;
  try {
    exported = await import(url);
  } catch (error) {
    throw invalid(config, `it does not load: ${foreignText(error)}`, error);
  }
  const found = [exported, fieldOf(exported, 'default')].find(isModule);
  if (found !== undefined) return found;
  const names = Object.keys(exported ?? {}).join(', ');
  throw invalid(config, `it exports no function createEventSource (but: ${names || 'nothing'})`);
}

/** Returns the URL of the module. Throws EVENT_SOURCE_MODULE_NOT_FOUND with the places that were tried. */
async function resolveModule(config: EventSourceConfig): Promise<string> {
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
  let target: unknown = fieldOf(JSON.parse(text), 'exports');
  target = fieldOf(target, '.') ?? target;
  while (typeof target === 'object' && target !== null) {
    target = fieldOf(target, 'node') ?? fieldOf(target, 'import') ?? fieldOf(target, 'default');
  }
  if (typeof target !== 'string') return undefined;
  const path = join(directory, target);
  return (await isFile(path)) ? path : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function checkModuleOptions(
  config: EventSourceConfig,
  { optionsSchema }: EventSourceModule,
): Promise<unknown> {
  if (optionsSchema === undefined) {
    const keys = Object.keys(config.options ?? {});
    if (keys.length === 0) return {};
    const message = `options: ${nameOf(config)} exports no optionsSchema, so it takes none; remove ${keys.join(', ')}`;
    throw optionsError(config.id, message);
  }
  if (typeof fieldOf(fieldOf(optionsSchema, '~standard'), 'validate') !== 'function') {
    throw invalid(config, 'its optionsSchema is no standard schema (zod 3.24 or later makes them)');
  }
  try {
    return await checkOptions(config, optionsSchema);
  } catch (error) {
    throw asPoolError(error, 'EVENT_SOURCE_MODULE_INVALID', `${nameOf(config)}: optionsSchema`);
  }
}

/** Wraps a source and turns everything it throws into an error that an operator can look up. */
function guarded(source: EventSource, config: EventSourceConfig): EventSource {
  return {
    readsFrom: source.readsFrom,
    async *read(request: ReadRequest): AsyncGenerator<readonly RawEvent[]> {
      try {
        for await (const slice of source.read(request)) {
          if (!isSlice(slice)) throw invalid(config, 'read gives something else than raw events');
          yield slice;
        }
      } catch (error) {
        request.signal.throwIfAborted();
        throw asPoolError(error, 'EVENT_SOURCE_MODULE_FAILED', nameOf(config));
      }
    },
  };
}

/** Makes a PoolError of the module's error. Its code tells, not its class: the module may have a copy of this package. */
function asPoolError(error: unknown, otherwise: PoolErrorCode, what: string): PoolError {
  if (error instanceof PoolError) return error;
  const code = fieldOf(error, 'code');
  const message = `${what}: ${foreignText(error)}`;
  return new PoolError(isSourceCode(code) ? code : otherwise, message, {}, { cause: error });
}

function isSourceCode(code: unknown): code is PoolErrorCode {
  return (
    typeof code === 'string' && code.startsWith('EVENT_SOURCE_') && Object.hasOwn(CATALOGUE, code)
  );
}

function isModule(value: unknown): value is EventSourceModule {
  return typeof fieldOf(value, 'createEventSource') === 'function';
}

function isSource(value: unknown): value is EventSource {
  const readsFrom = fieldOf(value, 'readsFrom');
  return (
    typeof readsFrom === 'string' &&
    readsFrom !== '' &&
    typeof fieldOf(value, 'read') === 'function'
  );
}

function isSlice(value: unknown): value is readonly RawEvent[] {
  const isEvent = (one: unknown): boolean =>
    typeof fieldOf(one, 'raw') === 'string' && typeof fieldOf(one, 'place') === 'string';
  return Array.isArray(value) && value.every(isEvent);
}

function invalid(config: EventSourceConfig, message: string, cause?: unknown): PoolError {
  const text = `${nameOf(config)}: ${message}`;
  return new PoolError('EVENT_SOURCE_MODULE_INVALID', text, { source: config.id }, { cause });
}

function nameOf({ id, module }: EventSourceConfig): string {
  return `source "${id}", module ${module}`;
}
