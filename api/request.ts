/** Reading what clients send: whatever does not fit is refused by name before anything happens. */
import type { Context } from 'hono';
import { z } from 'zod';
import { PoolError } from '../core/base/errors/pool-error.js';
import { findTextFault } from '../core/base/text.js';
import { parseAddress } from '../core/chain/checksums.js';
import { MAX_PAGE_SIZE } from '../core/db/paging.js';

const DEFAULT_PAGE_SIZE = 50;

/** A whole number in a query, in digits alone: `0x10` and `1e2` are slips. */
export const wholeQuery = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'give a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most));

export const pageQuery = z.strictObject({
  limit: wholeQuery(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().max(4_000).nullable().default(null),
});

const noQuery = z.strictObject({});

export const booleanQuery = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Kept in the audit log: something a reader can use later. */
export const reasonText = z.string().trim().max(500);

export const addressText = z.string().transform(parseAddress);

/** The query, checked. A field that the schema does not name is refused, and so is one that is given twice. */
export function readQuery<Schema extends z.ZodObject>(c: Context, schema: Schema): z.infer<Schema> {
  const given = Object.entries(c.req.queries());
  const twice = given.find(([, values]) => values.length > 1);
  if (twice !== undefined) {
    throw new PoolError('REQUEST_INVALID', `The query does not fit: ${twice[0]} is given twice.`);
  }
  return read(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])), 'query');
}

/** Refuses whatever a query says where none is read: a slip would answer with everybody's rows. */
export function refuseQuery(c: Context): void {
  readQuery(c, noQuery);
}

export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
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
