/** What the sentinel found, and an operator's word that it is known: one audited transaction, Temporal or not. */
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
import { booleanQuery, pageQuery, readBody, readQuery, reasonText } from '../../request.js';

const findingsQuery = pageQuery.extend({
  source: z.string().max(200).optional(),
  all: booleanQuery.optional(),
});

const acknowledgeBody = z.strictObject({ reason: reasonText.min(1, 'say why') });

export function findingRoutes({ db }: RunningPool, access: Access): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    const { limit, cursor, source: sourceId, all } = readQuery(c, findingsQuery);
    await requireKnownSource(db, sourceId);
    const [page, { counts, lookedAt }] = await Promise.all([
      listFindings(db, { sourceId, all }, { limit, cursor }),
      countFindings(db, sourceId),
    ]);
    const sum = (those: typeof counts) => those.reduce((all, { findings }) => all + findings, 0);
    const open = sum(counts);
    const openAcknowledged = sum(counts.filter(({ acknowledged }) => acknowledged));
    const shows = access.showsWords(c);
    return c.json({
      ...{ lookedAt, open, openAcknowledged },
      findings: page.items.map((finding) => viewFinding(finding, shows)),
      nextCursor: page.nextCursor,
    });
  });
  app.post('/:id/acknowledge', async (c) => {
    access.requireToken(c);
    const { reason } = await readBody(c, acknowledgeBody);
    const id = readId(c.req.param('id'));
    await acknowledgeFinding(db, id, { actor: 'api', reason });
    const finding = await findFinding(db, id);
    return c.json({ finding: finding && viewFinding(finding, true) });
  });
  return app;
}

function readId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('FINDING_NOT_FOUND', 'The id of a finding is a number.');
}
