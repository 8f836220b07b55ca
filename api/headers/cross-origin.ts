/** Pages of other hosts, such as dashboards, may read what is public, and nothing else. */
import type { MiddlewareHandler } from 'hono';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { REQUEST_ID } from './request-ids.js';

const READS = new Set(['GET', 'HEAD']);
/** Besides those that browsers show to scripts anyway. */
const SHOWN_HEADERS = ['etag', 'retry-after', REQUEST_ID].join(', ');
/** Browsers ask no more often than this about the same path. */
const PREFLIGHT_SECONDS = 86_400;

const PREFLIGHT = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': `if-none-match, ${REQUEST_ID}`,
  'access-control-max-age': String(PREFLIGHT_SECONDS),
};

/**
 * Answers the questions of browsers whether a page of another host may send a request. It stands before everything that
 * costs work. Throws METHOD_NOT_ALLOWED for anything but a read.
 */
export const preflights: MiddlewareHandler = async (c, next) => {
  const asked = c.req.header('access-control-request-method');
  if (c.req.method !== 'OPTIONS' || asked === undefined) return next();
  if (READS.has(asked)) return c.body(null, 204, PREFLIGHT);
  c.header('allow', 'GET, HEAD');
  throw new PoolError('METHOD_NOT_ALLOWED', 'Pages of other hosts may only read.');
};

/** Lets pages of other hosts read the answers to reads without a token, errors too. */
export const publicReads =
  (bringsToken: (c: Parameters<MiddlewareHandler>[0]) => boolean): MiddlewareHandler =>
  async (c, next) => {
    await next();
    if (!READS.has(c.req.method) || bringsToken(c)) return;
    c.res.headers.set('access-control-allow-origin', '*');
    c.res.headers.set('access-control-expose-headers', SHOWN_HEADERS);
  };
