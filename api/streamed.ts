/**
 * Sends long answers piece by piece. Each holds a connection to Postgres until it ends, so only a few run at the same
 * time, and a client that takes nothing for a while is cut off.
 */
import type { Context } from 'hono';
import { addressOf, type Shown } from './access.js';
import { Places } from './answers/places.js';

/** How many ms a client may take nothing. */
const PATIENCE_MS = 20_000;

const BUSY = 'Too many long answers are being sent at the same time.';
/** How many long answers a process sends at the same time. Strangers cannot take the places of those with a token. */
const TRUSTED = new Places({ most: 2, mostEach: 2, words: BUSY });
const STRANGERS = new Places({ most: 2, mostEach: 1, words: BUSY });

const STATEMENT = /^\/v1\/payees\/[^/]+\/statement$/;
const CREDITS = /^\/v1\/payouts\/[^/]+\/credits$/;

/** Whether a request's answer is sent piece by piece, and must therefore not be kept for others. */
export function isStreamed({ req }: Context): boolean {
  return STATEMENT.test(req.path) || (CREDITS.test(req.path) && req.query('format') === 'csv');
}

/** Who takes a long answer. */
interface Reader {
  readonly c: Context;
  readonly shows: Shown;
}

/**
 * Makes a response of the parts. An error before the first part is thrown; a later one breaks the answer off, so that
 * nobody takes a part for the whole. Throws API_BUSY when too many are being sent. Empty parts are not sent: with them, a
 * generator that works for long without a result learns that the client has gone.
 */
export async function streamed(
  { c, shows }: Reader,
  parts: AsyncGenerator<string>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const leave = (shows.words ? TRUSTED : STRANGERS).take(addressOf(c));
  const end = async () => {
    // This waits for a part that is being made: until then its connection is in use. Nobody is left to hear of an error.
    await parts.return(undefined).catch(() => undefined);
    leave();
  };
  try {
    const first = await parts.next();
    if (c.req.raw.method !== 'HEAD') return new Response(bodyOf(first, parts, end), { headers });
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
          let part = next ?? (await parts.next());
          next = undefined;
          while (part.done !== true && part.value === '') part = await parts.next();
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
