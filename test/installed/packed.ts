/** The package as `npm publish` would send it, made from a copy of the files that git knows. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever its exit code. */
export async function run(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, maxBuffer: 2 ** 26 };
  return promisify(execFile)(program, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ran) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}

/** Runs a program, and throws with its output when it fails. */
export async function runWell(...given: Parameters<typeof run>): Promise<string> {
  const { code, stdout, stderr } = await run(...given);
  if (code === 0) return stdout;
  throw new Error(`${given[1]} ${given[2].join(' ')} ended with ${code}\n${stdout}${stderr}`);
}

export interface Packed {
  readonly tarball: string;
  remove(): Promise<void>;
}

/** Packs the project, as it stands, in a copy: a build in the checkout would be in the way of others. */
export async function packProject(): Promise<Packed> {
  // Inside of the project, because Node searches upwards for its packages.
  await mkdir(join(ROOT, '.openpool'), { recursive: true });
  const dir = await mkdtemp(join(ROOT, '.openpool', 'packed-'));
  const copy = join(dir, 'project');
  const listed = await runWell(ROOT, 'git', ['ls-files', '-co', '--exclude-standard', '-z']);
  for (const path of listed.split('\0').filter((one) => one !== '' && !/\.png$/.test(one))) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    // A file that was deleted is known to git until that is committed.
    await cp(join(ROOT, path), join(copy, path)).catch(() => undefined);
  }
  await runWell(copy, 'npm', ['pack', '--pack-destination', dir]);
  const name = (await readdir(dir)).find((one) => one.endsWith('.tgz')) ?? 'none';
  await rm(copy, { recursive: true });
  return { tarball: join(dir, name), remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Installs the tarball into an empty directory, as somebody would who has nothing but npm. */
export async function installPacked(tarball: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-installed-'));
  await runWell(dir, 'npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball]);
  return dir;
}
