/** What is installed is what was reviewed: every package of the lock is held to its hash. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const { packages } = JSON.parse(read('../package-lock.json')) as {
  readonly packages: Readonly<Record<string, LockEntry>>;
};
/** A package that stands in this repository, and the link to it. Nothing of it is downloaded. */
const OURS = new Set(['', 'dev/openapi', 'node_modules/openapi-types-of']);
const entries = Object.entries(packages).filter(([path]) => !OURS.has(path));

test('the lock file has a hash of every package, those of other platforms too', () => {
  const unheld = entries.filter(
    ([, { integrity, link, inBundle }]) =>
      link !== true && inBundle !== true && !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''),
  );
  expect(unheld.map(([path]) => path)).toEqual([]);
  expect(entries.length).toBeGreaterThan(500);
});

test('the lock file names no registry, so that everyone installs from the one that is configured', () => {
  expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

test('only `demo`, tests and what is made for developers install packages and programs', () => {
  const { scripts } = JSON.parse(read('../package.json')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  for (const name of ['start', 'worker', 'api', 'openpool']) {
    expect(scripts[name]).not.toMatch(/setup\.mjs(?! --check)/);
  }
  for (const name of ['start', 'worker', 'api']) expect(scripts[name]).toContain('--check');
  expect(scripts['demo']).toMatch(/setup\.mjs &&/);
});
