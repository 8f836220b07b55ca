/** What a process tells of itself to Prometheus: CPU, memory, event loop, and its connections to Postgres. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from '../core/db/database.js';

/** Makes the registry of this process's own metrics. Call it once per process: it measures from then on. */
export function createProcessMetrics(db: Database): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Everybody may read the API's metrics, and the version of Node helps only somebody who looks for its faults.
  registry.removeSingleMetric('nodejs_version_info');
  new Gauge({
    name: 'openpool_postgres_connections',
    help: "Connections of the process's main pool: open, idle among them, and requests that wait for one.",
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { totalCount, idleCount, waitingCount } = db.$client;
      this.set({ state: 'open' }, totalCount);
      this.set({ state: 'idle' }, idleCount);
      this.set({ state: 'waiting' }, waitingCount);
    },
  });
  return registry;
}
