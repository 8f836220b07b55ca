import { z } from 'zod';
import { duration, size } from './quantity.js';

const PATH = '/pool/events';

const endpoint = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    context.addIssue({ code: 'custom', message: 'give a URL with http:// or https://' });
    return z.NEVER;
  }
  if (url.username !== '' || url.password !== '') {
    context.addIssue({ code: 'custom', message: 'put user and password under basicAuth' });
    return z.NEVER;
  }
  url.search = '';
  url.hash = '';
  const folder = url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, '');
  url.pathname = `${folder.replace(/\/pool\/events$/, '')}${PATH}`;
  return url;
});

/** The options of a source of kind `orchestrator-http`. */
export const orchestratorHttpOptions = z.strictObject({
  /** The orchestrator's CLI address, or a reverse proxy's in front of it; `/pool/events` is added. */
  endpoint,
  /** `passwordFile` in the configuration. */
  basicAuth: z.strictObject({ user: z.string().min(1), password: z.string() }).optional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).default({}),
  /** Certificates to trust beside the well-known ones, as PEM; `caFile` in the configuration. */
  ca: z.string().includes('-----BEGIN CERTIFICATE-----').optional(),
  /** Trust whoever answers. Only for a network that nobody else is on. */
  insecure: z.boolean().default(false),
  /** Until the connection stands, TLS included. */
  connectTimeout: duration.default(10_000),
  /** Without a byte; the orchestrator gathers the whole answer before it sends the first. */
  idleTimeout: duration.default(120_000),
  totalTimeout: duration.default(6 * 3_600_000),
  maxAnswer: size.default(64 * 1_073_741_824),
  maxElement: size.default(1_048_576),
});
export type OrchestratorHttpOptions = z.output<typeof orchestratorHttpOptions>;
