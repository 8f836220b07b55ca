import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEventSource } from './contract-test.js';
import type { EventSource } from './event-source.js';
import { createEventSource } from './registry.js';

let dir: string;
const newDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'openpool-file-'));
const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

function sourceOf(path: string, baseDir = dir, more: object = {}): Promise<EventSource> {
  const config = { id: 's', kind: 'file', module: null, region: 'eu', nodeType: 'ai' } as const;
  return createEventSource({ ...config, baseDir, options: { path, ...more } });
}

interface Outcome {
  readonly raws: readonly string[];
  readonly places: readonly string[];
  readonly error: { readonly code?: string; readonly message?: string } | undefined;
}

async function read(source: EventSource): Promise<Outcome> {
  const [raws, places]: [string[], string[]] = [[], []];
  const { signal } = new AbortController();
  try {
    for await (const slice of source.read({ since: null, signal })) {
      raws.push(...slice.map(({ raw }) => raw));
      places.push(...slice.map(({ place }) => place));
    }
    return { raws, places, error: undefined };
  } catch (error) {
    return { raws, places, error: error as Error };
  }
}

/** Writes a file and reads it through a source. */
async function readBack(content: string | Buffer, name = 'dump', more: object = {}) {
  await writeFile(join(dir, name), content);
  return read(await sourceOf(name, dir, more));
}

const eventOf = (i: number): string =>
  `{"ID":${i},"Payload":"x${'y'.repeat(i % 300)} ä","fees":1e400}`;
const eventsOf = (count: number): string[] => Array.from({ length: count }, (_, i) => eventOf(i));

const FORMS: readonly (readonly [string, (lines: readonly string[]) => string | Buffer])[] = [
  ['a JSON array', (lines) => `[${lines.join(',\n')}]\n`],
  ['lines of JSON', (lines) => lines.map((line) => `${line}\n`).join('')],
  ['a gzipped JSON array', (lines) => gzipSync(`[${lines.join(',')}]`)],
  ['gzipped lines of JSON', (lines) => gzipSync(lines.join('\n'))],
];

for (const [form, write] of FORMS) {
  describeEventSource(`file, ${form}`, async () => {
    const own = await newDir();
    const path = join(own, 'dump.json');
    await writeFile(path, '');
    return {
      source: await sourceOf('dump.json', own),
      sameAgain: await sourceOf(`./sub/..//dump.json`, own),
      secret: null,
      put: (events) => writeFile(path, write(events.map(({ json }) => json))),
      breakDown: () => remove(path),
      close: () => remove(own),
    };
  });
}

