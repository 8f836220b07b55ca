import { expect, it } from 'vitest';
import { askMoments } from './ask-moments.js';

const DAY = Date.parse('2026-03-15T00:00:00Z');
const MINUTE = 60_000;
const at = (minutes: number) => DAY + minutes * MINUTE;
const ask = (ownMs: readonly number[], poolMs: readonly number[], knownMs = 0) =>
  askMoments({ ownMs, poolMs, knownMs }, DAY).map((ms) => (ms - DAY) / MINUTE);

it('asks at midnight on a day without an asking soon after it', () => {
  expect(ask([], [])).toEqual([0]);
  expect(ask([], [at(840)])).toEqual([0, 840]);
  expect(ask([], [at(4)])).toEqual([4]);
  expect(ask([], [at(-1), at(1_440)])).toEqual([0]);
});

it('asks at the moments of the worker itself, and not at others of the same asking', () => {
  expect(ask([at(3)], [at(2), at(3), at(4), at(840)])).toEqual([3, 840]);
  expect(ask([at(840)], [at(840)])).toEqual([840]);
  expect(ask([at(1), at(2)], [])).toEqual([1, 2]);
});

it('asks once for what several workers were recorded with, and never before the worker was known', () => {
  expect(ask([], [at(10), at(11), at(16)])).toEqual([0, 10, 16]);
  expect(ask([], [at(10), at(20)], at(15))).toEqual([20]);
  expect(ask([], [], at(15))).toEqual([]);
});
