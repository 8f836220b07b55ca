/** Translates the errors of a storage into the codes of docs/operations.md. */

import type { PoolErrorCode } from '../../../base/errors/catalogue.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import { isTlsCode } from '../connection.js';

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

/**
 * Turns an error of the client into a PoolError.
 *
 * @param what the bucket or the object that was asked for
 */
export function s3Error(error: unknown, what: string): PoolError {
  if (error instanceof PoolError) return error;
  const said = textOf(error, 'name');
  const kind = said === 'Error' ? '' : `${foreignText(said, MOST_NAME)}: `;
  const message = `${what}: ${kind}${foreignText(textOf(error, 'message') === '' ? error : textOf(error, 'message'))}`;
  return new PoolError(codeOf(error, said), message, {}, { cause: error });
}

/** Tells whether the error means that a listed object no longer exists. */
export function isVanished(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(textOf(error, 'name'));
}

function codeOf(error: unknown, name: string): PoolErrorCode {
  if (Object.hasOwn(CODE_BY_NAME, name)) return CODE_BY_NAME[name] ?? 'EVENT_SOURCE_HTTP_STATUS';
  if (isTlsCode(textOf(error, 'code'))) return 'EVENT_SOURCE_TLS';
  switch (statusOf(error)) {
    case undefined:
      return 'EVENT_SOURCE_UNREACHABLE';
    case 400:
      return 'EVENT_SOURCE_BAD_REQUEST';
    case 401:
    case 403:
      return 'EVENT_SOURCE_UNAUTHORIZED';
    default:
      return 'EVENT_SOURCE_HTTP_STATUS';
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  if (!('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function textOf(error: unknown, key: 'name' | 'code' | 'message'): string {
  if (typeof error !== 'object' || error === null) return key === 'message' ? String(error) : '';
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : '';
}
