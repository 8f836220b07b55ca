/**
 * Serves the gauges in Prometheus' text format. Everybody may read them, so they contain no addresses, hosts or names
 * of payees.
 */
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
    // Makes a new registry for each scrape, because all values but the count of wrong tokens come from the database.
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
