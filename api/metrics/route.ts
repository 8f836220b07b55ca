/** Prometheus' text format. Without addresses, hosts and names of payees: whoever reaches the API may read it. */
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import type { RunningPool } from '../../client/running-pool.js';
import type { WrongTokens } from '../wrong-tokens.js';
import { gauge } from './gauges.js';
import { setPoolGauges } from './pool-gauges.js';
import { readMetrics } from './reading.js';
import { setSourceGauges } from './source-gauges.js';

export function metricsRoutes(deps: RunningPool, wrong: WrongTokens): Hono {
  return new Hono().get('/metrics', async (c) => {
    const reading = await readMetrics(deps);
    // One for each scrape: what the database says; of what this process remembers, one count alone.
    const registry = new Registry();
    registry.setDefaultLabels({ pool: deps.poolId });
    setPoolGauges(registry, reading);
    setSourceGauges(registry, reading);
    gauge(registry, 'api_wrong_tokens', 'Wrong tokens that this API was sent since it started.', [
      [wrong.total(), {}],
    ]);
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  }) as Hono;
}
