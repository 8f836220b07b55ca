/**
 * The pool's file as JSON Schema, for editors and for programs that write such files: from the schema that reads it. What
 * it refuses, a start refuses too. It lets more pass: what depends on other files, on other keys, or on arithmetic.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { asWritten } from './reading/kinds.js';
import { configSchema } from './schema.js';

/** A node of a JSON Schema of draft 7, which more editors know than any later one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly description?: string;
}

/** The environment may fill in a text, or a part of it. */
const FILLED_IN = '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}';

/** Makes the schema. Its descriptions are the comments of `example`, a file in which every key has one. */
export function configJsonSchema(example = readExample()): JsonSchema {
  const made = z.toJSONSchema(configSchema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      const keywords = asWritten.get(zodSchema);
      // Zod keeps its own union beside it otherwise, which lets pass what these keywords refuse.
      if (keywords?.['type'] !== undefined) delete jsonSchema.anyOf;
      Object.assign(jsonSchema, keywords);
    },
  }) as JsonSchema;
  return {
    ...describe(asPeopleWrite(made), '', commentsOf(example)),
    title: 'The configuration of an openpool',
  };
}

/** Allows `${NAME}` in texts, and empty keys, which count as absent. */
function asPeopleWrite(node: JsonSchema): JsonSchema {
  const { properties, items, additionalProperties, anyOf, required = [] } = node;
  const values = Object.entries(properties ?? {}).map(([key, inner]) => {
    const written = asPeopleWrite(inner);
    return [key, required.includes(key) ? written : orEmpty(written)];
  });
  return allowFilledIn({
    ...node,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(values) }),
    ...(items === undefined ? {} : { items: asPeopleWrite(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: orEmpty(asPeopleWrite(additionalProperties)) }
      : {}),
    ...(anyOf === undefined || node['type'] === 'object'
      ? {}
      : { anyOf: anyOf.map(asPeopleWrite) }),
  });
}

function allowFilledIn(node: JsonSchema): JsonSchema {
  if (![node.type].flat().includes('string')) return node;
  const { minLength, enum: names, pattern, ...rest } = node;
  if (names !== undefined) {
    const { type, ...others } = rest;
    return {
      ...others,
      anyOf: [
        { type, enum: names },
        { type, pattern: FILLED_IN },
      ],
    };
  }
  // Blanks around a text are cut off, so that a text of blanks alone is empty.
  const own = pattern ?? (minLength === undefined ? undefined : '\\S');
  if (own === undefined || own === '\\S') return { ...rest, ...(own && { pattern: own }) };
  return { ...rest, pattern: `${own}|${FILLED_IN}` };
}

function orEmpty(node: JsonSchema): JsonSchema {
  const { default: fallback, description, ...rest } = node;
  const kept = {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
  if (Object.keys(rest).length === 0) return node;
  const isPlain = ['anyOf', 'oneOf', 'not', 'if', 'enum'].every((keyword) => !(keyword in rest));
  if (isPlain && rest.type !== undefined) {
    return { ...kept, ...rest, type: [rest.type].flat().concat('null') as string[] };
  }
  return { ...kept, anyOf: [rest, { type: 'null' }] };
}

/** Adds the descriptions; `path` is that of the node, such as `pool.terms`. Items of a list are at the list's path. */
function describe(
  node: JsonSchema,
  path: string,
  comments: ReadonlyMap<string, string>,
): JsonSchema {
  const description = comments.get(path);
  const { properties, items, anyOf } = node;
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  return {
    ...(description === undefined ? {} : { description }),
    ...node,
    ...(items === undefined ? {} : { items: describe(items, path, withoutThat(comments, path)) }),
    ...(anyOf === undefined
      ? {}
      : { anyOf: anyOf.map((one) => describe(one, path, withoutThat(comments, path))) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, inner]) => [
              key,
              describe(inner, below(key), comments),
            ]),
          ),
        }),
  };
}

/** The comments without that of the path itself, which stands on the node around. */
function withoutThat(
  comments: ReadonlyMap<string, string>,
  path: string,
): ReadonlyMap<string, string> {
  return new Map([...comments].filter(([at]) => at !== path));
}

/**
 * Reads the comment above each key, by the key's path. A key that is switched off ("#key:") counts, and a comment may
 * stand above several keys: it is the first one's.
 */
function commentsOf(example: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const above: { readonly indent: number; readonly key: string }[] = [];
  let comment: string[] = [];
  for (const line of example.split('\n')) {
    const words = /^\s*# (.*)$/.exec(line)?.[1];
    const [, blanks = '', dash = '', key] = /^(\s*)(- )?#?(\w+):/.exec(line) ?? [];
    if (words !== undefined) comment.push(words.trim());
    else if (key === undefined) comment = [];
    else {
      const indent = blanks.length + dash.length;
      while ((above.at(-1)?.indent ?? -1) >= indent) above.pop();
      above.push({ indent, key });
      const path = above.map((one) => one.key).join('.');
      if (comment.length > 0 && !found.has(path)) found.set(path, comment.join(' '));
      comment = [];
    }
  }
  return found;
}

/** Reads the example that is part of the package; empty when it is not there, as in an image without it. */
function readExample(): string {
  const places = ['../pools/openpool.yaml', '../../pools/openpool.yaml'];
  const found = places.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(url));
  return found === undefined ? '' : readFileSync(found, 'utf8');
}
