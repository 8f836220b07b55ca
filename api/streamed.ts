/**
 * Sends long answers piece by piece. Each holds a connection to Postgres until it ends, so only a few run at the same
 * time, and a client that takes nothing for a while is cut off.
 */
import type { Context } from 'hono';
import { PoolError } from '../core/base/errors/pool-error.js';

/** How many long answers a process sends at the same time. */
const AT_ONCE = 2;
/** How many ms a client may take nothing. */
const PATIENCE_MS = 20_000;

let running = 0;

/** Whether a request's answer is sent piece by piece, and must therefore not be kept for others. */
export function isStreamed({ req }: Context): boolean {
  return req.path.endsWith('/statement') || req.query('format') === 'csv';
}

/**
 * Makes a response of the parts. An error before the first part is thrown; a later one breaks the answer off, so that
 * nobody takes a part for the whole. Throws API_BUSY when too many are being sent.
 */
export async function streamed(
  { req }: Context,
  parts: AsyncGenerator<string>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  if (running >= AT_ONCE) {
    throw new PoolError('API_BUSY', 'Too many long answers are being sent at the same time.');
  }
  running += 1;
  let isOver = false;
  const end = async () => {
    if (isOver) return;
    isOver = true;
    running -= 1;
    await parts.return(undefined);
  };
  try {
    const first = await parts.next();
    if (req.raw.method !== 'HEAD') return new Response(bodyOf(first, parts, end), { headers });
    await end();
    return new Response(null, { headers });
  } catch (error) {
    await end();
    throw error;
  }
}

function bodyOf(
  first: IteratorResult<string>,
  parts: AsyncGenerator<string>,
  end: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: IteratorResult<string> | undefined = first;
  let patience: NodeJS.Timeout | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        clearTimeout(patience);
        try {
          const part = next ?? (await parts.next());
          next = undefined;
          if (part.done === true) {
            await end();
            controller.close();
            return;
          }
          controller.enqueue(encoder.encode(part.value));
          patience = setTimeout(() => {
            controller.error(new Error('the client takes nothing'));
            void end();
          }, PATIENCE_MS);
          patience.unref();
        } catch (error) {
          await end();
          throw error;
        }
      },
      async cancel() {
        clearTimeout(patience);
        await end();
      },
    },
    { highWaterMark: 0 },
  );
}
