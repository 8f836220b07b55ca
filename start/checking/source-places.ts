/** Makes the configured sources without reading them, and says what is wrong with their options and places. */
import type { Config } from '../../config/config.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { refuseSharedPlace } from '../../core/events/rules/source-place.js';
import type { EventSource } from '../../core/events/sources/event-source.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';

/** Matches the placeholder hosts of pools/openpool.yaml. Nobody can own these names (RFC 2606). */
const EXAMPLE = /[/.@]example\.(?:com|net|org)(?![\w.-])/;

export interface MadeSource {
  readonly config: SourceConfig;
  /** Undefined when its options are refused. */
  readonly source: EventSource | undefined;
  /** Why a start would refuse it: its options, or a place that another source reads already. */
  readonly refusals: readonly PoolError[];
  /** A sentence about an address that was left as the example has it; null otherwise. */
  readonly example: string | null;
}

export async function makeSources(sources: Config['sources']): Promise<readonly MadeSource[]> {
  const readers = new Map<string, string>();
  const made: MadeSource[] = [];
  for (const config of sources) {
    const refusals: PoolError[] = [];
    const source = await orRefusal(refusals, () => createEventSource(config));
    const readsFrom = source?.readsFrom ?? '';
    if (source !== undefined) {
      await orRefusal(refusals, () => refuseSharedPlace({ id: config.id, readsFrom }, readers));
      readers.set(readsFrom, config.id);
    }
    const why = 'an address that stands for another one: nobody answers there';
    const example = EXAMPLE.test(readsFrom)
      ? `source "${config.id}" reads ${readsFrom}, ${why}`
      : null;
    made.push({ config, source, refusals, example });
  }
  return made;
}

async function orRefusal<T>(
  refusals: PoolError[],
  make: () => Promise<T> | T,
): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    refusals.push(error);
    return undefined;
  }
}
