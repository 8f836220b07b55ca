/** A way to a server that falls silent: both ends stay open, and not a byte goes through any more. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface SilentProxy {
  /** The same URL, by way of the proxy. */
  readonly url: string;
  /** The connections of now fall silent; with `alsoNew`, those to come as well, until `speak`. */
  silence(options?: { readonly alsoNew: boolean }): void;
  /** New connections get through again. */
  speak(): void;
  stop(): Promise<void>;
}

export async function startSilentProxy(target: string, ownPort = 0): Promise<SilentProxy> {
  const url = new URL(target);
  const dir = url.searchParams.get('host');
  const port = url.searchParams.get('port') ?? url.port;
  const pairs = new Set<readonly [Socket, Socket]>();
  let isSilent = false;
  const server = createServer((near) => {
    const far =
      dir === null ? connect(Number(port), url.hostname) : connect(`${dir}/.s.PGSQL.${port}`);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => into.destroy());
      if (!isSilent) from.pipe(into);
    }
    pairs.add([near, far]);
  });
  await new Promise<void>((resolve) => server.listen(ownPort, '127.0.0.1', resolve));
  const by = new URL(target);
  by.search = '';
  const { port: own } = server.address() as AddressInfo;
  by.host = `127.0.0.1:${own}`;
  return {
    url: by.toString(),
    silence({ alsoNew } = { alsoNew: false }) {
      isSilent = alsoNew;
      for (const [near, far] of pairs) {
        near.unpipe(far).removeAllListeners('close');
        far.unpipe(near).removeAllListeners('close');
        // The far end never hears that the near one has gone.
        near.resume();
        far.resume();
      }
    },
    speak() {
      isSilent = false;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const pair of pairs) for (const socket of pair) socket.destroy();
      }),
  };
}
