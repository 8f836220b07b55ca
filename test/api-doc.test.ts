import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createApp } from '../api/app.js';
import { openDatabase } from '../core/db/database.js';
import { silentTemporal } from './kit/silent-temporal.js';
import { testConfig } from './kit/test-pool.js';

const doc = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8');
const documented = new Set(
  [...doc.matchAll(/`((?:GET|POST) \/[^\s`]*)`/g)].map(([, route]) => route),
);

/** Of an app whose database and Temporal are never asked. */
const app = createApp({
  db: openDatabase({ url: 'postgres://127.0.0.1:1/none' }),
  client: silentTemporal(),
  config: testConfig(),
  poolId: 'a',
  version: '1',
});
const served = new Set(
  app.routes
    // The operator's pages are for people: docs/operations.md.
    .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/operator'))
    .map(({ method, path }) => `${method} ${path}`),
);

describe('docs/api.md', () => {
  it.each([...served])('has an entry for %s', (route) => {
    expect(documented).toContain(route);
  });

  it('has no entry for a route that is gone', () => {
    expect([...documented].filter((route) => route === undefined || !served.has(route))).toEqual(
      [],
    );
  });
});
