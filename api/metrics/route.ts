/**
 * Serves the gauges in Prometheus' text format. Everybody may read them, so they contain no addresses, hosts or names
 * of payees.
 */
import { Registry } from 'prom-client';
import type { RunningPool } from '../../client/running-pool.js';
import type { Access } from '../access.js';
import type { Routes } from '../request.js';
import { METRICS } from '../schemas/plain.js';
import { gaugesOf } from './gauges.js';
import { setGuardGauges } from './guard-gauges.js';
import { setPoolGauges } from './pool-gauges.js';
import { setSourceGauges } from './source-gauges.js';

interface MeasuredPool extends RunningPool {
  /** What this process tells of itself. @default nothing */
  readonly processMetrics?: Registry;
}

export function metricsRoutes(routes: Routes, pool: MeasuredPool, access: Access): void {
  routes.raw('/metrics', METRICS.metrics, async ({ c }) => {
    // Makes a new registry for each scrape, because all values but the count of wrong tokens come from the database.
    const registry = new Registry();
    registry.setDefaultLabels({ pool: pool.poolId });
    const set = gaugesOf(registry);
    await setPoolGauges(set, pool);
    await setSourceGauges(set, pool);
    await setGuardGauges(set, pool);
    const help = 'Wrong tokens that this API was sent since it started.';
    set('api_wrong_tokens', help, access.wrongTokens());
    const own = pool.processMetrics;
    const text = `${await registry.metrics()}\n${own === undefined ? '' : await own.metrics()}`;
    return c.body(text, 200, { 'content-type': registry.contentType });
  });
}
