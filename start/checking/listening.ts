/** Finds out why the API cannot listen on its configured port. */
import { createServer } from 'node:net';
import { PoolError } from '../../core/base/errors/pool-error.js';

interface Place {
  readonly host: string;
  readonly port: number;
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there already (the pool’s own API, perhaps)',
  EACCES: 'this user may not listen on a port so low',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'there is no such host',
};

/** Makes the error API_CANNOT_LISTEN, which says why. */
export function cannotListen(error: Error, { host, port }: Place): PoolError {
  const code = 'code' in error ? String(error.code) : '';
  const why = WORDS[code] ?? (code === '' ? error.message : code);
  const message = `port ${port} of ${host} (api.port, api.host): ${why}`;
  return new PoolError('API_CANNOT_LISTEN', message, { why: code }, { cause: error });
}

/** Listens on the port for a moment. Throws the error that a start would throw. */
export async function tryListening(place: Place): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, place)));
    server.listen(place.port, place.host, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
