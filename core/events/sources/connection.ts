/** Helpers for all sources that read over a network. */

import type { PoolErrorCode } from '../../base/errors/catalogue.js';

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** Tells whether the code of an error means that a TLS connection could not be made. */
export function isTlsCode(code: string): boolean {
  return TLS_CODE.test(code);
}

/** Returns our error code for a status that says that a request was not answered as asked. */
export function codeForStatus(status: number): PoolErrorCode {
  if (status === 400) return 'EVENT_SOURCE_BAD_REQUEST';
  return status === 401 || status === 403
    ? 'EVENT_SOURCE_UNAUTHORIZED'
    : 'EVENT_SOURCE_HTTP_STATUS';
}

/** Yields an answer's chunks; calls `onIdle` when none comes in time, not counting the time that we take. */
export async function* withIdleLimit<Chunk>(
  answer: AsyncIterable<Chunk>,
  idleMs: number,
  onIdle: () => void,
): AsyncGenerator<Chunk> {
  const chunks = answer[Symbol.asyncIterator]();
  for (;;) {
    const timer = setTimeout(onIdle, idleMs);
    const next = await chunks.next().finally(() => clearTimeout(timer));
    if (next.done === true) return;
    yield next.value;
  }
}
