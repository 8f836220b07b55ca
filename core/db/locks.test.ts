import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOCKS } from './locks.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUTSIDE = /^(node_modules|dist|\.)/;
/** Matches a call of an advisory-lock function, from its name to a little past its arguments. */
const CALL = /pg_(try_)?advisory_\w+\([\s\S]{0,100}/g;

const product = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !OUTSIDE.test(entry.name))
  .flatMap(({ name }) =>
    readdirSync(`${ROOT}/${name}`, { recursive: true, encoding: 'utf8' }).map(
      (path) => `${name}/${path}`,
    ),
  )
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));

describe('the numbers of advisory locks', () => {
  it('are all different', () => {
    const numbers = Object.values(LOCKS);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('are named wherever a lock is taken, and written down nowhere else', () => {
    const calls = product.flatMap(({ path, text }) =>
      [...text.matchAll(CALL)].map(([call]) => ({ path, call })),
    );
    expect(calls.length).toBeGreaterThan(8);
    expect(calls.filter(({ call }) => !/\bLOCKS\.\w+/.test(call))).toEqual([]);
    const written = Object.values(LOCKS).map(
      (no) => new RegExp(`\\b${[...`${no}`].join('_?')}\\b`),
    );
    const holders = product.filter(({ text }) => written.some((number) => number.test(text)));
    expect(holders.map(({ path }) => path)).toEqual(['core/db/locks.ts']);
  });
});
