/** Alert rules and dashboard ask for no metric that does not exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createTestDatabase } from '../../test/harness/database.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addTerms, addWallet } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

const METRIC = /openpool_[a-z_]+/g;
const read = (name: string) =>
  readFileSync(new URL(`../../monitoring/${name}`, import.meta.url), 'utf8');

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

describe('monitoring', () => {
  /** Those that the code can make. A scrape leaves out a figure that has no value yet. */
  const made = new Set(
    readdirSync(new URL('.', import.meta.url))
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => [
        ...readFileSync(new URL(name, import.meta.url), 'utf8').matchAll(
          /\b(?:set|perSource)\(\s*'([a-z_]+)'/g,
        ),
      ])
      .map(([, name]) => `openpool_${name}`),
  );
  const rules = (parse(read('alerts.yml')) as Rules).groups.flatMap((group) => group.rules);

  it.each(['alerts.yml', 'dashboard.json'])('%s names only metrics that there are', (name) => {
    const named = new Set(read(name).match(METRIC));
    // Each process tells it of itself, the API as well as the workers.
    named.delete('openpool_postgres_connections');
    expect(named.size).toBeGreaterThan(8);
    expect([...named].filter((metric) => !made.has(metric))).toEqual([]);
  });

  it('knows the metrics by a scrape: the control', async () => {
    const database = await createTestDatabase();
    await addTerms(database.db, 1n);
    await addWallet(database.db);
    const response = await createApp(poolOf(database.db)).request('/metrics');
    const scraped = [...(await response.text()).matchAll(/^# TYPE (\S+)/gm)].map(
      ([, name]) => name,
    );
    expect(scraped.length).toBeGreaterThan(5);
    expect(scraped.filter((name) => !made.has(name ?? ''))).toEqual([]);
    expect(made.has('openpool_invented')).toBe(false);
    await database.close();
  });

  it('says for every alert what is wrong and what to do, and tests each', () => {
    const tested = read('alerts.test.yml');
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, annotations } of rules) {
      expect([alert, annotations.summary, annotations.description]).toEqual([
        alert,
        expect.stringMatching(/\S/),
        expect.stringMatching(/\.$/),
      ]);
      expect([alert, tested.includes(`alertname: ${alert},`)]).toEqual([alert, true]);
    }
  });
});
