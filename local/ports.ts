import { createServer } from 'node:net';

/** A free loopback port: the wished one when nobody listens there, otherwise any. */
export async function freePort(wishedPort = 0): Promise<number> {
  const port = await tryListen(wishedPort);
  return port ?? (await tryListen(0)) ?? Promise.reject(new Error('no free loopback port'));
}

const TRIES = 3;
const TAKEN = /EADDRINUSE|address already in use/i;

/**
 * Starts a server on a free port: the wished one, or any. Between the look and the start somebody else may
 * take it, also a connection of our own on its way out: then on another one.
 *
 * @param start throws what the server said
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

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
