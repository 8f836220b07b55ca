/**
 * Adds routes to the app, and checks what clients send them. Anything that does not fit is refused, by name, before
 * anything happens.
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { parseEventTime } from '../client/event-times.js';
import type { Role } from '../core/access/rules/roles.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { findTextFault } from '../core/base/text.js';
import { parseAddress } from '../core/chain/checksums.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';
import type { Access, Shown } from './access.js';
import type { About, AnswerOf, DescribedRoute, Status } from './openapi/about.js';

const DEFAULT_PAGE_SIZE = 50;

/** Makes the schema of a whole number in a query. Only digits are accepted: `0x10` and `1e2` are mistakes. */
export const wholeQuery = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'give a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most))
    .meta({ wire: { type: 'integer', minimum: least, maximum: most } });

/** The query of a list that has no filter. */
export const pageQuery = z.strictObject({
  limit: wholeQuery(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z
    .string()
    .max(4_000)
    .nullable()
    .meta({
      wire: { type: 'string', maxLength: 4_000, description: '`nextCursor` of the page before.' },
    })
    .default(null),
});

/** The query of a route that takes none: a misspelt filter would otherwise return everybody's rows. */
export const noQuery = z.strictObject({});

export const booleanQuery = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ wire: { type: 'boolean' } });

export const addressText = z
  .string()
  .transform(parseAddress)
  .meta({
    wire: {
      type: 'string',
      pattern: '^0x[0-9a-fA-F]{40}$',
      description: 'An address, in one case or with its EIP-55 checksum.',
    },
  });

/** An event's time, converted to ISO format. */
export const eventTimeText = z
  .string()
  .transform(parseEventTime)
  .meta({ wire: { type: 'string', description: 'A time with its zone, or a day.' } });

/** The reason of an action, for the audit log; for requests that have a default reason. */
export const reasonText = z
  .string()
  .trim()
  .max(500)
  .meta({ description: 'Kept in the audit log.' });

/** The body of every decision: a reason, which the audit log keeps. */
export const decisionBody = z.strictObject({ reason: reasonText.min(1, 'say why') });

export const dryRunField = z
  .boolean()
  .default(false)
  .meta({ description: 'Says what it would come to, and changes nothing.' });

/** The body of a decision that has a dry run. */
export const rehearsableBody = decisionBody.extend({ dryRun: dryRunField });

/** Makes the schema of a list's query: its page, and the fields by which it can be filtered. */
export const listQuery = <Fields extends z.ZodRawShape>(fields: Fields) => pageQuery.extend(fields);

/** What a handler may need to know of a request besides what was checked. */
interface Asked<Answer> {
  readonly c: Context;
  /** The part of the path that names one thing: its id or its address. */
  readonly id: string;
  readonly shows: Shown;
  /** Makes an answer with a status other than 200. */
  readonly answer: (status: Status, value: Answer) => Response;
}

/** Makes the answer: the value to send as JSON, or a response that has a status of its own. */
type Handle<Input, Answer extends z.ZodType> = (
  input: Input,
  asked: Asked<AnswerOf<Answer>>,
) => Promise<AnswerOf<Answer> | Response>;

export type Routes = ReturnType<typeof routesOf>;

/**
 * Adds routes, each with what the OpenAPI document says about it: a summary, the schema of its answer, its errors. What a
 * handler returns must fit the schema, and each answer of the tests is checked against the document. A new route needs
 * its `About` in `api/answers/`; then `npm run openapi` writes the types of the client.
 */
