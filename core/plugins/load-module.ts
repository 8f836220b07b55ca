/** Finds and loads modules that third parties have written, and checks the options that the configuration gives them. */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fieldOf } from '../base/causes.js';
import { foreignText } from '../base/foreign-text.js';
import { type OptionsSchema, readOptions } from './options.js';

/** Which module the configuration names. */
export interface ModulePlace {
  /** The package, or its path from `baseDir`. */
  readonly module: string;
  readonly baseDir: string;
}

/** What a port wants of its modules, and the errors that it makes of what goes wrong. */
export interface ModulePort<Module> {
  /** The name of the function that a module must export, by name or on its default. */
  readonly factory: string;
  /** Whether a value has that function. */
  readonly isModule: (value: unknown) => value is Module;
  readonly errors: ModuleErrors;
}

interface ModuleErrors {
  notFound(message: string): Error;
  invalid(message: string, cause?: unknown): Error;
  options(message: string): Error;
}

/** Loads the module, and returns whatever exports the port's factory: the module itself or its default. */
export async function loadModule<Module>(
  place: ModulePlace,
  { factory, isModule, errors }: ModulePort<Module>,
): Promise<Module> {
  const url = await resolveModule(place, errors);
  let exported: unknown;
  try {
    exported = await import(url);
  } catch (error) {
    throw errors.invalid(`it does not load: ${foreignText(error)}`, error);
  }
  const found = [exported, fieldOf(exported, 'default')].find(isModule);
  if (found !== undefined) return found;
  const names = Object.keys(exported ?? {}).join(', ');
  throw errors.invalid(`it exports no function ${factory} (but: ${names || 'nothing'})`);
}

/** Returns the URL of the module, or throws the port's `notFound` with the places that were tried. */
export async function resolveModule(
  { module, baseDir }: ModulePlace,
  errors: Pick<ModuleErrors, 'notFound'>,
): Promise<string> {
  if (/^\.{1,2}[\\/]/.test(module) || isAbsolute(module)) {
    const path = resolve(baseDir, module);
    if (await isFile(path)) return pathToFileURL(path).href;
    throw errors.notFound(`there is no module file ${path}`);
  }
  for (const place of [join(baseDir, 'openpool.yaml'), import.meta.url]) {
    const path = await findPackage(module, place);
    if (path !== undefined) return pathToFileURL(path).href;
  }
  throw errors.notFound(
    `no package ${module} is installed in or above ${baseDir}, nor beside openpool`,
  );
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

/** Checks the options by the schema that the module exports. A module without a schema takes no options. */
export async function checkModuleOptions(
  options: unknown,
  module: { readonly optionsSchema?: OptionsSchema<unknown> },
  { errors }: { readonly errors: ModuleErrors },
): Promise<unknown> {
  const { optionsSchema } = module;
  if (optionsSchema === undefined) {
    const keys = Object.keys(options ?? {});
    if (keys.length === 0) return {};
    const message = `options: the module exports no optionsSchema, so it takes none; remove ${keys.join(', ')}`;
    throw errors.options(message);
  }
  if (typeof fieldOf(fieldOf(optionsSchema, '~standard'), 'validate') !== 'function') {
    throw errors.invalid('its optionsSchema is no standard schema (zod 3.24 or later makes them)');
  }
  const read = await readOptions(options, optionsSchema).catch((error: unknown) => {
    throw errors.invalid(`its optionsSchema fails: ${foreignText(error)}`, error);
  });
  if ('value' in read) return read.value;
  throw errors.options(read.wrong);
}
