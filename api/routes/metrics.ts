/** Prometheus' text format. Without addresses, hosts and names of payees: whoever reaches the API may read it. */
import { Hono } from 'hono';
import { Registry } from 'prom-client';
import type { ApiDeps } from '../deps.js';
import { setPoolGauges } from '../metrics/pool-gauges.js';
import { readMetrics } from '../metrics/reading.js';
import { setSourceGauges } from '../metrics/source-gauges.js';

export function metricsRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/metrics', async (c) => {
    const reading = await readMetrics(deps);
    // One for each scrape: what the database says, and nothing that a process remembers.
    const registry = new Registry();
    registry.setDefaultLabels({ pool: deps.poolId });
    setPoolGauges(registry, reading);
    setSourceGauges(registry, reading);
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  }) as Hono;
}
