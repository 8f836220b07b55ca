/** The worker alone: syncs, pays, audits. `--config <file>`. */
import { serveWorker, WORKER_CONNECTIONS } from './run-worker.js';
import { runProcess } from './service.js';

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS,
  services: [serveWorker],
});
