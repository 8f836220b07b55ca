/** Loads and checks sources that a third party has written, and gives a code to everything that goes wrong in them. */

import { CATALOGUE, type PoolErrorCode } from '../../../base/errors/catalogue.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type {
  EventSource,
  EventSourceConfig,
  EventSourceModule,
  RawEvent,
  ReadRequest,
} from '../event-source.js';
import { checkOptions, needOrigin, optionsError } from '../options.js';
import { resolveModule } from './module-resolution.js';

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
  const found = [exported, field(exported, 'default')].find(isModule);
  if (found !== undefined) return found;
  const names = Object.keys(exported ?? {}).join(', ');
  throw invalid(config, `it exports no function createEventSource (but: ${names || 'nothing'})`);
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
  if (typeof field(field(optionsSchema, '~standard'), 'validate') !== 'function') {
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

/**
 * Turns an error of the module into a PoolError. It is recognised by its code and not by its class, because the module
 * may have its own copy of this package.
 */
function asPoolError(error: unknown, otherwise: PoolErrorCode, what: string): PoolError {
  if (error instanceof PoolError) return error;
  const code = field(error, 'code');
  const message = `${what}: ${foreignText(error)}`;
  return new PoolError(isSourceCode(code) ? code : otherwise, message, {}, { cause: error });
}

function isSourceCode(code: unknown): code is PoolErrorCode {
  return (
    typeof code === 'string' && code.startsWith('EVENT_SOURCE_') && Object.hasOwn(CATALOGUE, code)
  );
}

function isModule(value: unknown): value is EventSourceModule {
  return typeof field(value, 'createEventSource') === 'function';
}

function isSource(value: unknown): value is EventSource {
  const readsFrom = field(value, 'readsFrom');
  return (
    typeof readsFrom === 'string' && readsFrom !== '' && typeof field(value, 'read') === 'function'
  );
}

function isSlice(value: unknown): value is readonly RawEvent[] {
  const isEvent = (one: unknown): boolean =>
    typeof field(one, 'raw') === 'string' && typeof field(one, 'place') === 'string';
  return Array.isArray(value) && value.every(isEvent);
}

function field(value: unknown, key: string): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return undefined;
  return Reflect.get(value, key);
}

function invalid(config: EventSourceConfig, message: string, cause?: unknown): PoolError {
  const text = `${nameOf(config)}: ${message}`;
  return new PoolError('EVENT_SOURCE_MODULE_INVALID', text, { source: config.id }, { cause });
}

function nameOf({ id, module }: EventSourceConfig): string {
  return `source "${id}", module ${module}`;
}
