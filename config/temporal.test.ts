import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';

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
