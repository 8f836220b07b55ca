import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../local/ports.js';
import { openPoolDatabase } from './open-database.js';

describe('the embedded Postgres', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-embedded-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('is started by the first process, found by the second, and kept for the next start', async () => {
    const config = {
      database: { embeddedDir: join(dir, 'postgres'), port: await freePort() },
    };
    const first = await openPoolDatabase(config);
    const second = await openPoolDatabase(config);
    await first.db.$client.query('CREATE TABLE kept (n int)');
    expect((await second.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await second.close();
    expect((await first.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await first.close();
    const again = await openPoolDatabase(config);
    expect((await again.db.$client.query('SELECT * FROM kept')).rowCount).toBe(0);
    await again.close();
  });

  it('is not moved to another port when a stranger listens on its own', async () => {
    const port = await freePort();
    const stranger = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    const config = { database: { embeddedDir: join(dir, 'postgres'), port } };
    await expect(openPoolDatabase(config)).rejects.toMatchObject({ code: 'DATABASE_PORT_BUSY' });
    await new Promise((resolve) => stranger.close(resolve));
  });
});
