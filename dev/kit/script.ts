import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** One of the project's scripts: the TypeScript of a checkout, or the JavaScript of the build that this code is part of. */
export function scriptPath(script: string): string {
  return join(root, script.replace(/\.ts$/, extname(here)));
}

/** Node's arguments that run it. */
export function scriptArgs(script: string): readonly string[] {
  const path = scriptPath(script);
  return path.endsWith('.ts') ? ['--import', 'tsx', path] : [path];
}
