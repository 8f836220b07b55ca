import { chmod, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../../test/harness/config-files.js';
import { loadConfig } from '../config.js';
import { describeConfig } from '../describe.js';
import { readSigner } from '../sections/wallet.js';
import type { ConfigError, ConfigWarning } from './problem.js';

const { write, load, problemsOf, pathOf } = useConfigFiles();

describe('secrets', () => {
  const KEY = 'hush-hush-hush-0451';

  it('come from files and the environment and are described without their values', async () => {
    await write(`${KEY}\n`, 'secret');
    await write('{}', 'keystore.json');
    await write(`${KEY}\n`, 'passphrase');
    const text = `${BASE.replace('https://one', `https://ann:${'$'}{KEY}@one`)
      .replace(
        /endpoint: (.*)/,
        `endpoint: $1\n      unguessed: ${'$'}{KEY}\n      sendTo: gotify://${'$'}{KEY}\n      basicAuth:\n        user: ann\n        passwordFile: secret`,
      )
      .replace('http://localhost:8545', `"https://rpc.example.com/v2/${'$'}{KEY}"`)
      .replace(
        'pool@',
        `pool:${'$'}{KEY}@`,
      )}api:\n  tokenFile: secret\ntemporal:\n  apiKeyFile: secret\n`;
    const config = await load(text, { KEY });
    expect(config.api.token).toBe(KEY);
    expect(config.temporal.connection).toMatchObject({ apiKey: KEY, tls: true });
    expect(config.sources[0]?.options).toMatchObject({ basicAuth: { user: 'ann', password: KEY } });
    expect(await readSigner(config.wallet)).toMatchObject({
      kind: 'keystore',
      passphrase: Buffer.from(`${KEY}\n`),
    });
    const said = JSON.stringify(describeConfig(config));
    expect(said).not.toContain(KEY);
    expect(said).toContain('https://one.example.com:7935');
  });

  it('are put into the URL of the database as they are', async () => {
    await write('p@ss/w:rd%\n', 'password');
    const config = await load(
      BASE.replace('localhost/pool', 'localhost/pool\n  passwordFile: password'),
    );
    const url = 'url' in config.database ? new URL(config.database.url) : undefined;
    expect(decodeURIComponent(url?.password ?? '')).toBe('p@ss/w:rd%');
    expect(url?.username).toBe('pool');
    expect(JSON.stringify(describeConfig(config))).not.toContain('w:rd');
  });

  it('are not told by a refusal either', async () => {
    const text = BASE.replace('postgres://pool@localhost/pool', `${'$'}{KEY}`);
    const error = await load(text, { KEY }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('CONFIG_VALUE');
    expect(String(error)).not.toContain(KEY);
  });
});

describe('files that hold secrets', () => {
  const withToken = `${BASE}api:\n  tokenFile: token\n`;
  async function warningsOf(text: string, needsWallet = true): Promise<readonly string[]> {
    const warnings: string[] = [];
    const onWarning = ({ words }: ConfigWarning) => warnings.push(words);
    await loadConfig(await write(text), { env: {}, needsWallet, onWarning });
    return warnings;
  }
  const refusalOf = (text: string) =>
    warningsOf(text).catch((error: ConfigError) =>
      error.problems.map(({ code, key }) => [code, key]),
    );
  const mode = (name: string, bits: number) => chmod(pathOf(name), bits);

  beforeEach(async () => {
    await write('{}', 'keystore.json');
    await write('pass', 'passphrase');
    await write('a-token-of-the-tests', 'token');
    for (const name of ['keystore.json', 'passphrase', 'token']) await mode(name, 0o600);
  });

  it('are accepted when nobody else can read them', async () => {
    expect(await warningsOf(withToken)).toEqual([]);
    await mode('keystore.json', 0o400);
    expect(await warningsOf(withToken)).toEqual([]);
  });

  it.each([
    ['keystore.json', 'wallet.keystoreFile', 0o644],
    ['passphrase', 'wallet.passphraseFile', 0o640],
    ['passphrase', 'wallet.passphraseFile', 0o620],
    ['token', 'api.tokenFile', 0o602],
  ])('are refused when others can read a key, or change anything: %s', async (name, key, bits) => {
    await mode(name, bits);
    expect(await refusalOf(withToken)).toEqual([['CONFIG_FILE_EXPOSED', key]]);
    const words = await warningsOf(withToken).catch(String);
    expect(words).toContain(`chmod 600 ${pathOf(name)}`);
  });

  it('cause a warning when others can read one that cannot spend', async () => {
    await mode('token', 0o644);
    expect(await warningsOf(withToken)).toEqual([
      `api.tokenFile: other users of this machine can read ${pathOf('token')} (mode 0644): chmod 600 ${pathOf('token')}`,
    ]);
    // A process that does not sign is not warned about the key's files.
    await mode('token', 0o600);
    await mode('keystore.json', 0o644);
    expect(await warningsOf(withToken, false)).toEqual([]);
  });
});

describe('files as other programs write them', () => {
  const withToken = `${BASE}api:\n  tokenFile: token\n`;
  const TOKEN = 'a-token-of-the-tests';
  beforeEach(async () => {
    for (const name of ['keystore.json', 'passphrase', 'token']) {
      await chmod(await write('{}', name), 0o600);
    }
  });

  it.each([
    ['a byte order mark', `\ufeff${TOKEN}\n`],
    ['line ends of Windows', `${TOKEN}\r\n`],
    ['two line ends', `${TOKEN}\n\n`],
    ['two line ends of Windows', `${TOKEN}\r\n\r\n`],
  ])('give the token without %s', async (_, text) => {
    await write(text, 'token');
    expect((await load(withToken)).api.token).toBe(TOKEN);
  });

  it('are reported as UTF-16 when they are', async () => {
    for (const bytes of [Buffer.from(`\ufeff${TOKEN}`, 'utf16le'), Buffer.from(TOKEN, 'utf16le')]) {
      await writeFile(await write('', 'token'), bytes);
      expect(await problemsOf(withToken)).toMatchObject([
        {
          ...{ code: 'CONFIG_FILE_UNREADABLE', key: 'api.tokenFile' },
          message: expect.stringContaining('save it as UTF-8'),
        },
      ]);
    }
  });

  it('give RPC URLs and the configuration itself without a byte order mark', async () => {
    await write('\ufeffhttp://one.example:8545\r\nhttp://two.example:8545\r\n', 'urls');
    const text = BASE.replace('rpcUrls: [http://localhost:8545]', 'rpcUrlsFile: urls');
    const config = await load(`\ufeff${text}`);
    expect(config.chain.rpcUrls).toEqual(['http://one.example:8545', 'http://two.example:8545']);
  });

  it.each([
    ['secret\n\n', 'ends with more than one line end'],
    ['secret\r\n\r\n', 'ends with more than one line end'],
    ['\ufeffsecret\n', 'begins with a byte order mark'],
    ['secret\nanother\n', 'holds more than one line'],
    ['s\0e\0c\0', 'holds NUL characters, as UTF-16 does'],
    ['secret\r\n', undefined],
    ['u\u0308ber secret', undefined],
  ])('are told what stands around a passphrase: %j', async (text, said) => {
    await write(text, 'passphrase');
    const warnings: string[] = [];
    const onWarning = ({ words }: ConfigWarning) => warnings.push(words);
    await loadConfig(await write(BASE), { env: {}, needsWallet: true, onWarning });
    expect(warnings).toHaveLength(said === undefined ? 0 : 1);
    if (said !== undefined) expect(warnings[0]).toContain(said);
    expect(warnings.join()).not.toContain('secret');
  });

  it('are refused as a passphrase when nothing is in them but a line end', async () => {
    await write('\n', 'passphrase');
    const reading = loadConfig(await write(BASE), { env: {}, needsWallet: true });
    await expect(reading).rejects.toMatchObject({
      problems: [{ code: 'CONFIG_VALUE', key: 'wallet.passphraseFile' }],
    });
  });
});

describe('a token of the API', () => {
  const problemOf = (token: string) =>
    problemsOf(`${BASE}api:\n  token: ${JSON.stringify(token)}\n`);

  it.each(['a', 'fifteen-letters', 'has a blank in the middle', 'nötig-nötig-nötig'])(
    'is refused when it can be guessed or sent by nobody: %s',
    async (token) => {
      expect(await problemOf(token)).toMatchObject([
        {
          code: 'CONFIG_VALUE',
          key: 'api.token',
          message: expect.stringContaining('openssl rand'),
        },
      ]);
    },
  );
});
