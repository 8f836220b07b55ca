import { describe, expect, it } from 'vitest';
import { FIRST } from '../harness/file-order.js';
import { draw, drawingOfPage } from './drawing.js';
import { isProduct, readImports, sourceFiles } from './imports.js';
import { roomOf, STOREYS, storeyOf } from './rooms.js';

const MOST_IN_A_FOLDER = 12;
const files = sourceFiles();
const product = files.filter((path) => isProduct(path) && !path.endsWith('.config.ts'));
const imports = readImports(product);

describe('the house', () => {
  it('has a room for every file', () => {
    expect(imports.length).toBeGreaterThan(1_000);
    expect(product.filter((path) => roomOf(path) === undefined)).toEqual([]);
    const used = new Set(product.map((path) => roomOf(path)));
    expect(STOREYS.flat().filter((room) => !used.has(room))).toEqual([]);
  });

  it('stands: no import runs upward, or across a storey, types included', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [a, b] = [roomOf(from), roomOf(to)];
      return a !== b && (a === undefined || b === undefined || storeyOf(a) <= storeyOf(b));
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('is built whole: what ships imports TypeScript alone, for the compiler copies nothing else', () => {
    const wrong = imports.filter(({ from, to }) => !/^dev\//.test(from) && !/\.tsx?$/.test(to));
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('decides in rules that know nothing but rules', () => {
    const pure = /^core\/(base|[a-z]+\/rules)\//;
    const wrong = imports.filter(({ from, to }) => pure.test(from) && !pure.test(to));
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('replays workflows that know nothing of the core but its rules', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith('workflows/') &&
        to.startsWith('core/') &&
        !/^core\/(base|[a-z]+\/rules)\//.test(to),
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('has no room that is too full to take in at a glance', () => {
    const counts = new Map<string, number>();
    for (const path of product) {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    expect([...counts].filter(([, count]) => count > MOST_IN_A_FOLDER)).toEqual([]);
  });

  it('has the tests that start first', () => {
    expect(FIRST.filter((path) => !files.includes(path))).toEqual([]);
  });

  it('is drawn in docs/architecture.md as it is (`npm run drawing`)', () => {
    expect(drawingOfPage()).toBe(draw());
  });
});
