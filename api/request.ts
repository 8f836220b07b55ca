/** Reading what clients send: whatever does not fit is refused by name before anything happens. */
import type { Context } from 'hono';
import { z } from 'zod';
import { PoolError } from '../domain/pool-error.js';
import { MAX_PAGE_SIZE } from '../store/page-cursor.js';
import { parseAddress } from './addresses.js';

const DEFAULT_PAGE_SIZE = 50;

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z.string().max(4_000).nullable().default(null),
});

export const booleanQuery = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Kept in the audit log: something a reader can use later. */
export const reasonText = z.string().trim().max(500);

export const addressText = z.string().transform(parseAddress);

export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.infer<Schema> {
  return read(schema, c.req.query(), 'query');
}

export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
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
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new PoolError('REQUEST_INVALID', `The ${where} does not fit: ${problems.join('; ')}.`);
}
