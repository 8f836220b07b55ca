import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ConfigError } from '../../config/reading/problem.js';
import { freePort } from '../../dev/kit/ports.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { useConfigFiles } from '../../test/harness/config-files.js';
import { createEmptyDatabase, type TestDatabase } from '../../test/harness/database.js';
import { makeKeystore, PASSPHRASE } from '../../test/harness/money.js';
import { startRpcSwitch } from '../../test/harness/rpc-switch.js';
import { checkConfig } from './check-config.js';

const { write, pathOf } = useConfigFiles();
let chain: LocalChain;
let address: string;
let away: string;
let database: TestDatabase;

beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
  database = await createEmptyDatabase();
  away = `http://127.0.0.1:${await freePort()}`;
  const { json, key } = await makeKeystore();
  address = key.address;
  await writeFile(pathOf('keystore.json'), json, { mode: 0o600 });
  await writeFile(pathOf('passphrase'), PASSPHRASE, { mode: 0o600 });
});
afterAll(() => Promise.all([chain.stop(), database.close()]));

const source = (id: string, endpoint: string) => ({
  ...{ id, region: 'eu', nodeType: 'ai', from: 'beginning' },
  options: { endpoint },
});

/** A second URL of the same node, which counts as another endpoint because the host's name differs. */
const second = () => chain.rpcUrl.replace('127.0.0.1', 'localhost');

async function check(changes: Record<string, unknown> = {}) {
  const config = {
    sources: [source('one', 'https://one.pool.test:7935')],
    database: { url: database.url },
    api: { port: 0 },
    temporal: { address: inject('temporalAddress') },
    chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl, second()] },
    wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
    ...changes,
  };
  const { description, refusals, warnings, text } = await checkConfig(
    await write(stringify(config)),
  );
  return { description, warnings, text, codes: refusals.map(({ code }) => code) };
}

const verdictOf = (text: string) => text.split('\n').at(-1);

