/**
 * The API without a worker: it reads the ledger, talks to workflows, and never needs the wallet's key. `--config
 * <file>`.
 */
import { runProcess } from '../start/service.js';
import { serveApi } from './serve.js';

await runProcess({ maxConnections: 10, services: [serveApi] });
