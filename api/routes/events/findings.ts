/**
 * Lists the sentinel's findings, and records that an operator has acknowledged one: a single audited transaction that
 * does not need Temporal.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../../client/running-pool.js';
import { viewFinding } from '../../../client/views/finding-view.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { requireKnownSource } from '../../../core/events/store/sources/source-reads.js';
import {
  countFindings,
  findFinding,
  listFindings,
} from '../../../core/sentinel/store/finding-reads.js';
import { acknowledgeFinding } from '../../../core/sentinel/store/findings.js';
import type { Access } from '../../access.js';
import {
  ACTOR,
  booleanQuery,
  decisionBody,
  listQuery,
  readList,
  readOrder,
} from '../../request.js';

const findingsQuery = listQuery({
  source: z.string().max(200).optional(),
  all: booleanQuery.optional(),
});

export function findingRoutes({ db }: RunningPool, access: Access): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    const { filter, page } = readList(c, findingsQuery);
    const { source: sourceId, all } = filter;
    await requireKnownSource(db, sourceId);
    const [{ items, nextCursor }, { counts, lookedAt }] = await Promise.all([
      listFindings(db, { sourceId, all }, page),
      countFindings(db, sourceId),
    ]);
    const sum = (those: typeof counts) => those.reduce((all, { findings }) => all + findings, 0);
    const open = sum(counts);
    const openAcknowledged = sum(counts.filter(({ acknowledged }) => acknowledged));
    const { words } = access.shows(c);
    const findings = items.map((finding) => viewFinding(finding, words));
    return c.json({ lookedAt, open, openAcknowledged, findings, nextCursor });
  });
  app.post('/:id/acknowledge', async (c) => {
    const { reason } = await readOrder(access, c, decisionBody);
    const id = readId(c.req.param('id'));
    await acknowledgeFinding(db, id, { actor: ACTOR, reason });
    const finding = await findFinding(db, id);
    return c.json({ finding: finding && viewFinding(finding, true) });
  });
  return app;
}

function readId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('FINDING_NOT_FOUND', 'The id of a finding is a number.');
}
