/** The API alone: it reads the ledger and speaks to workflows, and never needs the key. `--config <file>`. */
import { runProcess } from '../start/service.js';
import { serveApi } from './serve.js';

await runProcess({ maxConnections: 10, services: [serveApi] });
