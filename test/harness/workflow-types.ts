import { readFileSync } from 'node:fs';
import { scriptPath } from '../../dev/kit/script.js';

const index = readFileSync(scriptPath('workflows/index.ts'), 'utf8');

/** Everything that a client of Temporal can start at a worker of the pool. */
export const WORKFLOW_TYPES: readonly string[] = [...index.matchAll(/export \{([^}]+)\}/g)].flatMap(
  ([, names]) => (names ?? '').match(/\w+/g) ?? [],
);
