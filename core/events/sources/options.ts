/** Checks the options of sources. */
import { PoolError } from '../../base/errors/pool-error.js';
import { type OptionsSchema, readOptions } from '../../plugins/options.js';
import type { EventSourceConfig } from './event-source.js';

/** Checks the options; returns what the schema makes of them. Throws EVENT_SOURCE_OPTIONS with all that is wrong. */
export async function checkOptions<Options>(
  config: EventSourceConfig,
  schema: OptionsSchema<Options>,
): Promise<Options> {
  const read = await readOptions(config.options, schema);
  if ('value' in read) return read.value;
  throw optionsError(config.id, read.wrong);
}

export function optionsError(id: string, message: string): PoolError {
  return new PoolError('EVENT_SOURCE_OPTIONS', `source "${id}": ${message}`, { source: id });
}

/** Throws EVENT_SOURCE_OPTIONS when the configuration lacks region or node type, which the events do not say. */
export function needOrigin({ id, region, nodeType }: EventSourceConfig): void {
  if (region !== null && nodeType !== null) return;
  throw optionsError(id, 'it needs region and nodeType: its events do not say them');
}
