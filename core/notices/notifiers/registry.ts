/** The kinds of notifiers, and the function that makes a notifier of each. */
import { PoolError } from '../../base/errors/pool-error.js';
import { createDiscord } from './discord.js';
import { createModule } from './module.js';
import type { Notifier, NotifierConfig } from './notifier.js';
import { createWebhook } from './webhook.js';

/** Each checks the options of a target and makes its notifier. It sends nothing yet. */
const FACTORIES = new Map<string, (config: NotifierConfig) => Promise<Notifier>>([
  ['webhook', createWebhook],
  ['discord', createDiscord],
  ['module', createModule],
]);

/** Makes the notifier that a configuration describes. Throws NOTIFIER_KIND_UNKNOWN, or what its kind throws. */
export async function createNotifier(config: NotifierConfig): Promise<Notifier> {
  const factory = FACTORIES.get(config.kind);
  if (factory === undefined) {
    const kinds = [...FACTORIES.keys()].join(', ');
    const message = `notice target "${config.id}" is of the unknown kind "${config.kind}"; known: ${kinds}`;
    throw new PoolError('NOTIFIER_KIND_UNKNOWN', message, { target: config.id });
  }
  return factory(config);
}
