import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../../dev/kit/ports.js';
import { useConfigFiles } from '../../test/harness/config-files.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { makeKeystore, PASSPHRASE } from '../../test/harness/money.js';
import { checkConfig } from './check-config.js';

const EXAMPLE = fileURLToPath(new URL('../../pools/openpool.yaml', import.meta.url));
const { write, pathOf } = useConfigFiles();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const { json } = await makeKeystore();
  await writeFile(pathOf('keystore.json'), json, { mode: 0o600 });
  await writeFile(pathOf('passphrase'), PASSPHRASE, { mode: 0o600 });
  await writeFile(pathOf('a-file'), '');
});
afterAll(() => database.close());

async function check(changes: Record<string, unknown>) {
  const options = { endpoint: 'https://one.pool.test:7935' };
  const config = {
    sources: [{ id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning', options }],
    database: { url: database.url },
    // No RPC endpoint listens there; this test does not check the chain.
    chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:9'] },
    wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
    api: { port: 0 },
    temporal: { address: inject('temporalAddress') },
    ...changes,
  };
  const { refusals, warnings } = await checkConfig(await write(stringify(config)));
  return {
    refused: refusals.map(({ code, message }) => `${code}: ${message}`),
    warnings: warnings.filter((words) => !/RPC endpoint|rpcUrls/.test(words)),
  };
}

const otherThan = (change: (url: URL) => void): string => {
  const url = new URL(database.url);
  change(url);
  return url.toString();
};

describe('what a start needs of Postgres and of the machine', () => {
  it('is there', async () => {
    expect(await check({})).toEqual({ refused: [], warnings: [] });
  });

  it('is refused with what Postgres says, and with what the ledger says', async () => {
    const url = otherThan((one) => {
      one.pathname = '/nowhere';
    });
    expect(await check({ database: { url } })).toEqual({
      refused: [expect.stringMatching(/^DATABASE_\w+: .*"nowhere" does not exist/)],
      warnings: [],
    });
    const { refused } = await check({ chain: { id: 1, rpcUrls: ['http://127.0.0.1:9'] } });
    expect(refused).toEqual([expect.stringMatching(/^LEDGER_OF_ANOTHER_CHAIN/)]);
  });

  it('may start later: Postgres', async () => {
    const url = `postgres://pool@127.0.0.1:${await freePort()}/pool`;
    expect(await check({ database: { url } })).toEqual({
      refused: [],
      warnings: [expect.stringMatching(/^Postgres does not answer.*ECONNREFUSED/)],
    });
  });

  it('is refused where a directory cannot be written', async () => {
    const dir = `${pathOf('a-file')}/postgres`;
    const { refused } = await check({
      database: { embedded: { dir } },
      retention: { keepMonths: 1, archiveDir: `${pathOf('a-file')}/archive` },
    });
    expect(refused).toEqual([
      `STATE_DIRECTORY_UNUSABLE: ${dir} cannot be written: a file stands where a directory should be`,
      expect.stringMatching(/^STATE_DIRECTORY_UNUSABLE: .*a-file\/archive/),
    ]);
  });

  it('is a port that is free, or the pool’s own, and an address of this machine', async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    expect(await check({ api: { port } })).toEqual({
      refused: [],
      warnings: [expect.stringMatching(`^port ${port} of 127.0.0.1 .* another process listens`)],
    });
    await new Promise((resolve) => other.close(resolve));
    const { refused } = await check({ api: { host: '203.0.113.7', port } });
    expect(refused).toEqual([expect.stringMatching(/^API_CANNOT_LISTEN: .*no such address$/)]);
  });

  it('refuses nothing in the unchanged example, and warns that its orchestrators are placeholders', async () => {
    const text = (await readFile(EXAMPLE, 'utf8'))
      .replaceAll('secrets/keystore.json', 'keystore.json')
      .replaceAll('secrets/passphrase', 'passphrase');
    // Removes the public RPC endpoints, which a test must not ask.
    const config = text.replace(
      /rpcUrls:\n[\s\S]*?#rpcUrlsFile/,
      'rpcUrls: [http://127.0.0.1:9]\n  #rpcUrlsFile',
    );
    const { refusals, warnings } = await checkConfig(await write(config));
    expect(refusals).toEqual([]);
    const examples = warnings.filter((words) => words.includes('stands for another one'));
    expect(examples.map((words) => words.split(' ')[1])).toEqual([
      '"eu-transcode-1"',
      '"eu-transcode-2"',
      '"us-ai-1"',
    ]);
  });
});
