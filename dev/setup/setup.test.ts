import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('set-up is silent and quick when nothing is left to do', () => {
  const script = fileURLToPath(new URL('./setup.mjs', import.meta.url));
  const before = Date.now();
  const done = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(done).toMatchObject({ status: 0, stdout: '', stderr: '' });
  // Under a second on an idle machine.
  expect(Date.now() - before).toBeLessThan(5_000);
});

test('the README names the Temporal CLI that set-up brings', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const version = /CLI_VERSION = '(.+)'/.exec(read('./temporal-binary.mjs'))?.[1];
  expect(read('../../README.md')).toContain(`~/.cache/openpool/temporal-${version}/temporal `);
});

test('a start of a fresh clone installs nothing, and says which command does', () => {
  const clone = mkdtempSync(join(tmpdir(), 'openpool-clone-'));
  for (const path of [
    'dev/setup/setup.mjs',
    'dev/setup/temporal-binary.mjs',
    'package-lock.json',
  ]) {
    cpSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), join(clone, path));
  }
  const before = readdirSync(clone);
  const script = join(clone, 'dev', 'setup', 'setup.mjs');
  const done = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect(done).toMatchObject({ status: 1, stdout: '' });
  expect(done.stderr).toContain('npm ci');
  expect(readdirSync(clone)).toEqual(before);
  rmSync(clone, { recursive: true });
});
