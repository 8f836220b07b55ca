/** Helpers for all sources that read over a network. */

const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

/** Tells whether the code of an error means that a TLS connection could not be made. */
export function isTlsCode(code: string): boolean {
  return TLS_CODE.test(code);
}

/**
 * Yields the chunks of an answer, and calls `onIdle` when none comes in time. The time limit runs only while we wait for
 * the server, not while it waits for us.
 */
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
