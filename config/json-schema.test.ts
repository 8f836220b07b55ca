/** The JSON Schema against the reader of the file: nothing good is refused, and hardly anything wrong gets past it. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { poolNames, readPoolFile } from '../dev/stack/pool/pool-file.js';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { configJsonSchema, type JsonSchema } from './json-schema.js';
import { readDocument } from './reading/document.js';
import { ConfigError } from './reading/problem.js';
import { configSchema } from './schema.js';

const path = (name: string) => fileURLToPath(new URL(`../pools/${name}`, import.meta.url));
const { load } = useConfigFiles();
const schema = configJsonSchema();
const ajv = new Ajv({ strict: false, allErrors: false });
const accepts = ajv.compile(schema);

type Value = unknown;
type Path = readonly (string | number)[];

/** What a start would say of these values alone, without files, environment and network. */
const isRead = (values: Value) => configSchema.safeParse(withoutEmpty(values)).success;

/** As the reader of the file does: an empty key is an absent one. */
function withoutEmpty(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutEmpty(inner)]));
}

const parse = (text: string) => readDocument('pool.yaml', text, {}).values;

/** Every key of the example, those that are switched off too. */
async function everyKey(): Promise<Value> {
  const text = (await readFile(path('openpool.yaml'), 'utf8'))
    .replace(
      /^(\s*)#(?=(tiers|workers|promotions|bonus|look|payout|responseTime|online|alsoHeldBy|orchestrator|bondingManager|keepMonths|targets|publicUrl|workerAddress|address|profile|namespace|tls|id|termsFrom|shadow|policy):)/gm,
      '$1',
    )
    .replaceAll(/\$\{\w+\}/g, 'filled-in-0123456789');
  return parse(text);
}

/** Every path to a value below this one, itself included. */
function* pathsOf(value: Value, at: Path = []): Generator<Path> {
  yield at;
  if (value === null || typeof value !== 'object') return;
  const inner = Array.isArray(value) ? value.map((one, i) => [i, one]) : Object.entries(value);
  for (const [key, one] of inner as [string | number, Value][]) yield* pathsOf(one, [...at, key]);
}

/** The values with another one at the path; without one there when it is undefined. */
function changed(value: Value, [key, ...rest]: Path, to: (old: Value) => Value): Value {
  if (key === undefined) return to(value);
  if (Array.isArray(value))
    return value.map((one, i) => (i === key ? changed(one, rest, to) : one));
  const entries = Object.entries(value as object).map(([name, one]) =>
    name === key ? [name, changed(one, rest, to)] : [name, one],
  );
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
}

const WRONG: readonly ((old: Value) => Value)[] = [
  () => undefined,
  () => '',
  () => '  ',
  () => 'nonsense',
  () => -1,
  () => 7,
  () => 0.5,
  () => true,
  () => [],
  () => [1],
  () => ({}),
  () => ({ nobody: 'knows' }),
  () => '0x52908400098527886E0F7030069857D2E4169EE7',
  () => '5 LPT',
  () => '5 ETH',
  () => '101%',
  () => '12h',
  () => '2025-02-03T00:00:00',
  (old) => (old !== null && typeof old === 'object' ? { ...old, unknwon: 1 } : old),
  (old) => (typeof old === 'string' ? `${old}!` : old),
  (old) => (typeof old === 'string' ? old.toUpperCase() : old),
];

describe('the JSON Schema of the configuration', () => {
  it('is the file beside the pools (`npm run config-schema`), and that is valid', async () => {
    const kept = JSON.parse(await readFile(path('openpool.schema.json'), 'utf8')) as JsonSchema;
    expect(kept).toEqual(schema);
    expect(ajv.validateSchema(kept)).toBe(true);
  });

  it.each([...poolNames(), 'compose'])(
    'accepts the file of a pool, which names it to editors: %s',
    async (name) => {
      const file = name === 'compose' ? path('compose.yaml') : readPoolFile(name).path;
      const text = await readFile(file, 'utf8');
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./openpool.schema.json');
      accepts(parse(text));
      expect(accepts.errors).toBeNull();
    },
  );

  it('accepts what the environment fills in, and an address that an editor takes for a number', () => {
    const filledIn = (name: string) => `\${${name}}`;
    const lines = `  commission: ${filledIn('SHARE')}\n  rounding: ${filledIn('R')}\n  terms:`;
    const raw = `${BASE.replace('  name: test', lines)}api:\n  port: ${filledIn('PORT')}\n  token:\nlog:\n`;
    const env = { SHARE: '5%', R: 'net-floor', PORT: '80' };
    expect(isRead(readDocument('f', raw, env).values)).toBe(true);
    expect(accepts(parseYaml(raw))).toBe(true);
    const address = '  address: 0x52908400098527886E0F7030069857D2E4169EE7\n';
    expect(accepts(parseYaml(BASE + address))).toBe(true);
    expect(accepts(parseYaml(`${BASE}  address: 5290\n`))).toBe(false);
  });

  it('says what a key is for, in the words of the example, and its default', () => {
    const at = (...keys: string[]) =>
      keys.reduce<JsonSchema>((node, key) => node.properties?.[key] ?? {}, schema);
    expect(at('pool', 'commission')).toMatchObject({
      description: "The pool's share of each job's fees.",
      default: '25%',
    });
    expect(at('chain', 'confirmations').description).toContain('blocks deep');
  });

  it('refuses at least 95 of 100 values that the reader refuses, and none that it takes', async () => {
    const whole = await everyKey();
    expect(isRead(whole)).toBe(true);
    const tally = { wrong: 0, refused: 0 };
    const overdone: string[] = [];
    // A third of them, another one at each place: all of them take a minute.
    let turn = 0;
    const both = [whole, parse(BASE)];
    const mutants = both.flatMap((values) =>
      [...pathsOf(values)]
        // The options of a source are checked by the source's own schema.
        .filter((at) => !at.includes('options') || at.at(-1) === 'options')
        .flatMap((at) =>
          WRONG.filter(() => turn++ % 3 === 0).map((wrong) => ({
            values: changed(values, at, wrong),
            place: `${at.join('.')}: ${wrong}`,
          })),
        ),
    );
    for (const { values, place } of mutants) {
      const isAccepted = accepts(values);
      if (!isRead(values)) {
        tally.wrong += 1;
        if (!isAccepted) tally.refused += 1;
      } else if (!isAccepted) {
        // Refused by what reads the values next, then: no database at all, say.
        const refusal = await load(stringify(values)).catch((error: unknown) => error);
        if (!(refusal instanceof ConfigError)) overdone.push(place);
      }
    }
    expect(overdone).toEqual([]);
    expect(tally.wrong).toBeGreaterThan(1_000);
    expect(tally.refused / tally.wrong).toBeGreaterThan(0.95);
  });
});
