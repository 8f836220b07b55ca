/** What rebuilding from the raw events came to, and which months of them are in files. */
import { Hono } from 'hono';
import { monthName } from '../../domain/retention.js';
import { type ArchiveRecord, listArchives } from '../../store/archives.js';
import { listRebuilds } from '../../store/rebuilds.js';
import { withChecksums } from '../addresses.js';
import { amount } from '../amounts.js';
import type { ApiDeps } from '../deps.js';

const SHOWN = 20;

export function historyRoutes({ db }: ApiDeps): Hono {
  const app = new Hono();
  app.get('/rebuild', async (c) => {
    const kept = withChecksums(await listRebuilds(db, SHOWN));
    return c.json({ latest: kept[0] ?? null, items: kept });
  });
  app.get('/archives', async (c) => c.json({ items: (await listArchives(db)).map(viewArchive) }));
  return app;
}

function viewArchive(one: ArchiveRecord) {
  const { file, state, rows, bytes, sha256, minDt, maxDt, archivedAt, restoredAt } = one;
  return {
    ...{ month: monthName(one.month), file, state, rows, bytes, sha256, from: minDt, to: maxDt },
    ...amount('gross', one.grossWei),
    sources: Object.keys(one.sources),
    ...{ archivedAt, restoredAt },
  };
}
