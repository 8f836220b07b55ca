/** Reads and checks what clients send. Anything that does not fit is refused, by name, before anything happens. */
import type { Context } from 'hono';
import { z } from 'zod';
import { parseEventTime } from '../client/event-times.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { findTextFault } from '../core/base/text.js';
import { parseAddress } from '../core/chain/checksums.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';
import type { Access } from './access.js';

const DEFAULT_PAGE_SIZE = 50;

/** Makes the schema of a whole number in a query. Only digits are accepted: `0x10` and `1e2` are mistakes. */
export const wholeQuery = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'give a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

const pageQuery = z.strictObject({
  limit: wholeQuery(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().max(4_000).nullable().default(null),
});

const noQuery = z.strictObject({});

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

/** The audit log names this as the one who acted. */
export const ACTOR = 'api';

/** Makes the schema of a list's query: its page, and the fields by which it can be filtered. */
export const listQuery = <Fields extends z.ZodRawShape>(fields: Fields) => pageQuery.extend(fields);

/** Reads a list's filter and page from the query. */
export function readList<Schema extends typeof pageQuery>(c: Context, schema: Schema) {
  const { limit, cursor, ...filter } = readQuery(c, schema);
  return { filter, page: { limit, cursor } };
}

/** Reads and checks the query. Refuses a field that the schema does not name, and one that is given twice. */
export function readQuery<Schema extends z.ZodObject>(c: Context, schema: Schema): z.infer<Schema> {
  const given = Object.entries(c.req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice !== undefined) {
    throw new PoolError('REQUEST_INVALID', `The query does not fit: ${twice[0]} is given twice.`);
  }
  return read(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])), 'query');
}

/** Refuses any query on a route that takes none: a misspelt filter would otherwise return everybody's rows. */
export function refuseQuery(c: Context): void {
  readQuery(c, noQuery);
}

/** Checks the token, then reads the body of a request that changes something. */
export async function readOrder<Schema extends z.ZodType>(
  access: Access,
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
  access.requireToken(c);
  refuseQuery(c);
  const text = await c.req.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new PoolError('REQUEST_INVALID', 'The body is not JSON.');
  }
  return read(schema, body, 'body');
}

function read<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  where: string,
): z.infer<Schema> {
  const fault = findTextFault(input);
  if (fault !== undefined) {
    const place = fault.path.length === 0 ? '' : `${fault.path.join('.')}: `;
    throw new PoolError('REQUEST_INVALID', `The ${where} does not fit: ${place}${fault.why}.`);
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new PoolError('REQUEST_INVALID', `The ${where} does not fit: ${problems.join('; ')}.`);
}
