/** The whole pool manager: the worker runs in this process, the API in a child process. `--config <file>`. */
import { keepHeapSmall } from './start/heap.js';

keepHeapSmall();
const { serveApiProcess } = await import('./worker/api-process.js');
const { serveWorker, WORKER_CONNECTIONS } = await import('./worker/run-worker.js');
const { runProcess } = await import('./start/service.js');

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS,
  // The API starts first, so that it answers while the worker still waits for Temporal.
  services: [serveApiProcess, serveWorker],
});
