/** The whole manager in one process: the API and the worker. `--config <file>`. */
import { serveApi } from './api/serve.js';
import { serveWorker, WORKER_CONNECTIONS } from './worker/run-worker.js';
import { runProcess } from './worker/service.js';

const API_CONNECTIONS = 10;

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS + API_CONNECTIONS,
  // The API first: it answers while the worker still waits for Temporal.
  services: [serveApi, serveWorker],
});
