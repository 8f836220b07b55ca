/** Each request has an id: it stands in the header of the answer, in the body of an error, and in the log. */
import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { requestId } from 'hono/request-id';

export const REQUEST_ID = 'x-request-id';
const LONGEST = 100;

export const newRequestId = (): string => randomUUID();

/** Kept by its request, which is passed on to the apps that read. */
const ids = new WeakMap<Request, string>();

const assign = requestId({
  headerName: REQUEST_ID,
  limitLength: LONGEST,
  generator: newRequestId,
});

/**
 * Gives the request its id: the one that it brings when that has up to 100 letters, digits, `_`, `-` and `=`, otherwise
 * a new one.
 */
export const requestIds: MiddlewareHandler = (c, next) =>
  assign(c, async () => {
    ids.set(c.req.raw, c.get('requestId'));
    await next();
    // An answer that was made for many has no id yet.
    c.res.headers.set(REQUEST_ID, c.get('requestId'));
  });

/** Returns the id of a request; undefined for one that the API makes itself, whose answer is for many. */
export const requestIdOf = (c: Context): string | undefined =>
  c.get('requestId') ?? ids.get(c.req.raw);

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer<ArrayBuffer>;
}

/** Adds the request's id to the body of an error that was made for many. Other bodies stay as they are. */
export function withRequestId({ headers, body }: Answer, c: Context): Answer {
  if (headers['content-type']?.startsWith('application/json') !== true) return { headers, body };
  const error: unknown = JSON.parse(body.toString('utf8'));
  const text = JSON.stringify({ ...Object(error), requestId: requestIdOf(c) });
  const { 'content-length': _, ...rest } = headers;
  return { headers: rest, body: Buffer.from(text) };
}
