/** How many requests the API answers, how long each takes, and how many fail. */
import type { ServerResponse } from 'node:http';
import { Counter, Histogram, type Registry } from 'prom-client';

const BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A stream of live changes lasts for as long as somebody looks at the page. */
const STREAM = 'text/event-stream';

export function measureRequests(registry: Registry) {
  const seconds = new Histogram({
    name: 'openpool_api_request_seconds',
    help: 'How long requests took that were not answered from the kept answers, by the class of their status.',
    labelNames: ['status'],
    buckets: BUCKETS_S,
    registers: [registry],
  });
  // A count that begins at one has not increased for Prometheus, so the first failure would not be seen.
  for (const status of ['2xx', '3xx', '4xx', '5xx']) seconds.zero({ status });
  let kept = 0;
  new Counter({
    name: 'openpool_api_kept_answers',
    help: 'Requests that got an answer which was made within the last second for another one.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(kept);
    },
  });
  return {
    countKept(): void {
      kept += 1;
    },
    /** Measures from now until the answer has been sent, or its reader has gone. */
    measure(outgoing: ServerResponse): void {
      const begunMs = performance.now();
      outgoing.once('close', () => {
        if (outgoing.getHeader('content-type') === STREAM) return;
        const status = `${Math.floor(outgoing.statusCode / 100)}xx`;
        seconds.observe({ status }, (performance.now() - begunMs) / 1_000);
      });
    },
  };
}
