import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = join(dirname(fileURLToPath(import.meta.url)), '..');
const typescript = createRequire(import.meta.url).resolve('typescript/package.json');

/**
 * The script that syncs as plain JavaScript, relative to the project: what is measured runs as in the
 * image, without the loader of TypeScript in its memory.
 */
export function compileIngestSync(): string {
  const tsc = join(dirname(typescript), 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the script to measure does not compile:\n${stdout}`);
  return '.openpool/bench/bench/ingest/ingest-sync.js';
}
