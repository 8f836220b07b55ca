import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../../test/harness/config-files.js';

const { write, load } = useConfigFiles();

describe('the way to Temporal', () => {
  it('follows TEMPORAL_* where the configuration says nothing, and the configuration first', async () => {
    const env = { TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: 'pool' };
    const fromEnv = await load(BASE, env);
    expect(fromEnv.temporal).toMatchObject({ address: 'temporal:7233', namespace: 'pool' });
    expect(fromEnv.temporal.connection.tls).toBe(false);
    const both = await load(`${BASE}temporal:\n  address: other:7233\n`, env);
    expect(both.temporal).toMatchObject({ address: 'other:7233', namespace: 'pool' });
  });

  it.each([
    'http://127.0.0.1:7233',
    'https://ns.tmprl.cloud:7233',
    'grpc://temporal:7233',
    'temporal:7233/',
    'me@temporal:7233',
    '::1:7233',
    'temporal',
  ])('refuses an address that the SDK cannot use: %s', async (address) => {
    await expect(load(`${BASE}temporal:\n  address: '${address}'\n`)).rejects.toMatchObject({
      problems: [{ code: 'CONFIG_VALUE', key: 'temporal.address', line: expect.any(Number) }],
    });
    if (address === 'temporal') return;
    await expect(load(BASE, { TEMPORAL_ADDRESS: address })).rejects.toMatchObject({
      problems: [{ code: 'CONFIG_VALUE', key: 'temporal.address' }],
    });
  });

  it.each(['127.0.0.1:7233', '[::1]:7233', 'ns.a1b2c.tmprl.cloud:7233'])(
    'takes %s',
    async (address) => {
      const { temporal } = await load(`${BASE}temporal:\n  address: '${address}'\n`);
      expect(temporal.address).toBe(address);
    },
  );

  it('follows a profile of the SDK', async () => {
    const toml = await write(
      '[profile.prod]\naddress = "cloud:7233"\napi_key = "k"\n',
      'temporal.toml',
    );
    const config = await load(`${BASE}temporal:\n  profile: prod\n`, {
      TEMPORAL_CONFIG_FILE: toml,
    });
    expect(config.temporal.connection).toMatchObject({
      address: 'cloud:7233',
      apiKey: 'k',
      tls: true,
    });
  });
});
