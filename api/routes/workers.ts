import { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import { viewWorker } from '../../client/views/worker-view.js';
import { listRemoteWorkers } from '../../core/payees/store/remote-worker-reads.js';
import type { Access } from '../access.js';
import { addressText, booleanQuery, pageQuery, readQuery } from '../request.js';

const workersQuery = pageQuery.extend({
  payee: addressText.optional(),
  nodeType: z.enum(['ai', 'transcode']).optional(),
  region: z.string().max(100).optional(),
  online: booleanQuery.optional(),
});

export function workerRoutes({ db }: RunningPool, access: Access): Hono {
  return new Hono().get('/', async (c) => {
    const { limit, cursor, ...filter } = readQuery(c, workersQuery);
    const page = await listRemoteWorkers(db, filter, { limit, cursor });
    const shows = { addresses: access.showsAddresses(c), words: access.showsWords(c) };
    return c.json({
      workers: page.items.map((worker) => viewWorker(worker, shows)),
      nextCursor: page.nextCursor,
    });
  }) as Hono;
}
