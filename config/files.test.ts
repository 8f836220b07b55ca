import { describe, expect, it } from 'vitest';
import { readSigner } from '../config.js';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { describeConfig } from './describe.js';

const { write, load } = useConfigFiles();

describe('secrets', () => {
  const KEY = 'hush-hush-0451';

  it('come from files and the environment and are described without their values', async () => {
    await write(`${KEY}\n`, 'secret');
    await write('{}', 'keystore.json');
    await write(`${KEY}\n`, 'passphrase');
    const text = `${BASE.replace('https://one', `https://ann:${'$'}{KEY}@one`)
      .replace(
        /endpoint: (.*)/,
        `endpoint: $1\n      unguessed: ${'$'}{KEY}\n      basicAuth:\n        user: ann\n        passwordFile: secret`,
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
    expect(await readSigner(config)).toMatchObject({ kind: 'keystore', passphrase: KEY });
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
