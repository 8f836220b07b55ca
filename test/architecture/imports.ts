/** Every import of the repository's own files, types included, as they stand in the sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Paths from the root, of what git knows and has not been deleted. */
export function sourceFiles(): readonly string[] {
  const listed = spawnSync(
    'git',
    ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx', '*.mjs'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  const paths = new Set(listed.stdout.split('\n'));
  return [...paths].filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

/** What runs in production or on a developer's machine: no tests, and no doubles for them. */
export const isProduct = (path: string): boolean =>
  !path.endsWith('.test.ts') && !path.includes('/testing/') && !/^(test|bench)\//.test(path);

export function readImports(files: readonly string[]): readonly Import[] {
  return files.flatMap((from) => {
    const { module } = parseSync(from, readFileSync(join(ROOT, from), 'utf8'));
    const asked = [
      ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
      ...module.staticExports.flatMap(({ entries }) =>
        entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
      ),
    ];
    return [...new Set(asked)]
      .filter((path) => path.startsWith('.'))
      .map((path) => ({ from, to: fileOf(normalize(join(dirname(from), path))) }));
  });
}

function fileOf(path: string): string {
  const written = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')];
  return written.find((one) => existsSync(join(ROOT, one))) ?? path;
}
