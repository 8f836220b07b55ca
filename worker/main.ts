/** The worker without the API: it syncs, pays and audits. `--config <file>`. */
import { keepHeapSmall } from '../start/heap.js';

keepHeapSmall();
const { serveWorker, WORKER_CONNECTIONS } = await import('./run-worker.js');
const { runProcess } = await import('../start/service.js');

await runProcess({
  needsWallet: true,
  maxConnections: WORKER_CONNECTIONS,
  services: [serveWorker],
});
