/** An RPC endpoint that can be turned to another node, as a provider's mix-up does it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RpcSwitch {
  readonly url: string;
  /** Host and port, as messages name it. */
  readonly name: string;
  /** From now on this node answers. */
  turnTo(target: string): void;
  /** From now on it says that it serves this chain, whatever it serves. */
  claimChainId(chainId: number): void;
  /** Names of the methods asked since the last time this was asked. */
  methods(): readonly string[];
  stop(): Promise<void>;
}

export async function startRpcSwitch(first: string): Promise<RpcSwitch> {
  let target = first;
  let claimed: number | undefined;
  let asked: string[] = [];
  const told = (text: string, calls: readonly { id: number; method: string }[]) => {
    if (claimed === undefined) return text;
    const ids = calls.filter(({ method }) => method === 'eth_chainId').map(({ id }) => id);
    const answers = JSON.parse(text) as { id: number }[];
    const result = `0x${claimed.toString(16)}`;
    return JSON.stringify(answers.map((one) => (ids.includes(one.id) ? { ...one, result } : one)));
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const calls = JSON.parse(body) as { id: number; method: string }[];
      asked.push(...calls.map(({ method }) => method));
      const headers = { 'content-type': 'application/json' };
      fetch(target, { method: 'POST', headers, body })
        .then((answer) => answer.text())
        .then((text) => response.writeHead(200, headers).end(told(text, calls)))
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
    claimChainId: (chainId) => {
      claimed = chainId;
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
