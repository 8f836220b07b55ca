import { PoolError } from '../../base/errors/pool-error.js';
import type { EventSourceConfig, OptionsIssue, OptionsSchema } from './event-source.js';

/** What the schema makes of the options, or EVENT_SOURCE_OPTIONS with everything that is wrong. */
export async function checkOptions<Options>(
  config: EventSourceConfig,
  schema: OptionsSchema<Options>,
): Promise<Options> {
  const verdict = await schema['~standard'].validate(config.options);
  if (verdict.issues === undefined) return verdict.value;
  throw optionsError(config.id, verdict.issues.map(describeIssue).join('; '));
}

export function optionsError(id: string, message: string): PoolError {
  return new PoolError('EVENT_SOURCE_OPTIONS', `source "${id}": ${message}`, { source: id });
}

/** Throws EVENT_SOURCE_OPTIONS when the configuration leaves out what its events do not say. */
export function needOrigin({ id, region, nodeType }: EventSourceConfig): void {
  if (region !== null && nodeType !== null) return;
  throw optionsError(id, 'it needs region and nodeType: its events do not say them');
}

function describeIssue({ message, path = [] }: OptionsIssue): string {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  return `options${keys.map((key) => `.${String(key)}`).join('')}: ${message}`;
}
