import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * The first of the ports that are tried. They lie below the range of outgoing connections, so none of those takes a
 * port before the server starts.
 */
const FIRST_PORT = 15_000;
const PORTS = 17_000;
const LOOKS = 50;

/** Returns a free loopback port: the wished one when nobody listens there, otherwise a random one. */
export async function freePort(wishedPort = 0): Promise<number> {
  if (wishedPort !== 0 && (await isFree(wishedPort))) return wishedPort;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const port = FIRST_PORT + randomInt(PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error('no free loopback port');
}

const TRIES = 3;
const TAKEN = /EADDRINUSE|address already in use/i;

/**
 * Starts a server on a free port, the wished one if possible. If somebody else takes that port first, it tries another.
 *
 * @param start starts the server, or throws an error that contains the server's own message
 */
export async function onFreePort<T>(
  wishedPort: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await freePort(wishedPort));
    } catch (error) {
      if (tries === TRIES || !TAKEN.test(String(error))) throw error;
    }
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