describe('checking a configuration', () => {
  it('says that nothing would be refused, with the wallet as explorers spell it', async () => {
    const { codes, warnings, text } = await check({
      wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase', address },
    });
    expect({ codes, warnings }).toEqual({ codes: [], warnings: [] });
    expect(verdictOf(text)).toMatch(/^nothing here would be refused/);
    expect(text).toMatch(new RegExp(`^walletAddress: "?${address}`, 'm'));
    expect(text).not.toContain(address.toLowerCase());
  });

  it('does not call a configuration good whose source still names the address of the example', async () => {
    const { codes, warnings, text } = await check({
      sources: [source('one', 'https://orchestrator.example.com:7935')],
    });
    expect(codes).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('nobody answers there')]);
    expect(verdictOf(text)).toBe(
      'a start would not be refused, but 1 warning above says what would not work as it should; the orchestrators were not asked',
    );
  });

  it('refuses two sources that read the same endpoint, however it is spelled', async () => {
    const { codes, text } = await check({
      sources: [
        source('one', 'http://127.0.0.1:7935'),
        source('two', 'http://127.0.0.1:7935/'),
        source('three', 'http://127.0.0.1:7936'),
      ],
    });
    expect(codes).toEqual(['SOURCE_READ_TWICE']);
    expect(text).toContain('source "two" is to read http://127.0.0.1:7935');
    expect(verdictOf(text)).toBe('a start would be refused, see above: SOURCE_READ_TWICE');
  });

  it.each([
    ['http://127.0.0.1:22345', 'http://localhost:22345'],
    ['http://127.0.0.1:22345', 'http://[::1]:22345'],
    ['http://orch.example.com:1', 'http://orch.example.com.:1'],
    ['http://127.0.0.1:1', 'http://127.0.0.1:1//pool//events'],
  ])('refuses one orchestrator under two names, as far as names tell: %s and %s', async (a, b) => {
    const { codes } = await check({ sources: [source('one', a), source('two', b)] });
    expect(codes).toEqual(['SOURCE_READ_TWICE']);
  });

  it('refuses an endpoint of another chain', async () => {
    const { codes, text } = await check({
      chain: { id: 421_614, rpcUrls: [chain.rpcUrl, second()] },
    });
    expect(codes).toEqual(['CHAIN_ID_WRONG', 'CHAIN_ID_WRONG']);
    expect(text).toContain(`serves chain ${chain.chainId}, the ledger is on 421614`);
  });

  it('warns of an endpoint that does not answer, as a start waits for it', async () => {
    const { codes, warnings, text } = await check({
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl, away] },
    });
    expect(codes).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^RPC endpoint not reachable.*ECONNREFUSED/)]);
    expect(text).toContain(`warning: ${warnings[0]}`);
  });

  it('warns of an endpoint of another chain beside one that is right, as a start goes on without it', async () => {
    const other = await startChain({ blockTimeSeconds: 0, chainId: 421_614 });
    const { codes, warnings } = await check({
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl, other.rpcUrl] },
    }).finally(() => other.stop());
    expect(codes).toEqual([]);
    const { host } = new URL(other.rpcUrl);
    const words = `${host} serves chain 421614, the ledger is on 31337: a worker counts no answer of it`;
    expect(warnings).toEqual([words]);
  });

  it('warns of an endpoint that lags far behind another, and of a clock or chain that is off', async () => {
    const hourAgo = String(Math.floor(Date.now() / 1_000) - 3_600);
    const old = await startChain({ blockTimeSeconds: 0, extraArgs: ['--timestamp', hourAgo] });
    const rpcUrls = [chain.rpcUrl, old.rpcUrl];
    const both = await check({ chain: { id: chain.chainId, rpcUrls } });
    const alone = await check({
      chain: {
        id: chain.chainId,
        rpcUrls: [old.rpcUrl, old.rpcUrl.replace('127.0.0.1', 'localhost')],
      },
    }).finally(() => old.stop());
    const { host } = new URL(old.rpcUrl);
    expect(both.warnings).toEqual([
      expect.stringMatching(`^${host} is 1h behind the newest block`),
    ]);
    expect(alone.warnings).toEqual([
      expect.stringMatching("^the newest block is 1h behind this machine's clock"),
    ]);
  });

  it('warns when two URLs have the same host, because they count as one endpoint', async () => {
    const { codes, warnings } = await check({
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl, `${chain.rpcUrl}/?key`] },
    });
    expect(codes).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/more than once: two URLs of one host count as one endpoint/),
      expect.stringMatching(/names one endpoint/),
    ]);
  });

  it('sends user and password of an RPC URL in a header and shows neither, nor the path', async () => {
    const seen: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end('no such user: alice s3cretpw KEY12345');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const url = `http://alice:s3cret%40pw@127.0.0.1:${port}/v2/KEY12345`;
    const { warnings, text } = await check({
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl, second(), url] },
    });
    proxy.close();
    expect(seen).toEqual([`Basic ${Buffer.from('alice:s3cret@pw').toString('base64')}`]);
    expect(warnings).toEqual([expect.stringContaining(`127.0.0.1:${port} answered HTTP 401`)]);
    expect(text).not.toMatch(/s3cret|alice|KEY12345/);
  });

  it('asks the endpoints what a worker asks, and warns of what they do not answer', async () => {
    const [small, strict] = await Promise.all([
      startRpcSwitch(chain.rpcUrl),
      startRpcSwitch(chain.rpcUrl),
    ]);
    small.setMood({ mostCalls: 3 });
    strict.setMood({ refuses: { eth_estimateGas: 'not whitelisted for this key' } });
    const { codes, warnings } = await check({
      chain: { id: chain.chainId, rpcUrls: [small.url, strict.url] },
    }).finally(() => Promise.all([small.stop(), strict.stop()]));
    expect(codes).toEqual([]);
    expect(warnings).toEqual([
      expect.stringContaining(`${small.name} takes batches of 3 calls at most`),
      expect.stringMatching(
        `^${strict.name} does not tell the gas of a transfer, .*: not whitelisted for this key`,
      ),
    ]);
  });

  it('asks also what a worker asks later: final blocks, blocks with transactions, state of hours ago', async () => {
    const startedAt = String(Math.floor(Date.now() / 1_000) - 100 * 300);
    const aged = await startChain({ blockTimeSeconds: 0, extraArgs: ['--timestamp', startedAt] });
    await rpc(aged.rpcUrl, 'anvil_mine', ['0x64', '0x12c']);
    const none = await startRpcSwitch(aged.rpcUrl);
    const [young, bare] = await Promise.all([
      startRpcSwitch(aged.rpcUrl),
      startRpcSwitch(aged.rpcUrl),
    ]);
    none.setMood({ edit: (_, it, [block]) => (block === 'finalized' ? null : it) });
    // Plays a node without an archive. The check asks for state of six hours ago, which is 72 of these blocks back.
    young.setMood({
      edit: (method, it, [, block]) =>
        method === 'eth_getTransactionCount' && Number(block) < 50 ? 'missing trie node' : it,
    });
    bare.setMood({ edit: (_, it, [, isWhole]) => (isWhole === true ? null : it) });
    const { codes, warnings } = await check({
      chain: { id: chain.chainId, rpcUrls: [none.url, young.url, bare.url] },
    }).finally(() => Promise.all([none.stop(), young.stop(), bare.stop(), aged.stop()]));
    expect(codes).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(`^${none.name} does not tell the .finalized. block`),
      expect.stringMatching(`^${young.name} does not tell the count and the balance 6 hours ago`),
      expect.stringMatching(`^${bare.name} does not tell blocks with their transactions`),
    ]);
  });

  it('asks Temporal for its namespace, and names what is missing, as a start waits for it', async () => {
    const address = inject('temporalAddress');
    const missing = await check({ temporal: { address, namespace: 'nowhere' } });
    expect(missing.warnings).toEqual([
      expect.stringMatching(/^TEMPORAL_UNREACHABLE: .*no namespace "nowhere": create it with/),
    ]);
    const silent = await check({ temporal: { address: new URL(away).host } });
    expect(silent.codes).toEqual([]);
    expect(silent.warnings).toEqual([
      expect.stringMatching(/^TEMPORAL_UNREACHABLE: .*cannot be reached.*; a start waits for it$/),
    ]);
  });

  it('warns when there is only one endpoint to believe', async () => {
    const { codes, warnings } = await check({
      chain: { id: chain.chainId, rpcUrls: [chain.rpcUrl] },
    });
    expect(codes).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/names one endpoint.*name three/)]);
  });

  it('tells everything that is wrong with sources, wallet and chain at once', async () => {
    const { codes } = await check({
      sources: [
        source('one', 'http://127.0.0.1:7935'),
        { ...source('two', 'http://127.0.0.1:7936'), kind: 'carrier-pigeon' },
      ],
      chain: { id: 421_614, rpcUrls: [chain.rpcUrl, away] },
      wallet: {
        ...{ keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
        address: '0x52908400098527886E0F7030069857D2E4169EE7',
      },
    });
    expect(codes).toEqual(['EVENT_SOURCE_KIND_UNKNOWN', 'WALLET_ADDRESS_WRONG', 'CHAIN_ID_WRONG']);
  });

  it('tells a missing remote signer as a warning, because a start waits for it', async () => {
    const wallet = { signer: 'web3signer', address, remote: { url: away } };
    const { codes, warnings } = await check({ wallet });
    expect(codes).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/^SIGNER_UNREACHABLE/)]);
  });

  it('throws all problems of the file itself', async () => {
    const text = stringify({ ...parse('pool: { comission: 25% }') });
    await expect(checkConfig(await write(text))).rejects.toBeInstanceOf(ConfigError);
  });
});
