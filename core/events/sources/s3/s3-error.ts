/** Translates the errors of a storage into the codes of docs/operations.md. */

import { codeOf, fieldOf } from '../../../base/causes.js';
import type { PoolErrorCode } from '../../../base/errors/catalogue.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import { codeForStatus, isTlsCode } from '../connection.js';

/** Our error codes, by the name that S3 has for the error. */
const CODE_BY_NAME: Readonly<Record<string, PoolErrorCode>> = {
  NoSuchBucket: 'EVENT_SOURCE_BUCKET_MISSING',
  AccessDenied: 'EVENT_SOURCE_UNAUTHORIZED',
  InvalidAccessKeyId: 'EVENT_SOURCE_UNAUTHORIZED',
  SignatureDoesNotMatch: 'EVENT_SOURCE_UNAUTHORIZED',
  RequestTimeTooSkewed: 'EVENT_SOURCE_UNAUTHORIZED',
  AuthorizationHeaderMalformed: 'EVENT_SOURCE_BAD_REQUEST',
  PermanentRedirect: 'EVENT_SOURCE_BAD_REQUEST',
  InvalidObjectState: 'EVENT_SOURCE_FILE_UNREADABLE',
  TimeoutError: 'EVENT_SOURCE_TIMEOUT',
};

/** The name of an error is cut to this many characters; those of S3 are shorter. */
const MOST_NAME = 60;

/** Turns an error of the client into a PoolError; `what` is the bucket or the object that was asked for. */
export function s3Error(error: unknown, what: string): PoolError {
  if (error instanceof PoolError) return error;
  const said = textOf(error, 'name');
  const kind = said === 'Error' ? '' : `${foreignText(said, MOST_NAME)}: `;
  const message = `${what}: ${kind}${foreignText(textOf(error, 'message') || error)}`;
  return new PoolError(codeFor(error, said), message, {}, { cause: error });
}

/** Tells whether the error means that a listed object no longer exists. */
export function isVanished(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(textOf(error, 'name'));
}

function codeFor(error: unknown, name: string): PoolErrorCode {
  const known = Object.hasOwn(CODE_BY_NAME, name) ? CODE_BY_NAME[name] : undefined;
  if (known !== undefined) return known;
  if (isTlsCode(codeOf(error))) return 'EVENT_SOURCE_TLS';
  const status = fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? codeForStatus(status) : 'EVENT_SOURCE_UNREACHABLE';
}

function textOf(error: unknown, key: 'name' | 'message'): string {
  const value = fieldOf(error, key);
  return typeof value === 'string' ? value : '';
}
