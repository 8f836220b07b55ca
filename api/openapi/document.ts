/**
 * Makes the OpenAPI document from what the routes say about themselves (api/request.ts) and from the schemas with which
 * they check requests, so that nothing is said twice.
 */
import type { z } from 'zod';
import type { DescribedRoute } from './about.js';
import { errorSchema, refusalsOf } from './refusals.js';
import { type Json, toJsonSchema } from './schemas.js';

export interface OpenApiDocument extends Json {
  readonly info: Json & { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Components;
}

export interface Components {
  readonly schemas: Record<string, Json>;
  readonly responses: Record<string, AnswerObject>;
  readonly securitySchemes: Json;
}

export interface Operation extends Json {
  readonly operationId: string;
  /** The role that a token needs. */
  readonly 'x-role'?: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, AnswerObject | Reference>>;
}

export interface Parameter extends Json {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

export interface Body extends Json {
  readonly content: Readonly<Record<string, { readonly schema: Json }>>;
}

export interface AnswerObject extends Partial<Body> {
  readonly description: string;
}

export interface Reference {
  readonly $ref: string;
}

const JSON_MEDIA = 'application/json';

const DESCRIPTION =
  'The API of a Livepeer open pool. Amounts are decimal strings of wei with ETH next to them, addresses are EIP-55, ' +
  'times are ISO 8601 in UTC. Everything but what names a role is public; a token shows more of it.';

const NOT_MODIFIED = { description: 'What `If-None-Match` names still holds.' };

const TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description: 'A token that `openpool token create` made, with the role read, operate or admin.',
};

export function buildDocument(routes: readonly DescribedRoute[], version: string): OpenApiDocument {
  const components: Components = {
    schemas: { Error: errorSchema(routes) },
    responses: { NotModified: NOT_MODIFIED },
    securitySchemes: { token: TOKEN },
  };
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'openpool',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The pool that serves this document.' }],
    security: [],
    tags: tagsOf(routes),
    paths: sorted(paths),
    components: {
      schemas: sorted(components.schemas),
      responses: sorted(components.responses),
      securitySchemes: components.securitySchemes,
    },
  };
}

/** The groups of routes: what each is about, and the first parts of the paths in `/v1` that belong to it. */
const GROUPS = [
  [
    'pool',
    'The pool as a whole: totals, terms, what needs a hand, who decided what, and what was told.',
    ['pool', 'terms', 'days', 'operator', 'audit-log', 'notices'],
  ],
  [
    'payees',
    'Payees and their remote workers: what they earned, and when they are paid.',
    ['payees', 'workers'],
  ],
  [
    'payouts',
    'Payouts, rounds and the wallet that pays.',
    ['payouts', 'round', 'rounds', 'wallet'],
  ],
  [
    'events',
    'Where events come from, and what could not be counted or credited.',
    ['sources', 'sync', 'findings', 'set-aside', 'unattributed', 'adjustments'],
  ],
  [
    'checks',
    'Chain against ledger, balances against events, and archived months.',
    ['reconciliation', 'rebuild', 'archives'],
  ],
  [
    'manager',
    'Probes, metrics, this document, and what the first manager answered.',
    ['health', 'ready'],
  ],
] as const;

const MANAGER = 'manager';

/** Returns the name of the group that a route belongs to. One that no group lists is a group of its own. */
function tagOf({ path }: DescribedRoute): string {
  const [, version, first = ''] = path.split('/');
  if (version !== 'v1') return MANAGER;
  return GROUPS.find(([, , parts]) => parts.some((part) => part === first))?.[0] ?? first;
}

function tagsOf(routes: readonly DescribedRoute[]) {
  const own = new Set(routes.map(tagOf));
  const listed = GROUPS.map(([name, description]) => ({
    name: String(name),
    description: String(description),
  }));
  const others = [...own].filter((name) => !listed.some((group) => group.name === name));
  const further = others.map((name) => ({ name, description: `What \`/v1/${name}\` answers.` }));
  return [...listed, ...further].filter(({ name }) => own.has(name));
}

function operationOf(route: DescribedRoute, components: Components): Operation {
  const { method, path, summary, body, role } = route;
  const id = path.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string = '') => next.toUpperCase());
  return {
    operationId: `${method}${id}`,
    summary,
    ...(role === undefined
      ? {}
      : { description: `Needs a token with the role \`${role}\`.`, 'x-role': role }),
    tags: [tagOf(route)],
    security: role === undefined ? [{}, { token: [] }] : [{ token: [] }],
    parameters: [...pathParameters(path), ...otherParameters(route, components)],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, ...contentOf(toJsonSchema(body, components.schemas)) } }),
    responses: responsesOf(route, components),
  };
}

const CSV_MEDIA = 'text/csv';

const contentOf = (schema: Json, media = JSON_MEDIA) => {
  const content: Record<string, { schema: Json }> = { [media]: { schema } };
  return { content };
};

/** What the parts of a path take that are not any text. */
const PATH_FIELDS: Readonly<Record<string, Json>> = {
  address: { type: 'string', pattern: '^0x[0-9a-fA-F]{40}$' },
};

function pathParameters(path: string): readonly Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: PATH_FIELDS[name] ?? { type: 'string' },
  }));
}

function otherParameters(
  { query, headers = {} }: DescribedRoute,
  { schemas }: Components,
): readonly Parameter[] {
  const fields = [
    ...Object.entries<z.ZodType>(query.shape).map((entry) => ['query', ...entry] as const),
    ...Object.entries(headers).map((entry) => ['header', ...entry] as const),
  ];
  return fields.map(([where, name, field]) => {
    const { description, ...schema } = toJsonSchema(field, schemas);
    return {
      name,
      in: where,
      required: !field.safeParse(undefined).success,
      ...(typeof description === 'string' ? { description } : {}),
      // Several values stand in one field, with commas.
      ...(schema['type'] === 'array' ? { style: 'form', explode: false } : {}),
      schema,
    };
  });
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  200: 'The answer.',
  201: 'It was made.',
  202: 'It goes on by itself.',
  503: 'It is not ready.',
};

function responsesOf(route: DescribedRoute, components: Components): Operation['responses'] {
  const { statuses = [200], media, hasCsv = false, stream } = route;
  const schema = toJsonSchema(route.answer, components.schemas);
  const responses: Record<string, AnswerObject | Reference> = {};
  for (const status of statuses) {
    const { content } = contentOf(schema, media);
    if (hasCsv) content[CSV_MEDIA] = { schema: { type: 'string' } };
    if (stream !== undefined) content[stream] = { schema: { type: 'string' } };
    responses[status] = { description: STATUS_WORDS[status] ?? '', content };
  }
  if (route.method === 'get' && route.role === undefined && route.isAlwaysNew !== true) {
    responses[304] = { $ref: '#/components/responses/NotModified' };
  }
  for (const { status, name, description, schema: refusal } of refusalsOf(route)) {
    if (statuses.some((one) => one === status)) {
      const either = contentOf({ anyOf: [schema, refusal] });
      responses[status] = { description: `${STATUS_WORDS[status]} ${description}`, ...either };
    } else if (name === undefined) {
      responses[status] = { description, ...contentOf(refusal) };
    } else {
      components.responses[name] = { description, ...contentOf(refusal) };
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return responses;
}

const sorted = <Value>(record: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
