/** An RPC endpoint that can be turned to another node, as a provider's mix-up does it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RpcSwitch {
  readonly url: string;
  /** Host and port, as messages name it. */
  readonly name: string;
  /** From now on this node answers. */
  turnTo(target: string): void;
  /** Names of the methods asked since the last time this was asked. */
  methods(): readonly string[];
  stop(): Promise<void>;
}

export async function startRpcSwitch(first: string): Promise<RpcSwitch> {
  let target = first;
  let asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      asked.push(...(JSON.parse(body) as { method: string }[]).map(({ method }) => method));
      const headers = { 'content-type': 'application/json' };
      fetch(target, { method: 'POST', headers, body })
        .then((answer) => answer.text())
        .then((text) => response.writeHead(200, headers).end(text))
        .catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${name}`,
    name,
    turnTo: (next) => {
      target = next;
    },
    methods: () => {
      const known = asked;
      asked = [];
      return known;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