describe('a source of files', () => {
  beforeEach(async () => {
    dir = await newDir();
  });
  afterEach(() => remove(dir));

  it.each(FORMS)('yields the exact texts of %s', async (_, write) => {
    const lines = eventsOf(5_000);
    const { raws, error } = await readBack(write(lines));
    expect(error).toBeUndefined();
    expect(raws).toEqual(lines);
  });

  it('reads a file that begins with a byte order mark or blanks, or is empty', async () => {
    expect((await readBack('\uFEFF{"a":1}\n{"a":2}')).raws).toEqual(['{"a":1}', '{"a":2}']);
    expect((await readBack('\uFEFF\n [1]')).raws).toEqual(['1']);
    expect((await readBack(`${' '.repeat(3_000)}\n{"a":1}`)).raws).toEqual(['{"a":1}']);
    for (const empty of ['', ' \n', '[]', 'null\n', gzipSync('')]) {
      expect(await readBack(empty)).toEqual({ raws: [], places: [], error: undefined });
    }
  });

  it('reads gzip of several members, as logs that were appended are', async () => {
    const content = Buffer.concat([gzipSync('{"a":1}\n'), gzipSync('{"a":2}\n')]);
    expect((await readBack(content)).raws).toEqual(['{"a":1}', '{"a":2}']);
  });

  it.each([
    ['an array', (lines: string[]) => Buffer.from(`[${lines.join(',')}`)],
    ['lines', (lines: string[]) => Buffer.from(`${lines.join('\n')}\n{"ID":77,"Pay`)],
  ])('gives all of %s that came, and says that the end is missing', async (_, write) => {
    const lines = eventsOf(2_000);
    const { raws, error } = await readBack(write(lines));
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
    expect(error?.message).toMatch(/^dump ends /);
    // The last element of a cut array may be half as well.
    expect(raws.length).toBeGreaterThanOrEqual(1_999);
    expect(raws).toEqual(lines.slice(0, raws.length));
  });

  it('yields everything that is left in a cut gzip file, also when it is cut between two lines', async () => {
    const lines = eventsOf(20_000);
    const whole = gzipSync(lines.join('\n'));
    for (const length of [whole.length - 1, whole.length - 8, Math.floor(whole.length / 2), 11]) {
      const { raws, error } = await readBack(whole.subarray(0, length), 'dump.gz');
      expect(error).toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
      expect(error?.message).toMatch(/dump.gz: the gzip data end early, after \d+ unpacked bytes/);
      expect(raws).toEqual(lines.slice(0, raws.length));
      const isNearlyWhole = length >= whole.length - 8;
      expect(raws.length).toBeGreaterThanOrEqual(isNearlyWhole ? 19_999 : length > 20 ? 5_000 : 0);
    }
    const { error } = await readBack('', 'dump.gz');
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
  });

  it.each([10, 20_000, 300_000])(
    'reads gzip data with %i zeros behind their end',
    async (zeros) => {
      const lines = eventsOf(500);
      const content = Buffer.concat([gzipSync(lines.join('\n')), Buffer.alloc(zeros)]);
      expect(await readBack(content, 'dump.gz')).toMatchObject({ raws: lines, error: undefined });
    },
  );

  it('says where gzip data are damaged', async () => {
    const content = gzipSync(eventsOf(20_000).join('\n'));
    content.fill(0xff, content.length / 2, content.length / 2 + 200);
    const { raws, error } = await readBack(content);
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_FILE_UNREADABLE' });
    expect(error?.message).toMatch(
      /dump: the gzip data are damaged \(.*\), after \d+ unpacked bytes/,
    );
    expect(raws.slice(0, 1_000)).toEqual(eventsOf(1_000));
  });

  it('reads the files of a pattern in the order of their names, and reports a bad one after the others', async () => {
    await writeFile(join(dir, 'eu-2.ndjson'), '{"c":1}\n{"d":1}');
    await writeFile(join(dir, 'eu-1.json'), '[{"a":1},{"b":1}');
    await writeFile(join(dir, 'us-1.json'), '[{"no":1}]');
    await mkdir(join(dir, 'eu-3.json'));
    const { raws, places, error } = await read(await sourceOf('eu-*'));
    expect(raws).toEqual(['{"a":1}', '{"c":1}', '{"d":1}']);
    expect(places[0]).toBe('element 1 of eu-1.json');
    expect(places[2]).toBe('line 2 of eu-2.ndjson');
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_TRUNCATED' });
    expect(error?.message).toContain('eu-1.json');
  });

  it('names what cannot be read', async () => {
    const cases = [
      [await read(await sourceOf('gone.json')), 'EVENT_SOURCE_FILE_UNREADABLE', 'no such file'],
      [await read(await sourceOf('gone-*')), 'EVENT_SOURCE_FILE_UNREADABLE', 'named like gone-*'],
      [await readBack('<html></html>'), 'EVENT_SOURCE_NOT_JSON', 'dump is neither'],
      [await readBack('[1] 2'), 'EVENT_SOURCE_NOT_JSON', 'dump'],
    ] as const;
    for (const [{ error }, code, words] of cases) {
      expect(error).toMatchObject({ code });
      expect(error?.message).toContain(words);
    }
    await mkdir(join(dir, 'sub'));
    const { error } = await read(await sourceOf('sub'));
    expect(error).toMatchObject({ code: 'EVENT_SOURCE_FILE_UNREADABLE' });
  });

  it('refuses options with their place', async () => {
    const cases = [
      ['nowhere/dump.json', {}, 'options.path: there is no directory'],
      ['*/dump.json', {}, 'options.path'],
      ['', {}, 'options.path'],
      ['dump', { maxElement: '3 MB' }, 'options.maxElement'],
      ['dump', { glob: true }, 'glob'],
    ] as const;
    for (const [path, more, words] of cases) {
      const making = sourceOf(path, dir, more);
      await expect(making).rejects.toMatchObject({ code: 'EVENT_SOURCE_OPTIONS' });
      await expect(making).rejects.toThrow(words);
    }
  });

  it('is the same source behind a link to its directory', async () => {
    await mkdir(join(dir, 'real'));
    await symlink(join(dir, 'real'), join(dir, 'link'));
    const { readsFrom } = await sourceOf('link/a.json');
    expect(readsFrom).toBe((await sourceOf('real/a.json')).readsFrom);
  });

  it('reads a large gzipped file in constant memory', async () => {
    const line = `${JSON.stringify({ ID: 1, Payload: 'x'.repeat(2_000) })}\n`;
    const member = gzipSync(line.repeat(10_000));
    // The file has 200 MB unpacked.
    const path = join(dir, 'large.gz');
    await writeFile(path, Buffer.concat(Array.from({ length: 10 }, () => member)));
    expect((await readFile(path)).length).toBeLessThan(10_000_000);
    const source = await sourceOf('large.gz');
    const { signal } = new AbortController();
    let [count, peak] = [0, 0];
    const before = process.memoryUsage.rss();
    for await (const slice of source.read({ since: null, signal })) {
      count += slice.length;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
    expect(count).toBe(100_000);
    expect(peak - before).toBeLessThan(120 * 1_048_576);
  });
});
