/** Reads what clients send, and refuses what does not fit, by its name, before anything happens. */
import type { Context } from 'hono';
import { z } from 'zod';
import { parseEventTime } from '../client/event-times.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { findTextFault } from '../core/base/text.js';
import { parseAddress } from '../core/chain/checksums.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';
import type { Access } from './access.js';

const DEFAULT_PAGE_SIZE = 50;

/** A whole number in a query, in digits alone: `0x10` and `1e2` are mistakes. */
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

/** A time of an event, as ISO. */
export const eventTimeText = z.string().transform(parseEventTime);

/** A reason for the audit log that has a default. */
export const reasonText = z.string().trim().max(500);

/** What every decision says: a reason, which is kept in the audit log for later readers. */
export const decisionBody = z.strictObject({ reason: reasonText.min(1, 'say why') });

/** A decision that can be rehearsed. */
export const rehearsableBody = decisionBody.extend({ dryRun: z.boolean().default(false) });

/** Who acts, in the audit log. */
export const ACTOR = 'api';

/** The query of a list: its page, and the fields that it can be filtered by. */
export const listQuery = <Fields extends z.ZodRawShape>(fields: Fields) => pageQuery.extend(fields);

/** Reads the filter and the page of a list. */
export function readList<Schema extends typeof pageQuery>(c: Context, schema: Schema) {
  const { limit, cursor, ...filter } = readQuery(c, schema);
  return { filter, page: { limit, cursor } };
}

/** Reads and checks the query. It refuses a field that the schema does not name, and one that is given twice. */
export function readQuery<Schema extends z.ZodObject>(c: Context, schema: Schema): z.infer<Schema> {
  const given = Object.entries(c.req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice !== undefined) {
    throw new PoolError('REQUEST_INVALID', `The query does not fit: ${twice[0]} is given twice.`);
  }
  return read(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])), 'query');
}

/** Refuses any query where none is read: a misspelt filter would otherwise answer with everybody's rows. */
export function refuseQuery(c: Context): void {
  readQuery(c, noQuery);
}

/** Reads the body of a request that changes something, which needs the token. */
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
