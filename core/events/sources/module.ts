/** Checks sources that a third party has written, and gives a code to everything that goes wrong in them. */
import { fieldOf } from '../../base/causes.js';
import { CATALOGUE, type PoolErrorCode } from '../../base/errors/catalogue.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { checkModuleOptions, loadModule, type ModulePort } from '../../plugins/load-module.js';
import type {
  EventSource,
  EventSourceConfig,
  EventSourceModule,
  RawEvent,
  ReadRequest,
} from './event-source.js';
import { needOrigin, optionsError } from './options.js';

/** Makes a source of kind `module`; throws EVENT_SOURCE_OPTIONS and EVENT_SOURCE_MODULE_…. */
export async function createModule(config: EventSourceConfig): Promise<EventSource> {
  needOrigin(config);
  const { id, module: name, baseDir } = config;
  if (name === null) {
    throw optionsError(id, 'kind: module needs `module`: the package or path that makes it');
  }
  const port = portOf(config);
  const module = await loadModule({ module: name, baseDir }, port);
  const options = await checkModuleOptions(config.options, module, port);
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

function portOf(config: EventSourceConfig): ModulePort<EventSourceModule> {
  const { id } = config;
  return {
    factory: 'createEventSource',
    isModule,
    errors: {
      notFound: (message) =>
        new PoolError('EVENT_SOURCE_MODULE_NOT_FOUND', `source "${id}": ${message}`, {
          source: id,
        }),
      invalid: (message, cause) => invalid(config, message, cause),
      options: (message) => optionsError(id, message),
    },
  };
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
