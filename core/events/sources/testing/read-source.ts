import type { EventSource, ObjectMemory } from '../event-source.js';
import { createEventSource } from '../registry.js';

/** Creates a source of files in a bucket with these options. */
export function s3SourceOf(options: object): Promise<EventSource> {
  const config = { id: 's', kind: 's3', module: null, region: null, nodeType: null } as const;
  return createEventSource({ ...config, baseDir: '/', options });
}

export interface Outcome {
  readonly raws: readonly string[];
  readonly error: unknown;
}

/** Reads a source to its end, or to its error. */
export async function readAll(
  source: EventSource,
  more: { readonly memory?: ObjectMemory; readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  const raws: string[] = [];
  const { signal } = new AbortController();
  try {
    for await (const slice of source.read({ since: null, signal, ...more })) {
      raws.push(...slice.map(({ raw }) => raw));
    }
    return { raws, error: undefined };
  } catch (error) {
    return { raws, error };
  }
}
