/** What stands before Postgres in many places, in small: PgBouncer's two ways, over sessions of a real server. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import pg from 'pg';

export interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

/** What PgBouncer takes at the start of a connection unless it is told to pass over more. */
const TAKEN = new Set([
  ...['user', 'database', 'application_name', 'client_encoding'],
  ...['DateStyle', 'TimeZone', 'standard_conforming_strings'],
]);
const [ERROR, READY, IDLE, END] = [0x45, 0x5a, 0x49, 0x58];

/** `transaction` gives a session to the next one when a transaction has ended, `session` when a connection has. */
export async function startPooler(url: string, mode: 'transaction' | 'session'): Promise<Pooler> {
  const free: Socket[] = [];
  const opened: pg.Client[] = [];
  const take = async (): Promise<Socket> => {
    const known = free.pop();
    if (known !== undefined) return known;
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    opened.push(client);
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    return stream.removeAllListeners('data');
  };
  const server = createServer((client) => serve(client, { mode, take, free }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = new URL(url);
  own.search = '';
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: own.toString(),
    async stop() {
      await new Promise((resolve) => server.close(resolve));
      await Promise.all(opened.map((client) => client.end()));
    },
  };
}

interface Way {
  readonly mode: 'transaction' | 'session';
  readonly free: Socket[];
  take(): Promise<Socket>;
}

function serve(client: Socket, { mode, take, free }: Way): void {
  let session: Socket | undefined;
  let isStarted = false;
  let queue = Promise.resolve();
  const giveBack = () => {
    session?.removeAllListeners('data');
    if (session !== undefined) free.push(session);
    session = undefined;
  };
  const begin = async (): Promise<Socket> => {
    const taken = await take();
    let left = Buffer.alloc(0);
    taken.on('data', (chunk: Buffer) => {
      client.write(chunk);
      left = Buffer.concat([left, chunk]);
      let isOver = false;
      for (let size = 0; left.length >= 5; left = left.subarray(size)) {
        size = 1 + left.readUInt32BE(1);
        if (left.length < size) break;
        isOver = left[0] === READY && left[5] === IDLE;
      }
      if (isOver && left.length === 0 && mode === 'transaction') giveBack();
    });
    return taken;
  };
  const pass = async (chunk: Buffer): Promise<void> => {
    if (!isStarted) {
      isStarted = true;
      client.write(greeting(chunk));
    } else if (chunk[0] !== END) {
      session ??= await begin();
      session.write(chunk);
    }
  };
  client.on('error', () => undefined);
  client.on('data', (chunk) => {
    queue = queue.then(() => pass(chunk));
  });
  client.on('close', () => void queue.then(giveBack));
}

function greeting(startup: Buffer): Buffer {
  const words = startup.toString('utf8', 8).split('\0');
  const odd = words.find((word, i) => i % 2 === 0 && word !== '' && !TAKEN.has(word));
  if (odd === undefined)
    return Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, READY, 0, 0, 0, 5, IDLE]);
  const text = `SFATAL\0C08P01\0Munsupported startup parameter: ${odd}\0\0`;
  const head = Buffer.from([ERROR, 0, 0, 0, 0]);
  head.writeUInt32BE(4 + text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}
