import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { ApiOptions } from '../../api/serve.js';
import { startApi } from '../../api/serve.js';
import { freePort } from '../../dev/kit/ports.js';
import { testConfig } from '../../test/kit/test-pool.js';

it('an API whose port is taken says which, and what its host has to be', async () => {
  const other = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  // The addresses of database and Temporal are not used: nothing asks them before the first request.
  const startOn = (host: string) =>
    startApi({ config: testConfig({ host, port }), db: {}, client: {} } as ApiOptions);
  await expect(startOn('127.0.0.1')).rejects.toMatchObject({
    code: 'API_CANNOT_LISTEN',
    message: expect.stringMatching(`^port ${port} of 127.0.0.1 .*another process`),
  });
  await expect(startOn('203.0.113.7')).rejects.toMatchObject({ code: 'API_CANNOT_LISTEN' });
  await new Promise((resolve) => other.close(resolve));
});
