/** Shows the results of rebuilds from the raw events, and which months of events are in the archive's files. */
import { Hono } from 'hono';
import type { RunningPool } from '../../../client/running-pool.js';
import { amount } from '../../../client/views/amounts.js';
import { publicCheck } from '../../../client/views/outside.js';
import { withChecksums } from '../../../core/chain/checksums.js';
import { type ArchiveRecord, listArchives } from '../../../core/history/archive/archived-months.js';
import { listRebuilds } from '../../../core/history/rebuild/rebuild.js';
import { monthName } from '../../../core/history/rules/retention.js';
import type { Access } from '../../access.js';
import { refuseQuery } from '../../request.js';

const SHOWN = 20;

export function historyRoutes({ db }: RunningPool, access: Access): Hono {
  const app = new Hono();
  app.get('/rebuild', async (c) => {
    refuseQuery(c);
    const all = await listRebuilds(db, SHOWN);
    const shown = access.shows(c).words
      ? all
      : all.map((one) => ({ ...one, findings: one.findings.map(publicCheck) }));
    const kept = withChecksums(shown);
    return c.json({ latest: kept[0] ?? null, items: kept });
  });
  app.get('/archives', async (c) => {
    refuseQuery(c);
    return c.json({ items: (await listArchives(db)).map(viewArchive) });
  });
  return app;
}

function viewArchive(one: ArchiveRecord) {
  const { file, state, rows, bytes, sha256, minDt, maxDt, archivedAt, restoredAt } = one;
  return {
    month: monthName(one.month),
    file,
    state,
    rows,
    bytes,
    sha256,
    from: minDt,
    to: maxDt,
    ...amount('gross', one.grossWei),
    sources: Object.keys(one.sources),
    archivedAt,
    restoredAt,
  };
}
