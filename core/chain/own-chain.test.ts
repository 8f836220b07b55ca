/** Tests which chain an answer is about and whose answers count, over real nodes behind endpoints that can switch nodes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { chainConfig, randomAddress, setBalance } from '../../test/harness/money.js';
import { type RpcSwitch, startRpcSwitch } from '../../test/harness/rpc-switch.js';
import type { Address } from '../base/address.js';
import type { ChainReads } from './node-reads.js';
import type { KnownBlock } from './own-chain.js';
import { createChainClient } from './quorum.js';
import { createRpcEndpoint } from './rpc/rpc-client.js';

let ours: LocalChain;
let otherId: LocalChain;
/** A chain with the same id, but with another first block, which is an hour old. */
let sameId: LocalChain;
let anchor: KnownBlock;
let switches: readonly RpcSwitch[] = [];
beforeAll(async () => {
  const hourAgo = String(Math.floor(Date.now() / 1_000) - 3_600);
  [ours, otherId, sameId] = await Promise.all([
    startChain({ blockTimeSeconds: 0 }),
    startChain({ blockTimeSeconds: 0, chainId: 31_338 }),
    startChain({ blockTimeSeconds: 0, extraArgs: ['--timestamp', hourAgo] }),
  ]);
  const { hash } = (await rpc(ours.rpcUrl, 'eth_getBlockByNumber', ['0x0', false])) as KnownBlock;
  anchor = { number: 0, hash };
});
afterAll(() => Promise.all([ours, otherId, sameId].map((chain) => chain.stop())));
beforeEach(async () => {
  switches = await Promise.all([1, 2, 3].map(() => startRpcSwitch(ours.rpcUrl)));
});
afterEach(() => Promise.all(switches.map((one) => one.stop())));

const wallet: Address = randomAddress();
const first = (): RpcSwitch => switches[0] as RpcSwitch;
const clientOf = (urls: readonly string[], told: string[] = []) =>
  createChainClient(chainConfig(ours, { rpcUrls: urls }), {
    anchor,
    onFault: (words) => told.push(words),
  });
const client = (told?: string[]) =>
  clientOf(
    switches.map(({ url }) => url),
    told,
  );
const balance = (reads: ChainReads) => reads.balanceAt(wallet, 0);

