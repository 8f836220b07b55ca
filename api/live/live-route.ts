/** `/v1/live`: tells browsers that their page has changed, by server-sent events. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { z } from 'zod';
import { toChecksum } from '../../core/chain/checksums.js';
import { addressOf } from '../access.js';
import { addressText, type Routes } from '../request.js';
import { LIVE } from '../schemas/plain.js';
import type { LiveHub, Topic } from './live-hub.js';

/** A stream ends after this many ms, before the API cuts answers that take too long; browsers connect again. */
const STREAM_MS = 25_000;
/** How many ms a browser waits before it connects again. */
const RETRY_MS = 500;
/** A line without meaning is sent this often, so that no proxy takes the stream for dead. */
const HEARTBEAT_MS = 10_000;

/** Whether a reader takes the stream of events, by its header Accept; others are told the state of now. */
export const takesEvents = (accept: string | undefined): boolean =>
  accept?.includes('text/event-stream') === true;

const HEADERS = {
  'content-type': 'text/event-stream',
  // A proxy that collects an answer before it passes it on would keep every event back.
  'x-accel-buffering': 'no',
};

const liveQuery = z.strictObject({ payee: addressText.optional() });

export function liveRoutes(routes: Routes, hub: LiveHub): void {
  routes.get('/v1/live', liveQuery, LIVE, async ({ payee }, { c }) => {
    const topic = payee ?? 'pool';
    if (takesEvents(c.req.header('accept'))) {
      // Nobody would read the stream of a HEAD, nor end it.
      return c.req.raw.method === 'HEAD' ? c.body(null, 200, HEADERS) : stream(c, hub, topic);
    }
    const id = idOf(await hub.pulseOf(topic));
    return { topic: payee === undefined ? 'pool' : toChecksum(payee), id };
  });
}

/** The id of a state: the same for the same state in every process, and no part of an amount. */
const idOf = (pulse: string): string =>
  createHash('sha256').update(pulse).digest('base64url').slice(0, 16);

function stream(c: Context, hub: LiveHub, topic: Topic): Response {
  let leave = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder();
      const send = (lines: string) => controller.enqueue(encoder.encode(`${lines}\n\n`));
      const end = () => {
        leave();
        controller.close();
      };
      const listener = (pulse: string | null) => {
        if (pulse === null) end();
        else send(`event: state\ndata: ${idOf(pulse)}`);
      };
      const unwatch = hub.watch(topic, listener, addressOf(c));
      const heartbeat = setInterval(() => send(': still here'), HEARTBEAT_MS);
      const life = setTimeout(end, STREAM_MS);
      leave = () => {
        clearInterval(heartbeat);
        clearTimeout(life);
        unwatch();
      };
      send(`retry: ${RETRY_MS}`);
    },
    cancel: () => leave(),
  });
  return c.body(body, 200, HEADERS);
}
