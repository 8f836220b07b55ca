import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LocalServer } from '../../dev/kit/http-server.js';
import { createRandom } from '../../dev/kit/random.js';
import { startRpcServer } from '../../dev/kit/rpc-server.js';
import { createTally, type FaultTally } from './fault-tally.js';
import { type RpcProxy, startRpcProxy } from './rpc-proxy.js';

const LATE_BY_MS = 100;
const SEND = { jsonrpc: '2.0', id: 9, method: 'eth_sendRawTransaction', params: ['0xab'] };
const ASK = { jsonrpc: '2.0', id: 3, method: 'eth_chainId', params: [] };
const TOLD = '{"id":3,"result":"0x7a69"}';

let node: LocalServer;
let proxy: RpcProxy;
let tally: FaultTally;
let raws: string[];

beforeEach(async () => {
  raws = [];
  tally = createTally();
  node = await startRpcServer(async ({ calls }) =>
    calls.map(({ id }) => ({ id, result: '0x7a69' })),
  );
  proxy = await startRpcProxy({
    target: node.url,
    random: createRandom(1),
    tally,
    lateByMs: LATE_BY_MS,
    onRaw: async (found) => void raws.push(...found),
  });
});
afterEach(() => Promise.all([proxy.stop(), node.stop()]));

const post = (body: unknown) => fetch(proxy.url, { method: 'POST', body: JSON.stringify(body) });
const textOf = async (body: unknown) => (await post(body)).text();

it('passes calls and batches on, and tells of signed bytes before the node has them', async () => {
  expect(await textOf(ASK)).toBe(TOLD);
  expect(await textOf([ASK])).toBe(`[${TOLD}]`);
  await post(SEND);
  expect(raws).toEqual(['0xab']);
  expect(proxy.requests()).toBe(3);
});

it('refuses, hangs up, spoils and delays as each fault is named', async () => {
  proxy.setFaults({ http429: 1 });
  const refused = await post(ASK);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  proxy.setFaults({ http5xx: 1 });
  expect((await post(ASK)).status).toBe(503);
  for (const fault of ['rpcDown', 'requestLost'] as const) {
    proxy.setFaults({ [fault]: 1 });
    await expect(post(ASK)).rejects.toThrow('fetch failed');
  }
  proxy.setFaults({ garbageAnswer: 1 });
  expect(await textOf(ASK)).toBe(TOLD.slice(0, TOLD.length / 2));
  proxy.setFaults({ htmlAnswer: 1 });
  expect(await textOf(ASK)).toContain('502 Bad Gateway');
  proxy.setFaults({ answerLate: 1 });
  const askedMs = performance.now();
  expect(await textOf(ASK)).toBe(TOLD);
  expect(performance.now() - askedMs).toBeGreaterThanOrEqual(LATE_BY_MS - 5);
  expect(raws).toEqual([]);
});

it('takes signed bytes and loses the answer, or does not pass them on at all', async () => {
  proxy.setFaults({ answerLost: 1 });
  await expect(post(SEND)).rejects.toThrow('fetch failed');
  proxy.setFaults({ bytesRefused: 1 });
  expect(await textOf(SEND)).toContain('transaction type not supported');
  expect(raws).toEqual(['0xab', '0xab']);
});
