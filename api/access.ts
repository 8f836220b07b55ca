import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import type { Config } from '../config.js';
import { PoolError } from '../domain/pool-error.js';

/** Who may do and see what: one bearer token, for everything that is not public. */
export interface Access {
  /** Throws unless the request brings the configured token. */
  requireToken(c: Context): void;
  /** Whether this request brings the configured token. */
  bringsToken(c: Context): boolean;
  /** Whether this request may see where workers and orchestrators can be reached. */
  showsAddresses(c: Context): boolean;
}

export function createAccess(api: Config['api']): Access {
  const expected = api.token === null ? undefined : digest(api.token);
  const bringsToken = (c: Context): boolean => {
    const [, token] = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '') ?? [];
    if (expected === undefined || token === undefined) return false;
    return timingSafeEqual(digest(token), expected);
  };
  return {
    requireToken(c) {
      if (expected === undefined) {
        throw new PoolError(
          'API_TOKEN_UNSET',
          'No token is configured, so this API only answers what is public.',
        );
      }
      if (bringsToken(c)) return;
      const isMissing = c.req.header('authorization') === undefined;
      c.header('www-authenticate', 'Bearer');
      throw new PoolError(
        'API_TOKEN_WRONG',
        isMissing ? 'This needs a token.' : 'This is not the configured token.',
      );
    },
    bringsToken,
    showsAddresses: (c) => api.showConnections || bringsToken(c),
  };
}

/** Digests have one length: comparing them tells nothing about the token's own. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The text without URLs, IP addresses and the host of this endpoint. */
export function withoutAddresses(text: string | null, endpoint = ''): string | null {
  if (text === null) return null;
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  const shown = text
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)\]]+/gi, '[address]')
    .replace(/\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b/g, '[address]')
    .replace(/\[?\b(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}\b\]?(:\d+)?/gi, '[address]');
  return host === '' ? shown : shown.replaceAll(host, '[address]');
}
