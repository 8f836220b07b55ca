/** A port at which a server is away for now: kept from everybody else until the server comes. */
import { createServer } from 'node:net';
import { freePort } from '../../dev/kit/ports.js';

export interface HeldPort {
  readonly port: number;
  /** To be called right before the server starts there. */
  release(): Promise<void>;
}

export async function holdPort(): Promise<HeldPort> {
  // Connections are reset, as if nobody listened there.
  const server = createServer((socket) => socket.resetAndDestroy());
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { port, release: () => new Promise((resolve) => server.close(() => resolve())) };
}
