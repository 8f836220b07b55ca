import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { loadConfig } from './config.js';
import { describeConfig } from './describe.js';
import { ConfigError } from './reading/problem.js';
import { readSigner } from './sections/wallet.js';

const { write, load, problemsOf, pathOf } = useConfigFiles();

describe('the configuration of a remote signer', () => {
  const ADDRESS = '0x52908400098527886E0F7030069857D2E4169EE7';
  const REMOTE = `${BASE.replace(/wallet:[\s\S]*/, '')}wallet:
  signer: web3signer
  address: ${ADDRESS}
  remote:
    url: https://ann:secret@signer.example.com:9000/
    caFile: ca.pem
    certFile: client.pem
    keyFile: client.key
    tokenFile: token
    timeout: 2s
`;

  it('names its place, reads its files for those who sign alone, and tells none of their secrets', async () => {
    const config = await load(REMOTE);
    expect(config.wallet).toMatchObject({
      signer: { kind: 'web3signer', timeoutMs: 2_000, keyFile: pathOf('client.key') },
      address: ADDRESS.toLowerCase(),
    });
    const said = JSON.stringify(describeConfig(config));
    expect(said).toContain('https://signer.example.com:9000/…');
    expect(said).not.toContain('secret');
    const needed = await loadConfig(await write(REMOTE), { env: {}, needsWallet: true }).catch(
      (error: unknown) => error,
    );
    const keys = ['caFile', 'certFile', 'keyFile', 'tokenFile'];
    expect(needed instanceof ConfigError ? needed.problems.map(({ key }) => key) : needed).toEqual(
      keys.map((key) => `wallet.remote.${key}`),
    );
    for (const name of ['ca.pem', 'client.pem', 'client.key', 'token']) {
      await write(`of ${name}\n`, name);
    }
    const again = await loadConfig(await write(REMOTE), { env: {}, needsWallet: true });
    expect(await readSigner(again.wallet)).toEqual({
      kind: 'web3signer',
      url: 'https://ann:secret@signer.example.com:9000/',
      address: ADDRESS.toLowerCase(),
      timeoutMs: 2_000,
      ca: 'of ca.pem\n',
      cert: 'of client.pem\n',
      key: 'of client.key\n',
      token: 'of token',
    });
  });

  const without = (line: RegExp) => REMOTE.replace(line, '');
  it.each([
    ['no address', without(/ {2}address.*\n/), 'CONFIG_MISSING_KEY', 'wallet.address', 14],
    ['no section', without(/ {2}remote:[\s\S]*/), 'CONFIG_MISSING_KEY', 'wallet.remote', 14],
    ['no URL', without(/ {4}url.*\n/), 'CONFIG_MISSING_KEY', 'wallet.remote.url', 17],
    [
      'a certificate without its key',
      without(/ {4}keyFile.*\n/),
      'CONFIG_MISSING_KEY',
      'wallet.remote.keyFile',
      17,
    ],
    [
      'a keystore beside it',
      `${REMOTE}  keystoreFile: keystore.json\n`,
      'CONFIG_VALUE',
      'wallet.keystoreFile',
      24,
    ],
    ['no use for it', without(/ {2}signer.*\n/), 'CONFIG_MISSING_KEY', 'wallet.keystoreFile', 14],
    [
      'an endless time-out',
      REMOTE.replace('2s', '5m'),
      'CONFIG_VALUE',
      'wallet.remote.timeout',
      23,
    ],
    ['another kind', REMOTE.replace(': web3', ': web4'), 'CONFIG_VALUE', 'wallet.signer', 15],
  ])('is refused with code and place for %s', async (_, text, ...[code, key, line]) => {
    const problems = await problemsOf(text);
    expect(problems[0]).toMatchObject({ code, key, line });
  });
});
