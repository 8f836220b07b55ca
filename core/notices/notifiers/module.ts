/** Makes notifiers that a third party has written, and keeps their errors from stopping a delivery. */
import { fieldOf } from '../../base/causes.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { checkModuleOptions, loadModule, type ModulePort } from '../../plugins/load-module.js';
import type { DeliveryOutcome, Notifier, NotifierConfig, NotifierModule } from './notifier.js';
import { notifierOptionsError } from './options.js';

const LONGEST_AFTER_MS = 24 * 60 * 60_000;

/** Makes a notifier of kind `module`; throws NOTIFIER_OPTIONS and NOTIFIER_MODULE_…. */
export async function createModule(config: NotifierConfig): Promise<Notifier> {
  const { id, module: name, baseDir } = config;
  if (name === null) {
    throw notifierOptionsError(
      id,
      'kind: module needs `module`: the package or path that makes it',
    );
  }
  const port = portOf(config);
  const module = await loadModule({ module: name, baseDir }, port);
  const options = await checkModuleOptions(config.options, module, port);
  let made: unknown;
  try {
    // The types cannot be checked here: the module's own schema must return what its factory takes.
    made = await module.createNotifier({ ...config, options: options as never });
  } catch (error) {
    throw invalid(config, `it makes no notifier: ${foreignText(error)}`, error);
  }
  if (isNotifier(made)) return guarded(made);
  throw invalid(config, 'createNotifier gives no object with sendsTo (a text) and deliver');
}

function portOf(config: NotifierConfig): ModulePort<NotifierModule> {
  const { id } = config;
  return {
    factory: 'createNotifier',
    isModule: (value): value is NotifierModule =>
      typeof fieldOf(value, 'createNotifier') === 'function',
    errors: {
      notFound: (message) => {
        const words = `notice target "${id}": ${message}`;
        return new PoolError('NOTIFIER_MODULE_NOT_FOUND', words, { target: id });
      },
      invalid: (message, cause) => invalid(config, message, cause),
      options: (message) => notifierOptionsError(id, message),
    },
  };
}

/** Wraps a notifier: what it throws, or returns although it is no outcome, is one more reason to try again. */
function guarded(notifier: Notifier): Notifier {
  return {
    sendsTo: notifier.sendsTo,
    async deliver(notice, signal) {
      try {
        const outcome: unknown = await notifier.deliver(notice, signal);
        return readOutcome(outcome);
      } catch (error) {
        signal.throwIfAborted();
        return { kind: 'try-again', why: foreignText(error, 160) };
      }
    },
  };
}

function readOutcome(outcome: unknown): DeliveryOutcome {
  const kind = fieldOf(outcome, 'kind');
  if (kind === 'delivered') return { kind };
  const why = foreignText(fieldOf(outcome, 'why') ?? 'it does not say why', 160);
  if (kind === 'refused') return { kind, why };
  if (kind !== 'try-again') return { kind: 'try-again', why: 'deliver gave no outcome' };
  const afterMs = fieldOf(outcome, 'afterMs');
  const isPause = typeof afterMs === 'number' && afterMs >= 0;
  return { kind, why, ...(isPause ? { afterMs: Math.min(afterMs, LONGEST_AFTER_MS) } : {}) };
}

function isNotifier(value: unknown): value is Notifier {
  return (
    typeof fieldOf(value, 'sendsTo') === 'string' && typeof fieldOf(value, 'deliver') === 'function'
  );
}

function invalid({ id, module }: NotifierConfig, message: string, cause?: unknown): PoolError {
  const text = `notice target "${id}", module ${module}: ${message}`;
  return new PoolError('NOTIFIER_MODULE_INVALID', text, { target: id }, { cause });
}
