/** Checks the options of notifiers. */
import { z } from 'zod';
import { PoolError } from '../../base/errors/pool-error.js';
import { type OptionsSchema, readOptions } from '../../plugins/options.js';
import type { NotifierConfig } from './notifier.js';
import { requireAddress } from './posting.js';

/** Checks the options; returns what the schema makes of them. Throws NOTIFIER_OPTIONS with all that is wrong. */
export async function checkOptions<Options>(
  config: NotifierConfig,
  schema: OptionsSchema<Options>,
): Promise<Options> {
  const read = await readOptions(config.options, schema);
  if ('value' in read) return read.value;
  throw notifierOptionsError(config.id, read.wrong);
}

export function notifierOptionsError(id: string, message: string): PoolError {
  return new PoolError('NOTIFIER_OPTIONS', `notice target "${id}": ${message}`, { target: id });
}

/** Throws NOTIFIER_OPTIONS for an address that a payee may not have. */
export function checkAddress(url: URL, config: NotifierConfig): void {
  try {
    requireAddress(url, config);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw notifierOptionsError(config.id, `options.url: ${words}`);
  }
}

/** Reads the URL of a webhook, whose path and query may be its secret. */
export const webhookUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:/.test(text),
    'give a URL with http:// or https://',
  )
  .transform((text) => new URL(text))
  .refine(
    (url) => url.username === '' && url.password === '',
    'put no user name and password into it',
  );
