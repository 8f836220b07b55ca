import { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import { viewWorker } from '../../client/views/worker-view.js';
import { listRemoteWorkers } from '../../core/payees/store/remote-worker-reads.js';
import type { Access } from '../access.js';
import { addressText, booleanQuery, listQuery, readList } from '../request.js';

const workersQuery = listQuery({
  payee: addressText.optional(),
  nodeType: z.enum(['ai', 'transcode']).optional(),
  region: z.string().max(100).optional(),
  online: booleanQuery.optional(),
});

export function workerRoutes({ db }: RunningPool, access: Access): Hono {
  return new Hono().get('/', async (c) => {
    const { filter, page } = readList(c, workersQuery);
    const { items, nextCursor } = await listRemoteWorkers(db, filter, page);
    const shows = access.shows(c);
    return c.json({ workers: items.map((worker) => viewWorker(worker, shows)), nextCursor });
  }) as Hono;
}
