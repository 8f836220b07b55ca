/** The whole manager in one process: the API and the worker. `--config <file>`. */
import { keepHeapSmall } from './worker/heap.js';

keepHeapSmall();
const { serveApi } = await import('./api/serve.js');
const { serveWorker, WORKER_CONNECTIONS } = await import('./worker/run-worker.js');
const { runProcess } = await import('./worker/service.js');

const API_CONNECTIONS = 10;

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS + API_CONNECTIONS,
  // The API first: it answers while the worker still waits for Temporal.
  services: [serveApi, serveWorker],
});
