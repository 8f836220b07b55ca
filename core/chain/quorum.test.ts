import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { chainConfig, randomAddress } from '../../test/harness/money.js';
import { type RpcSwitch, startRpcSwitch } from '../../test/harness/rpc-switch.js';
import { ChainError } from './endpoint-error.js';
import { createChainClient, findAgreement } from './quorum.js';
import { createRpcEndpoint } from './rpc/rpc-client.js';
import { readSent } from './wallet-history.js';

type Answer = (body: string) => { readonly status?: number; readonly text: string } | undefined;

let chain: LocalChain;
const servers: Server[] = [];
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An endpoint that answers whatever the test says; nothing at all when that is undefined. */
async function endpointThat(answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const said = answer(body);
      if (said === undefined) return;
      response.writeHead(said.status ?? 200).end(said.text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const idsIn = (body: string) => (JSON.parse(body) as { id: number }[]).map(({ id }) => id);
const call = { method: 'eth_chainId', params: [] };

describe('an endpoint', () => {
  const ask = async (answer: Answer) =>
    createRpcEndpoint({ url: await endpointThat(answer), timeoutMs: 300 }).batch([call, call]);
  const result = (id: number) => ({ jsonrpc: '2.0', id, result: '0x1' });

  it.each([
    ['nothing within the time-out', () => undefined, 'unreachable'],
    ['HTTP 429', () => ({ status: 429, text: 'slow down' }), 'unreachable'],
    ['HTTP 503 with a valid body', (body: string) => ({ status: 503, text: body }), 'unreachable'],
    ['HTML', () => ({ text: '<html>please log in</html>' }), 'garbled'],
    ['an object', () => ({ text: '{"jsonrpc":"2.0","id":1,"result":"0x1"}' }), 'garbled'],
    ['null', () => ({ text: 'null' }), 'garbled'],
    [
      'other ids',
      (body: string) => ({ text: JSON.stringify(idsIn(body).map((id) => result(id + 1000))) }),
      'garbled',
    ],
    [
      'one answer twice',
      (body: string) => ({
        text: JSON.stringify(idsIn(body).map(() => result(idsIn(body)[0] ?? 0))),
      }),
      'garbled',
    ],
    [
      'too few',
      (body: string) => ({ text: JSON.stringify(idsIn(body).slice(1).map(result)) }),
      'garbled',
    ],
    [
      'neither result nor error',
      (body: string) => ({ text: JSON.stringify(idsIn(body).map((id) => ({ id }))) }),
      'garbled',
    ],
  ] as const)(
    'that answers %s leaves unknown what became of the call',
    async (_what, answer, kind) => {
      const error = await ask(answer as Answer).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ChainError);
      expect(error).toMatchObject({ kind });
    },
  );

  it('may answer in any order, and with an error for one call alone', async () => {
    const answers = await ask((body) => {
      const [first = 0, second = 0] = idsIn(body);
      const error = { code: -32000, message: 'nonce too low' };
      return { text: JSON.stringify([{ id: second, error }, result(first)]) };
    });
    expect(answers[0]).toEqual({ ok: true, result: '0x1' });
    expect(answers[1]).toMatchObject({ ok: false, error: { kind: 'refused', rpcCode: -32000 } });
  });
});

describe('the client', () => {
  const clientOf = (...rpcUrls: readonly string[]) =>
    createChainClient(chainConfig(chain, { rpcUrls, rpcTimeoutMs: 500 }));

  it('reads a real chain', async () => {
    const client = clientOf(chain.rpcUrl);
    const [rich = ''] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
    const wallet = rich.toLowerCase() as `0x${string}`;
    expect(await client.first((reads) => reads.chainId())).toBe(31337);
    const view = await client.walletView(wallet);
    expect(view).toMatchObject({
      latestNonce: 0,
      pendingNonce: 0,
      balanceWei: 10_000n * 10n ** 18n,
    });
    expect(await client.first((reads) => reads.nonceAt(wallet, view.head.number))).toBe(0);
    const headers = await client.first((reads) =>
      reads.headers([view.head.number, view.head.number + 1_000]),
    );
    expect([...headers.values()]).toEqual([view.head]);
    const [gas] = await client.estimateGas([{ from: wallet, to: randomAddress(), valueWei: 1n }]);
    expect(gas).toBeTypeOf('bigint');
    const unknown = `0x${'ab'.repeat(32)}`;
    expect((await client.first((reads) => reads.receipts([unknown]))).get(unknown)).toBeNull();
    expect((await client.first((reads) => reads.transactions([unknown]))).get(unknown)).toBeNull();
  });

  it('goes to the next endpoint when one is down, silent or talks garbage', async () => {
    const garbage = await endpointThat(() => ({ text: 'garbage' }));
    const silent = await endpointThat(() => undefined);
    const client = clientOf('http://127.0.0.1:1', garbage, silent, chain.rpcUrl);
    expect(await client.first((reads) => reads.chainId())).toBe(31337);
    const startedMs = performance.now();
    expect(await client.first((reads) => reads.chainId())).toBe(31337);
    expect(performance.now() - startedMs).toBeLessThan(300);
  });

  it('names the endpoint whose answer cannot be read', async () => {
    const hash = `0x${'ab'.repeat(32)}`;
    const from = randomAddress();
    const results: Readonly<Record<string, unknown>> = {
      eth_chainId: '0x7a69',
      eth_getBlockByNumber: { number: '0x1', hash, timestamp: '0x1' },
      eth_getTransactionByHash: {
        hash,
        from,
        to: from,
        nonce: '0x0',
        value: '0x0',
        input: '0x',
        blockNumber: '0x1',
      },
    };
    const url = await endpointThat((body) => {
      const calls = JSON.parse(body) as { id: number; method: string }[];
      const answers = calls.map(({ id, method }) => ({ id, result: results[method] ?? 'odd' }));
      return { text: JSON.stringify(answers) };
    });
    const { host } = new URL(url);
    await expect(clientOf(url).first((reads) => reads.nonceAt(from, 1))).rejects.toThrow(
      `${host}: the node gave "odd" as nonce`,
    );
    await expect(clientOf(url).first((reads) => readSent(reads, [hash]))).rejects.toThrow(
      `${host}: there is no receipt of ${hash}`,
    );
  });

  it('reports what the endpoints said to each sending, and never throws', async () => {
    const dead = clientOf('http://127.0.0.1:1');
    const [answer] = await dead.sendRaw([new Uint8Array([1, 2])]);
    expect(answer).toMatch(/did not answer/);
    const [refused] = await clientOf(chain.rpcUrl).sendRaw([new Uint8Array([1, 2])]);
    expect(refused).not.toMatch(/accepted/);
  });

  it('agrees only when two endpoints say the same', async () => {
    const liar = await endpointThat((body) => ({
      text: JSON.stringify(idsIn(body).map((id) => ({ id, result: '0x1' }))),
    }));
    const same = chain.rpcUrl.replace('127.0.0.1', 'localhost');
    const chainId = (client: ReturnType<typeof clientOf>) =>
      client.agreed((reads) => reads.chainId());
    expect(await chainId(clientOf(chain.rpcUrl))).toEqual({ agreed: true, value: 31337 });
    expect(await chainId(clientOf(chain.rpcUrl, liar))).toMatchObject({ agreed: false });
    expect(await chainId(clientOf(chain.rpcUrl, 'http://127.0.0.1:1'))).toMatchObject({
      agreed: false,
    });
    expect(await chainId(clientOf(liar, chain.rpcUrl, same))).toEqual({
      agreed: true,
      value: 31337,
    });
  });

  it('agrees on nothing when two groups are of one size', () => {
    const answers = [1n, 1n, 2n, 2n].map((value, index) => ({ endpoint: `${index}`, value }));
    expect(findAgreement(answers, 2)).toMatchObject({ agreed: false });
    expect(findAgreement(answers.slice(0, 3), 2)).toEqual({ agreed: true, value: 1n });
  });
});

describe('an unusual endpoint', () => {
  const HASHES = Array.from({ length: 12 }, (_, at) => `0x${at.toString(16).padStart(64, '0')}`);
  let endpoint: RpcSwitch;
  let other: RpcSwitch;
  beforeAll(async () => {
    [endpoint, other] = await Promise.all([
      startRpcSwitch(chain.rpcUrl),
      startRpcSwitch(chain.rpcUrl),
    ]);
  });
  afterEach(() => endpoint.setMood());
  afterAll(() => Promise.all([endpoint.stop(), other.stop()]));
  const clientOf = (...of: readonly RpcSwitch[]) =>
    createChainClient(chainConfig(chain, { rpcUrls: of.map(({ url }) => url) }));

  it.each([
    [3, 'of three calls'],
    [2, 'of two calls'],
    [0, 'of none'],
  ])(
    'that takes batches of %d calls at most is asked in such, and learnt once',
    async (mostCalls) => {
      endpoint.setMood({ mostCalls });
      const client = clientOf(endpoint);
      expect((await client.walletView(randomAddress())).balanceWei).toBe(0n);
      expect((await client.first((reads) => reads.receipts(HASHES))).size).toBe(12);
      endpoint.methods();
      expect((await client.first((reads) => reads.receipts(HASHES))).size).toBe(12);
      const receipts = endpoint.methods().filter((one) => one === 'eth_getTransactionReceipt');
      expect(receipts).toHaveLength(12);
    },
  );

  it.each([
    [400, 'Bad Request'],
    [413, 'Payload Too Large'],
    [500, 'upstream gave up'],
  ])(
    'is asked in what it takes when it tells a limit of three as HTTP %d',
    async (status, text) => {
      endpoint.setMood({ mostCalls: 3, tells: { status, text } });
      const client = clientOf(endpoint);
      expect((await client.walletView(randomAddress())).balanceWei).toBe(0n);
      expect((await client.first((reads) => reads.receipts(HASHES))).size).toBe(12);
    },
  );

  it('is asked in smaller batches after some refusals, when it reports a limit as if it were busy', async () => {
    endpoint.setMood({ mostCalls: 3, tells: { status: 429, text: 'slow down' } });
    const client = clientOf(endpoint);
    const ask = async () => {
      await client.first((reads) => reads.chainId());
      return client.first((reads) => reads.receipts(HASHES)).catch(() => undefined);
    };
    await expect.poll(async () => (await ask())?.size, { interval: 1 }).toBe(12);
  });

  it('is quoted when it answers in plain text, but not with a page or anything about a key', async () => {
    const said = async (status: number, text: string) => {
      endpoint.setMood({ mostCalls: 0.5, tells: { status, text } });
      return String(
        await clientOf(endpoint)
          .first((reads) => reads.chainId())
          .catch((error: unknown) => error),
      );
    };
    expect(await said(500, 'upstream gave up\n')).toMatch(/HTTP 500: upstream gave up$/);
    expect(await said(502, '<html>nginx</html>')).toMatch(/HTTP 502$/);
    expect(await said(403, 'no such key: K3Y')).toMatch(/HTTP 403$/);
  });

  it('shows its chain before and after each post that has no room for the question', async () => {
    endpoint.setMood({ mostCalls: 0 });
    const client = clientOf(endpoint);
    await client.first((reads) => reads.chainId());
    endpoint.claimChainId(5);
    await expect(client.first((reads) => reads.receipts(HASHES))).rejects.toThrow('serves chain 5');
    endpoint.claimChainId(chain.chainId);
  });

  it('that refuses everything is quoted by name', async () => {
    const said = 'Your app has exceeded its compute units per second capacity.';
    endpoint.setMood({ refusesAll: said });
    await expect(clientOf(endpoint).walletView(randomAddress())).rejects.toThrow(
      `${endpoint.name} answered no call of the batch: ${said}`,
    );
  });

  it('that estimates no gas is passed over for the next one that does', async () => {
    const [rich = ''] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
    const transfer = { from: rich as `0x${string}`, to: randomAddress(), valueWei: 1n };
    for (const words of ['not whitelisted for this key', 'insufficient funds for transfer']) {
      endpoint.setMood({ refuses: { eth_estimateGas: words } });
      expect(await clientOf(endpoint, other).estimateGas([transfer])).toEqual([expect.any(BigInt)]);
      const [alone] = await clientOf(endpoint).estimateGas([transfer]);
      expect(String(alone)).toContain(`${endpoint.name}: ${words}`);
    }
  });

  it('that gives one receipt without a status leaves only that hash unknown', async () => {
    const [rich = ''] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
    const send = () =>
      rpc(chain.rpcUrl, 'eth_sendTransaction', [{ from: rich, to: randomAddress(), value: '0x1' }]);
    const hashes = [String(await send()), String(await send())];
    const client = clientOf(endpoint);
    await expect
      .poll(async () =>
        [...(await client.first((reads) => reads.receipts(hashes))).values()].every(Boolean),
      )
      .toBe(true);
    endpoint.setMood({
      edit: (method, result) =>
        method === 'eth_getTransactionReceipt' &&
        (result as { transactionHash: string }).transactionHash === hashes[0]
          ? { ...(result as object), status: undefined }
          : result,
    });
    const receipts = await client.first((reads) => reads.receipts(hashes));
    expect([...receipts.keys()]).toEqual([hashes[1]]);
    expect(receipts.get(hashes[1] ?? '')).toMatchObject({ succeeded: true });
  });

  it('that gives one header or one estimate that cannot be read leaves only that one unknown', async () => {
    const client = clientOf(endpoint);
    const { head } = await client.walletView(randomAddress());
    await rpc(chain.rpcUrl, 'anvil_mine', ['0x2']);
    const isNext = (result: unknown) =>
      Number((result as { number?: string }).number) === head.number + 1;
    let estimates = 0;
    endpoint.setMood({
      edit: (method, result) => {
        if (method === 'eth_estimateGas') return estimates++ === 0 ? 'much' : result;
        const isGarbled = method === 'eth_getBlockByNumber' && isNext(result);
        return isGarbled ? { ...(result as object), hash: '0x12' } : result;
      },
    });
    const numbers = [head.number, head.number + 1, head.number + 2];
    expect([...(await client.first((reads) => reads.headers(numbers))).keys()]).toEqual([
      numbers[0],
      numbers[2],
    ]);
    const [rich = ''] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
    const transfer = { from: rich as `0x${string}`, to: randomAddress(), valueWei: 1n };
    expect(await client.estimateGas([transfer, transfer])).toEqual([
      expect.any(ChainError),
      expect.any(BigInt),
    ]);
  });

  it('that gives no usable answer is reported with how long that has lasted', async () => {
    const client = clientOf(endpoint, other);
    await client.survey((reads) => reads.chainId());
    expect(client.silences().map(({ silentMs }) => silentMs)).toEqual([0, 0]);
    endpoint.setMood({ refusesAll: 'no such key' });
    await client.survey((reads) => reads.chainId());
    const [silent, usable] = client.silences();
    expect(silent).toMatchObject({
      name: endpoint.name,
      why: expect.stringContaining('no such key'),
    });
    expect(silent?.silentMs).toBeGreaterThan(0);
    expect(usable).toMatchObject({ silentMs: 0 });
  });
});
