/** Turns an error into the answer of API and command line: code, message, help and HTTP status. */
import { ApplicationFailure } from '@temporalio/client';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { causesOf } from '../core/base/causes.js';
import { CATALOGUE, type PoolErrorCode } from '../core/base/errors/catalogue.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { withChecksums } from '../core/chain/checksums.js';
import { databaseRefusal, isDatabaseAway } from '../core/db/statement-error.js';

export interface ErrorAnswer {
  readonly status: ContentfulStatusCode;
  readonly body: {
    readonly code: PoolErrorCode;
    readonly message: string;
    /** What the reader of the error can do about it. */
    readonly help: string;
    readonly detail?: Readonly<Record<string, unknown>>;
  };
}

const REFUSED = {
  DATABASE_FORBIDDEN: 'Postgres does not let this process do that.',
  DATABASE_FULL: 'The disk of Postgres is full.',
  DATABASE_READ_ONLY: 'Postgres takes no writes: this database, or this session, is read-only.',
} as const;

/** Makes the answer for an error. One without a code of ours becomes INTERNAL, and its text is not shown. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  for (const cause of causesOf(error)) {
    if (cause instanceof PoolError) return answer(cause.code, cause.message, cause.detail);
    if (cause instanceof ApplicationFailure && isPoolErrorCode(cause.type)) {
      return answer(cause.type, cause.message, cause.details?.[0]);
    }
    if (isDatabaseAway(cause)) return answer('DATABASE_UNREACHABLE', 'Postgres does not answer.');
    if (isCut(cause)) return answer('API_BUSY', 'Postgres took too long to answer.');
    const refused = databaseRefusal(cause);
    if (refused !== undefined) return answer(refused, REFUSED[refused]);
  }
  return answer('INTERNAL', 'Something went wrong inside.');
}

/** Returns the code of an error that the same request would get again; undefined for errors that may pass. */
export function refusalOf(error: unknown): PoolErrorCode | undefined {
  const { code } = toErrorAnswer(error).body;
  return CATALOGUE[code].final ? code : undefined;
}

function answer(code: PoolErrorCode, message: string, detail?: unknown): ErrorAnswer {
  const { http, help } = CATALOGUE[code];
  const hasDetail = isRecord(detail) && Object.keys(detail).length > 0;
  const body = { code, message, help, ...(hasDetail ? { detail } : {}) };
  return { status: http, body: withChecksums(body) };
}

function isPoolErrorCode(type: string | null | undefined): type is PoolErrorCode {
  return typeof type === 'string' && Object.hasOwn(CATALOGUE, type);
}

/** Whether Postgres cancelled the statement (SQLSTATE 57014), because it took longer than its time-out. */
function isCut(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '57014';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
