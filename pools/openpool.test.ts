import { readFile } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../config/config.js';
import { knownKeys } from '../config/schema.js';
import { orchestratorHttpOptions } from '../core/events/sources/orchestrator-http.js';
import { poolNames, readPoolFile } from '../dev/stack/pool/pool-file.js';
import { useConfigFiles } from '../test/harness/config-files.js';

const EXAMPLE = fileURLToPath(new URL('./openpool.yaml', import.meta.url));
const OPERATIONS = fileURLToPath(new URL('../docs/operations.md', import.meta.url));
const COMPOSE = fileURLToPath(new URL('./compose.yaml', import.meta.url));
const { write } = useConfigFiles();

describe('each pool', () => {
  it.each(poolNames())('loads, and is described: %s', async (name) => {
    const { path, pool } = readPoolFile(name);
    const config = await loadConfig(path, { env: {} });
    expect(config.pool.name).toBe(pool['name']);
    if (name === 'openpool') return;
    const page = name.replace(/-(curated|redeemed)$/, '');
    const said = await readFile(new URL(`../docs/pools/${page}.md`, import.meta.url), 'utf8');
    expect(said).toContain(`pools/${name}.yaml`);
    expect(said).toContain(`--pool ${page}`);
  });
});

describe('the example', () => {
  it('loads', async () => {
    const config = await loadConfig(EXAMPLE, { env: {} });
    expect(config.sources.map((source) => source.id)).toContain('us-ai-1');
    expect(config.database).toHaveProperty('embeddedDir');
  });

  it('keeps ledger and archive beside the file, so that two pools do not meet', async () => {
    const { database, retention } = await loadConfig(EXAMPLE, { env: {} });
    const own = dirname(EXAMPLE) + sep;
    const dir = 'embeddedDir' in database ? database.embeddedDir : 'none';
    expect([dir, retention.archiveDir].filter((path) => !path.startsWith(own))).toEqual([]);
  });

  it('names enough RPC endpoints that two agree when one is away', async () => {
    for (const file of [EXAMPLE, COMPOSE]) {
      const { chain } = parse(await readFile(file, 'utf8')) as { chain: { rpcUrls: string[] } };
      expect(new Set(chain.rpcUrls.map((url) => new URL(url).host)).size).toBeGreaterThan(2);
    }
  });

  it('has every key there is', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    const values: unknown = parse(text.replace(/^(\s*)#(?=\w+:)/gm, '$1'), { logLevel: 'error' });
    expect(missingKeys(values, [])).toEqual([]);
  });

  it('has every option of the sources that it configures', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    for (const key of Object.keys(orchestratorHttpOptions.shape)) {
      expect(text).toMatch(new RegExp(`^ {6}#?${key}(File)?:`, 'm'));
    }
  });

  it('states the real defaults', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    const stated = [...text.matchAll(/^( *)(- )?(\w+): (.+) # default (.+)$/gm)];
    expect(stated.length).toBeGreaterThan(30);
    for (const [line, indent = '', dash = '', key = '', , value = ''] of stated) {
      const spelled = text.replace(line, `${indent}${dash}${key}: ${value}`);
      const left = text.replace(line, '');
      expect(await effective(spelled), `the default of ${key}`).toEqual(await effective(left));
    }
  });

  it('states the defaults that docs/operations.md states', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    const page = await readFile(OPERATIONS, 'utf8');
    const rows = [...page.matchAll(/^\|[^|]+\| `(\w+)\.(\w+)` \| `([^`]+)` \|/gm)];
    expect(rows.length).toBeGreaterThan(10);
    for (const [, section = '', key = '', told] of rows) {
      const inSection = text.slice(text.search(new RegExp(`^${section}:$`, 'm')));
      const stated = new RegExp(`^  ${key}: .+ # default (.+)$`, 'm').exec(inSection);
      expect(stated?.[1], `the default of ${section}.${key}`).toBe(told);
    }
  });

  /** The configuration with its sources' options as their plugin reads them. */
  async function effective(text: string) {
    const config = await loadConfig(await write(text), { env: {} });
    const options = config.sources.map((source) =>
      JSON.stringify(orchestratorHttpOptions.parse(source.options)),
    );
    return { ...config, sources: config.sources.map((source, i) => [source.id, options[i]]) };
  }
});

/** Walks the schema: keys that the values do not have. */
function missingKeys(value: unknown, path: readonly (string | number)[]): string[] {
  const known = knownKeys(path);
  if (Array.isArray(value)) return missingKeys(mergeAll(value), [...path, 0]);
  if (known === undefined) return [];
  const section = (value ?? {}) as Record<string, unknown>;
  return known.flatMap((key) =>
    Object.hasOwn(section, key)
      ? missingKeys(section[key], [...path, key])
      : [[...path, key].join('.')],
  );
}

/** One item may show what another leaves out. */
function mergeAll(items: readonly unknown[]): unknown {
  return Object.assign({}, ...items.filter((item) => typeof item === 'object'));
}
