import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** One of the project's scripts: the TypeScript of a checkout, or the JavaScript of the build that this code is part of. */
export function scriptPath(script: string): string {
  return join(root, script.replace(/\.ts$/, extname(here)));
}

/** Node's arguments that run it, in any directory. */
export function scriptArgs(script: string): readonly string[] {
  const path = scriptPath(script);
  if (path.endsWith('.js')) return [path];
  const tsx = createRequire(import.meta.url).resolve('tsx');
  return ['--import', pathToFileURL(tsx).href, path];
}
