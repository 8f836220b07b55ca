import { join } from 'node:path';
import { inject } from 'vitest';

/** The compiled form of one of the project's scripts, which Node runs without a loader. */
export function compiled(script: string): string {
  return join(inject('buildDir'), script.replace(/\.ts$/, '.js'));
}