describe('an answer of an endpoint', () => {
  it('comes with the chain id and the anchor in each post, however many calls there are', async () => {
    const hashes = Array.from({ length: 250 }, (_, at) => `0x${at.toString(16).padStart(64, '0')}`);
    await clientOf([first().url]).first((reads) => reads.receipts(hashes));
    const methods = first().methods();
    const count = (name: string) => methods.filter((method) => method === name).length;
    expect(count('eth_getTransactionReceipt')).toBe(250);
    expect(count('eth_chainId')).toBe(3);
    // Three posts ask for the anchor, and one of them for the head as well.
    expect(count('eth_getBlockByNumber')).toBe(4);
    expect(methods.slice(0, 2)).toEqual(['eth_chainId', 'eth_getBlockByNumber']);
  });

  it.each([
    ['another id', () => otherId, /serves chain 31338, the ledger is on 31337/],
    ['another block where the ledger knows one', () => sameId, /another chain under the same id/],
  ] as const)(
    'with %s counts to no quorum, at first and later, and is told by name',
    async (_, chainOf, words) => {
      const told: string[] = [];
      const asked = client(told);
      expect(await asked.agreed(balance)).toEqual({ agreed: true, value: 0n });
      first().turnTo(chainOf().rpcUrl);
      const answers = await asked.everyEndpoint(balance);
      expect(answers.map(({ endpoint }) => endpoint)).toEqual(
        switches.slice(1).map(({ name }) => name),
      );
      expect(await asked.agreed(balance)).toEqual({ agreed: true, value: 0n });
      expect(told).toEqual([expect.stringMatching(words)]);
      expect(told[0]).toContain(first().name);

      switches[1]?.turnTo(chainOf().rpcUrl);
      const reason = await asked.agreed(balance);
      expect(reason).toMatchObject({ agreed: false, reason: expect.stringMatching(words) });
      expect(await asked.first(balance)).toBe(0n);

      for (const one of switches) one.turnTo(chainOf().rpcUrl);
      await expect(asked.everyEndpoint(balance)).rejects.toMatchObject({ kind: 'garbled' });
      for (const one of switches) one.turnTo(ours.rpcUrl);
      const back = await asked.survey(balance);
      expect(back.every((outcome) => 'value' in outcome)).toBe(true);
    },
  );

  it('never follows signed bytes to an endpoint whose last answer was of another chain', async () => {
    const key = new Wallet(`0x${'7e'.repeat(32)}`);
    await setBalance(ours, key.address.toLowerCase() as Address, 10n ** 18n);
    const signed = await key.signTransaction({
      ...{ type: 2, chainId: 31_337, nonce: 0, to: wallet, value: 1n, gasLimit: 21_000n },
      ...{ maxFeePerGas: 50n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n },
    });
    const raws = [Buffer.from(signed.slice(2), 'hex')];
    first().turnTo(otherId.rpcUrl);
    switches[1]?.turnTo(sameId.rpcUrl);
    const [said] = await client().sendRaw(raws, { everywhere: true });
    expect(said).toMatch(/^accepted 0x/);
    for (const one of switches.slice(0, 2)) {
      expect(one.methods()).not.toContain('eth_sendRawTransaction');
    }
    const [alone] = await clientOf([first().url]).sendRaw(raws);
    expect(alone).toBe(`${first().name} serves chain 31338, the ledger is on 31337`);
  });

  it('does not count when it is much older than what another endpoint shows, but does on a chain that has stopped', async () => {
    const told: string[] = [];
    const old = await startRpcSwitch(sameId.rpcUrl);
    const unbound = (urls: readonly string[]) =>
      createChainClient(chainConfig(ours, { rpcUrls: urls }), { onFault: (it) => told.push(it) });
    const answers = await unbound([old.url, first().url]).everyEndpoint(balance);
    expect(answers.map(({ endpoint }) => endpoint)).toEqual([first().name]);
    expect(told).toEqual([
      expect.stringMatching(`^${old.name} is [56][0-9] minutes behind ${first().name}`),
    ]);
    const standing = await unbound([old.url, sameId.rpcUrl]).agreed(balance);
    expect(standing).toEqual({ agreed: true, value: 0n });
    // The last head of an endpoint that has gone still shows that the others lag.
    const asked = unbound([old.url, sameId.rpcUrl, first().url]);
    await asked.everyEndpoint(balance);
    await first().stop();
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await asked.survey(balance)).not.toContainEqual(expect.objectContaining({ value: 0n }));
    await old.stop();
  });
});

describe('two URLs of one host', () => {
  it('count as one endpoint, and the second is asked when the first fails', async () => {
    let broken = true;
    const server = createServer((request, response) => {
      if (broken && request.url === '/first') return void response.writeHead(503).end();
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', async () => {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(ours.rpcUrl, { method: 'POST', headers, body });
        response.end(await answer.text());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = clientOf([`http://${host}/first`, `http://me:secret@${host}/second`]);
    expect(asked).toMatchObject({ endpoints: 1, quorum: 1 });
    expect(await asked.everyEndpoint(balance)).toEqual([{ endpoint: host, value: 0n }]);
    broken = false;
    expect(await asked.everyEndpoint(balance)).toEqual([{ endpoint: host, value: 0n }]);
    expect(clientOf([`http://${host}/first`, ours.rpcUrl])).toMatchObject({
      ...{ endpoints: 2, quorum: 2 },
    });
    server.close();
    server.closeAllConnections();
  });
});

describe('what an endpoint says', () => {
  it('is repeated without what its URL keeps secret', async () => {
    const server = createServer((request, response) => {
      response.end(`no key ${request.url} for ${request.headers.authorization}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://alice%20smith:s3cretpw@127.0.0.1:${port}/v2/KEY123456?token=abcdefgh`;
    const error = await createRpcEndpoint({ url, timeoutMs: 500 })
      .batch([{ method: 'eth_chainId', params: [] }])
      .catch((caught: unknown) => caught);
    expect(String(error)).toContain(`127.0.0.1:${port} answered no JSON`);
    expect(String(error)).not.toMatch(/KEY123456|abcdefgh|s3cretpw|alice|YWxpY2U/);
    server.close();
    server.closeAllConnections();
  });
});
