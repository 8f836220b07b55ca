import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventSource } from './event-source.js';
import { createEventSource } from './registry.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-module-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFile(join(dir, name), text);
}

function load(module: string | null, options: object = {}): Promise<EventSource> {
  const config = { id: 's', kind: 'module', region: 'eu', nodeType: 'ai' } as const;
  return createEventSource({ ...config, module, baseDir: dir, options });
}

async function read(source: EventSource): Promise<string[]> {
  const raws: string[] = [];
  const { signal } = new AbortController();
  for await (const slice of source.read({ since: null, signal }))
    raws.push(...slice.map((e) => e.raw));
  return raws;
}

const giving = (readsFrom: string, body = `yield [{ place: 'one', raw: '{}' }];`) =>
  `{ readsFrom: ${readsFrom}, async *read() { ${body} } }`;
const SCHEMA = `{ '~standard': { version: 1, vendor: 'own', validate: (value) =>
  typeof value.url === 'string' ? { value: { url: value.url.toUpperCase() } }
    : { issues: [{ message: 'give a URL', path: ['url'] }] } } }`;

describe("a third party's module", () => {
  it('is loaded by its path from the configuration, with the options as its schema gives them', async () => {
    const text = `export const optionsSchema = ${SCHEMA};
      export const createEventSource = async ({ options, id }) => (${giving('id + options.url')});`;
    await write('sources/mine.mjs', text);
    const source = await load('./sources/mine.mjs', { url: 'x' });
    expect(source.readsFrom).toBe('sX');
    expect(await read(source)).toEqual(['{}']);
  });

  it.each([
    [
      'that import alone may see',
      `{"type":"module","exports":{".":{"import":{"default":"./a.js"}}}}`,
      'export',
    ],
    ['with one main file', `{"type":"module","main":"./a.js"}`, 'export'],
    ['in CommonJS', `{"main":"./a.js"}`, 'require'],
  ])('is loaded from a package %s', async (_, manifest, kind) => {
    await write('node_modules/@me/source/package.json', manifest);
    const made = `() => (${giving(`'package'`)})`;
    const text =
      kind === 'export'
        ? `export const createEventSource = ${made};`
        : `const make = ${made}; module.exports = Object.fromEntries([['createEventSource', make]]);`;
    await write('node_modules/@me/source/a.js', text);
    expect((await load('@me/source')).readsFrom).toBe('package');
  });

  it('is reported as not found, with the place that was searched', async () => {
    for (const name of ['./gone.js', '@nobody/has-this', 'fs', './']) {
      const loading = load(name);
      await expect(loading).rejects.toMatchObject({ code: 'EVENT_SOURCE_MODULE_NOT_FOUND' });
      await expect(loading).rejects.toThrow(dir);
    }
    await expect(load(null)).rejects.toMatchObject({ code: 'EVENT_SOURCE_OPTIONS' });
  });

  it.each([
    [
      'no such export',
      'export const makeSource = 1;',
      /no function createEventSource \(but: makeSource\)/,
    ],
    ['a fault in its text', 'export const = 1;', /does not load/],
    ['a missing import', `import 'nowhere-to-be-found';`, /does not load.*nowhere-to-be-found/s],
    ['a fault while it loads', `throw new Error('no luck');`, /does not load: no luck/],
    ['no source made', 'export const createEventSource = () => ({ read() {} });', /readsFrom/],
    [
      'a factory that fails',
      `export const createEventSource = () => { throw new Error('hm'); };`,
      /hm/,
    ],
    [
      'no schema',
      'export const optionsSchema = {}; export const createEventSource = () => 1;',
      /schema/,
    ],
  ])('with %s is refused', async (_, text, words) => {
    await write('bad.mjs', text);
    const loading = load('./bad.mjs');
    await expect(loading).rejects.toMatchObject({ code: 'EVENT_SOURCE_MODULE_INVALID' });
    await expect(loading).rejects.toThrow(words);
  });

  it('refuses its options with their place, and all of them without a schema', async () => {
    await write(
      'a.mjs',
      `export const optionsSchema = ${SCHEMA}; export const createEventSource = 1;
      export default { optionsSchema, createEventSource: () => (${giving(`'a'`)}) };`,
    );
    await write('b.mjs', `export const createEventSource = () => (${giving(`'b'`)});`);
    for (const [name, words] of [
      ['./a.mjs', 'options.url: give a URL'],
      ['./b.mjs', 'remove uri'],
    ] as const) {
      const loading = load(name, { uri: 1 });
      await expect(loading).rejects.toMatchObject({ code: 'EVENT_SOURCE_OPTIONS' });
      await expect(loading).rejects.toThrow(words);
    }
  });

  it('keeps an error code for sources that is in the catalogue, and replaces any other', async () => {
    const cases = [
      [
        `throw Object.assign(new Error('down'), { code: 'EVENT_SOURCE_UNREACHABLE' });`,
        'EVENT_SOURCE_UNREACHABLE',
      ],
      [
        `throw Object.assign(new Error('down'), { code: 'WALLET_HALTED' });`,
        'EVENT_SOURCE_MODULE_FAILED',
      ],
      [`throw new TypeError('oops');`, 'EVENT_SOURCE_MODULE_FAILED'],
      [`yield ['{}'];`, 'EVENT_SOURCE_MODULE_INVALID'],
    ] as const;
    for (const [i, [body, code]] of cases.entries()) {
      await write(`c${i}.mjs`, `export const createEventSource = () => (${giving(`'c'`, body)});`);
      const source = await load(`./c${i}.mjs`);
      await expect(read(source)).rejects.toMatchObject({ name: 'PoolError', code });
    }
  });
});
