import { readFileSync } from 'node:fs';

const index = readFileSync(new URL('../../workflows/index.ts', import.meta.url), 'utf8');

/** Everything that a client of Temporal can start at a worker of the pool. */
export const WORKFLOW_TYPES: readonly string[] = [...index.matchAll(/export \{([^}]+)\}/g)].flatMap(
  ([, names]) => (names ?? '').match(/\w+/g) ?? [],
);