export function routesOf(app: Hono, access: Access) {
  const described: DescribedRoute[] = [];
  const askedOf = <Answer>(c: Context): Asked<Answer> => {
    const [id = ''] = Object.values<string>(c.req.param());
    return {
      c,
      id,
      get shows() {
        return access.shows(c);
      },
      answer: (status, value) => jsonOf(c, value, status),
    };
  };
  const answer = async <Input, Answer extends z.ZodType>(
    c: Context,
    input: Input,
    handle: Handle<Input, Answer>,
  ) => {
    const answered = await handle(input, askedOf(c));
    return answered instanceof Response ? answered : jsonOf(c, answered, 200);
  };
  const describePost = (path: string, body: z.ZodType, about: About) =>
    described.push({ ...about, method: 'post', path, query: noQuery, isStrict: true, body });
  const requireRole = (c: Context, role: Role | undefined) => {
    if (role !== undefined) access.requireRole(c, role);
  };
  return {
    /** All routes that were added. */
    described: described as readonly DescribedRoute[],
    /** Adds a route that reads one thing. Without a role it is public. */
    get<Schema extends z.ZodObject, Answer extends z.ZodType>(
      path: string,
      query: Schema,
      about: About<Answer>,
      handle: Handle<z.infer<Schema>, Answer>,
    ): void {
      described.push({ ...about, method: 'get', path, query, isStrict: true });
      app.get(path, async (c) => {
        requireRole(c, about.role);
        return answer(c, readQuery(c, query), handle);
      });
    },
    /** Adds a route that reads a list, whose query is divided into a filter and a page. */
    list<Schema extends typeof pageQuery, Answer extends z.ZodType>(
      path: string,
      query: Schema,
      about: About<Answer>,
      handle: Handle<ReturnType<typeof divide<Schema>>, Answer>,
    ): void {
      described.push({ ...about, method: 'get', path, query, isStrict: true });
      app.get(path, async (c) => {
        requireRole(c, about.role);
        return answer(c, divide(readQuery(c, query)), handle);
      });
    },
    /** Adds a route that changes something, for tokens of a role; the audit log names the token. */
    post<Schema extends z.ZodType<object>, Answer extends z.ZodType>(
      path: string,
      body: Schema,
      about: About<Answer> & { readonly role: Role },
      handle: Handle<z.infer<Schema> & { readonly actor: string }, Answer>,
    ): void {
      describePost(path, body, about);
      app.post(path, async (c) => {
        const actor = access.requireRole(c, about.role);
        return answer(c, { ...(await readBody(c, body)), actor }, handle);
      });
    },
    /** Adds a route that takes something from everybody, because what it brings proves itself. */
    receive<Schema extends z.ZodType<object>, Answer extends z.ZodType>(
      path: string,
      body: Schema,
      about: About<Answer>,
      handle: Handle<z.infer<Schema>, Answer>,
    ): void {
      describePost(path, body, about);
      app.post(path, async (c) => answer(c, await readBody(c, body), handle));
    },
    /** Adds a route that makes its response itself and takes any query. */
    raw(
      path: string,
      about: About & { readonly query?: z.ZodObject; readonly media?: string },
      handle: (asked: Asked<object>) => Response | Promise<Response>,
    ): void {
      const { query = noQuery, ...rest } = about;
      described.push({ ...rest, method: 'get', path, query, isStrict: false });
      app.get(path, async (c) => {
        requireRole(c, about.role);
        return handle(askedOf(c));
      });
    },
  };
}

function jsonOf(c: Context, value: unknown, status: Status): Response {
  return c.body(JSON.stringify(value), status, { 'content-type': 'application/json' });
}

/** Checks a list's query that a page was asked with, and divides it into a filter and a page. */
export const readListQuery = <Schema extends typeof pageQuery>(
  query: Readonly<Record<string, string>>,
  schema: Schema,
) => divide(read(schema, query, 'query'));

function divide<Schema extends typeof pageQuery>({ limit, cursor, ...filter }: z.infer<Schema>) {
  return { filter, page: { limit, cursor } };
}

/** Reads and checks the query. Refuses a field that the schema does not name, and one that is given twice. */
function readQuery<Schema extends z.ZodObject>(c: Context, schema: Schema): z.infer<Schema> {
  const given = Object.entries(c.req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice !== undefined) {
    throw new PoolError('REQUEST_INVALID', `The query does not fit: ${twice[0]} is given twice.`);
  }
  return read(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])), 'query');
}

async function readBody<Schema extends z.ZodType<object>>(
  c: Context,
  body: Schema,
): Promise<z.infer<Schema>> {
  readQuery(c, noQuery);
  return read(body, await readJson(c), 'body');
}

async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new PoolError('REQUEST_INVALID', 'The body is not JSON.');
  }
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  where: string,
): z.infer<Schema> {
  const fault = findTextFault(input);
  if (fault !== undefined) {
    throw new PoolError(
      'REQUEST_INVALID',
      `The ${where} does not fit: ${at(fault.path)}${fault.why}.`,
    );
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${at(path)}${message}`);
  throw new PoolError('REQUEST_INVALID', `The ${where} does not fit: ${problems.join('; ')}.`);
}

const at = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? '' : `${path.join('.')}: `;
