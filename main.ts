/** The whole manager: the worker in this process, the API in one of its own beside it. `--config <file>`. */
import { keepHeapSmall } from './start/heap.js';

keepHeapSmall();
const { serveApiProcess } = await import('./worker/api-process.js');
const { serveWorker, WORKER_CONNECTIONS } = await import('./worker/run-worker.js');
const { runProcess } = await import('./start/service.js');

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS,
  // The API first: it answers while the worker still waits for Temporal.
  services: [serveApiProcess, serveWorker],
});
