import { createServer } from 'node:net';

/** A free loopback port: the wished one when nobody listens there, otherwise any. */
export async function freePort(wishedPort = 0): Promise<number> {
  const port = await tryListen(wishedPort);
  return port ?? (await tryListen(0)) ?? Promise.reject(new Error('no free loopback port'));
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
