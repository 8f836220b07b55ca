/**
 * A typed client of the API, for programs outside this project: `openpool/client`. Its types are made from the OpenAPI
 * document, `npm run openapi`.
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './api-types.js';

export type PoolClient = Client<paths>;

/** What the API answers, by the names of the OpenAPI document: `Answers['Payout']`. */
export type Answers = components['schemas'];

export interface PoolClientOptions {
  /** Where the API listens, such as `https://pool.example`. */
  readonly url: string;
  /** A token, for what is not public. @default none */
  readonly token?: string | undefined;
  /** How requests are sent. @default the platform's `fetch` */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * Makes a client: `client.GET('/v1/payees/{address}', { params: { path: { address } } })`. A call resolves with `data`, or
 * with `error`: code, message and help. It rejects only when no answer came.
 */
export function createPoolClient({ url, token, fetch }: PoolClientOptions): PoolClient {
  return createClient<paths>({
    baseUrl: url,
    ...(fetch === undefined ? {} : { fetch }),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    // The API takes several values of a field with commas, and refuses a field that is given twice.
    querySerializer: { array: { style: 'form', explode: false } },
  });
}
