import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { sayToStderr } from '../scratch.js';
import { benchIngest } from './ingest.js';

/** As docs/performance.md has them: (`eventsPerSecond`). */
async function documentedKeys(): Promise<readonly string[]> {
  const text = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  const [, section = ''] = /^## Ingest$([\s\S]*?)^## /m.exec(text) ?? [];
  const inRows = section
    .split('\n')
    .filter((line) => line.startsWith('|') && !line.includes('(`key`)'));
  const keys = inRows.flatMap((line) => [...line.matchAll(/`([a-z]+[A-Za-z]*)`/g)]);
  return keys.map(([, key = '']) => key);
}

it('ingest is measured whole, beside its yardsticks, and comes out exact', async () => {
  const figures = await benchIngest({
    events: 60_000,
    payees: 100,
    passes: 1,
    say: sayToStderr,
  });
  const { lost, duplicated, driftWei, passes, mix, rawTableIndexes, ...numbers } = figures;
  expect({ lost, duplicated, driftWei }).toEqual({ lost: 0, duplicated: 0, driftWei: '0' });
  const keys = await documentedKeys();
  expect(keys.length).toBeGreaterThanOrEqual(11);
  expect(Object.keys(figures)).toEqual(expect.arrayContaining([...keys]));
  expect(JSON.parse(JSON.stringify(figures))).toEqual(figures);
  for (const [key, value] of Object.entries(numbers)) expect(value, key).toBeGreaterThan(0);
  expect(passes).toHaveLength(1);
  expect(rawTableIndexes).toHaveLength(1);
  expect(numbers.emptyPassMs).toBeLessThan(100);
  expect(numbers.peakRssMb).toBeLessThan(250);
  // The mix that docs/performance.md describes: a bench of easier events would be a faster one.
  expect(mix.duplicateShare).toBeCloseTo(0.05, 2);
  expect(mix.jobProcessedShare).toBeCloseTo(0.81, 1);
  expect(mix.aiShareOfJobs).toBeCloseTo(0.5, 1);
  expect(mix.boundShareOfAiJobs).toBeCloseTo(4 / 9, 1);
}, 300_000);
