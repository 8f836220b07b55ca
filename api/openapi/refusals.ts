/** The errors with which routes answer, as the OpenAPI document has them. */
import { CATALOGUE, type PoolErrorCode } from '../../core/base/errors/catalogue.js';
import type { DescribedRoute } from './about.js';
import type { Json } from './schemas.js';

/** With these every route may answer: it could not ask Postgres, too much was asked, or the manager has a fault. */
const ALWAYS = [
  'INTERNAL',
  'API_BUSY',
  'DATABASE_UNREACHABLE',
  'DATABASE_FORBIDDEN',
  'DATABASE_READ_ONLY',
  'DATABASE_FULL',
] as const;
const WITH_ROLE = [
  'API_TOKEN_WRONG',
  'API_TOKEN_ROLE_TOO_LOW',
  'API_TOKEN_TRIED_TOO_OFTEN',
] as const;

/** The errors that whole kinds of routes have. */
const USUAL: ReadonlySet<PoolErrorCode> = new Set([
  ...ALWAYS,
  ...WITH_ROLE,
  'REQUEST_INVALID',
  'ROUTE_NOT_FOUND',
  'BODY_TOO_LARGE',
]);

/** Returns all errors with which a route may answer. */
export function errorsOf(route: DescribedRoute): readonly PoolErrorCode[] {
  const { method, path, query, role, errors = [], isStrict } = route;
  const codes: PoolErrorCode[] = [...errors, ...ALWAYS];
  if (isStrict) codes.push('REQUEST_INVALID');
  if ('cursor' in query.shape) codes.push('CURSOR_MALFORMED');
  if (path.includes(':')) codes.push('ROUTE_NOT_FOUND');
  if (method === 'post') codes.push('BODY_TOO_LARGE');
  if (role !== undefined) codes.push(...WITH_ROLE);
  return [...new Set(codes)].sort();
}

export interface Refusal {
  readonly status: number;
  /** What the refusals of most routes with this status have in common; undefined when the route has its own. */
  readonly name: string | undefined;
  readonly description: string;
  readonly schema: Json;
}

/** Returns the refusals of a route, one for each status. */
export function refusalsOf(route: DescribedRoute): readonly Refusal[] {
  const codes = errorsOf(route);
  const statuses = [...new Set(codes.map((code) => CATALOGUE[code].http))];
  return statuses.map((status) => {
    const those = codes.filter((code) => CATALOGUE[code].http === status);
    const [own, ...more] = those.filter((code) => !USUAL.has(code));
    const usual = those
      .filter((code) => USUAL.has(code))
      .map(pascal)
      .join('');
    return {
      status,
      name: more.length > 0 ? undefined : nameOf(status, usual, own),
      description: `Refused: ${those.join(', ')}.`,
      schema: {
        allOf: [
          { $ref: '#/components/schemas/Error' },
          { type: 'object', properties: { code: { type: 'string', enum: those } } },
        ],
      },
    };
  });
}

const SERVER_ERROR = 500;

/** Names a refusal by its status and codes; those that every route has are left out. */
function nameOf(status: number, usual: string, own: PoolErrorCode | undefined): string {
  const shown = status >= SERVER_ERROR ? '' : usual;
  return `Refused${status}${shown}${own === undefined ? '' : pascal(own)}`;
}

const pascal = (code: string): string =>
  code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The body of every refusal. */
export function errorSchema(routes: readonly DescribedRoute[]): Json {
  return {
    type: 'object',
    description: 'Why a request was refused.',
    properties: {
      code: { type: 'string', enum: [...new Set(routes.flatMap(errorsOf))].sort() },
      message: { type: 'string', description: 'What is wrong, in a sentence.' },
      help: { type: 'string', description: 'What to do about it.' },
      detail: { type: 'object', description: 'The figures of the message, for programs.' },
      requestId: { type: 'string', description: 'As in `X-Request-Id`, and in the log.' },
    },
    required: ['code', 'message', 'help'],
  };
}
