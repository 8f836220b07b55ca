/**
 * Adds routes to the app, and checks what clients send them. Anything that does not fit is refused, by name, before
 * anything happens.
 */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { parseEventTime } from '../client/event-times.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { findTextFault } from '../core/base/text.js';
import { parseAddress } from '../core/chain/checksums.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';
import type { Access, Shown } from './access.js';

const DEFAULT_PAGE_SIZE = 50;

/** Makes the schema of a whole number in a query. Only digits are accepted: `0x10` and `1e2` are mistakes. */
export const wholeQuery = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'give a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

/** The query of a list that has no filter. */
export const pageQuery = z.strictObject({
  limit: wholeQuery(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().max(4_000).nullable().default(null),
});

/** The query of a route that takes none: a misspelt filter would otherwise return everybody's rows. */
export const noQuery = z.strictObject({});

export const booleanQuery = z.enum(['true', 'false']).transform((text) => text === 'true');

export const addressText = z.string().transform(parseAddress);

/** An event's time, converted to ISO format. */
export const eventTimeText = z.string().transform(parseEventTime);

/** The reason of an action, for the audit log; for requests that have a default reason. */
export const reasonText = z.string().trim().max(500);

/** The body of every decision: a reason, which the audit log keeps. */
export const decisionBody = z.strictObject({ reason: reasonText.min(1, 'say why') });

/** The body of a decision that has a dry run. */
export const rehearsableBody = decisionBody.extend({ dryRun: z.boolean().default(false) });

/** Makes the schema of a list's query: its page, and the fields by which it can be filtered. */
export const listQuery = <Fields extends z.ZodRawShape>(fields: Fields) => pageQuery.extend(fields);

/** What a handler may need to know of a request besides what was checked. */
interface Asked {
  readonly c: Context;
  /** The part of the path that names one thing: its id or its address. */
  readonly id: string;
  readonly shows: Shown;
}

/** Makes the answer: the value to send as JSON, or a response that has a status of its own. */
type Handle<Input> = (input: Input, asked: Asked) => Promise<object>;

export type Routes = ReturnType<typeof routesOf>;

export function routesOf(app: Hono, access: Access) {
  const answer = async <Input>(c: Context, input: Input, handle: Handle<Input>) => {
    const [id = ''] = Object.values<string>(c.req.param());
    const asked = {
      c,
      id,
      get shows() {
        return access.shows(c);
      },
    };
    const answered = await handle(input, asked);
    return answered instanceof Response ? answered : c.json(answered);
  };
  return {
    /** Adds a route that reads one thing. */
    get<Schema extends z.ZodObject>(
      path: string,
      schema: Schema,
      handle: Handle<z.infer<Schema>>,
    ): void {
      app.get(path, async (c) => answer(c, readQuery(c, schema), handle));
    },
    /** Adds a route that reads a list, whose query is divided into a filter and a page. */
    list<Schema extends typeof pageQuery>(
      path: string,
      schema: Schema,
      handle: Handle<ReturnType<typeof divide<Schema>>>,
      { needsToken }: { readonly needsToken: boolean } = { needsToken: false },
    ): void {
      app.get(path, async (c) => {
        if (needsToken) access.requireToken(c);
        return answer(c, divide(readQuery(c, schema)), handle);
      });
    },
    /** Adds a route that changes something. It needs the token; the audit log names `api` as the one who acted. */
    post<Schema extends z.ZodType<object>>(
      path: string,
      schema: Schema,
      handle: Handle<z.infer<Schema> & { readonly actor: string }>,
    ): void {
      app.post(path, async (c) => {
        access.requireToken(c);
        readQuery(c, noQuery);
        return answer(c, { ...read(schema, await readJson(c), 'body'), actor: 'api' }, handle);
      });
    },
  };
}

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
