/** Tells the orchestrator which workers are preferred; a process of its own, without the wallet's key. `--config <file>`. */
import { runProcess } from '../../start/service.js';
import { servePreferred } from './serve.js';

await runProcess({ maxConnections: 3, services: [servePreferred] });
