/** Facts about the running program itself: its version, and its prebuilt workflows. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from './problem.js';

/** Reads this program's version from its package.json. */
export function readVersion(): string {
  // The package.json is two folders up in a checkout, and three in a build.
  const paths = ['../../package.json', '../../../package.json'].map(
    (path) => new URL(path, import.meta.url),
  );
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) return 'unknown';
  const { version } = JSON.parse(readFileSync(found, 'utf8')) as { readonly version: string };
  return version;
}

/**
 * Finds the prebuilt workflow bundle: the file that OPENPOOL_WORKFLOW_BUNDLE names, or the one in a build. Null in a
 * checkout, where an old bundle must not be used instead of the sources.
 */
export function findWorkflowBundle(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env['OPENPOOL_WORKFLOW_BUNDLE'];
  if (named !== undefined && named !== '') {
    const path = resolve(named);
    if (existsSync(path)) return path;
    const message = `there is no file ${path}: correct or unset OPENPOOL_WORKFLOW_BUNDLE`;
    throw fileError('environment', 'OPENPOOL_WORKFLOW_BUNDLE', message);
  }
  const built = fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url));
  return import.meta.url.endsWith('.js') && existsSync(built) ? built : null;
}
