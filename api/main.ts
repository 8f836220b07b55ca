/**
 * The API without a worker: it reads the ledger, talks to workflows, and never needs the wallet's key. `--config
 * <file>`.
 */
import { keepHeapSmall } from '../start/heap.js';

// A long statement leaves its garbage for long, else: 90 MB for a million lines.
keepHeapSmall();
const { serveApi } = await import('./serve.js');
const { runProcess } = await import('../start/service.js');

await runProcess({ maxConnections: 10, services: [serveApi] });
