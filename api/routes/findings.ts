/**
 * Lists what was told to operators and workers. Lists the sentinel's findings, and records that an operator has acknowledged one: a single audited transaction that
 * does not need Temporal.
 */
import { z } from 'zod';
import { viewNotice } from '../../client/notices.js';
import type { RunningPool } from '../../client/running-pool.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { changeOrRehearse } from '../../core/db/transact.js';
import { requireKnownSource } from '../../core/events/store/sources/source-reads.js';
import { NOTICE_KINDS } from '../../core/notices/rules/notice-kinds.js';
import { countUndelivered, listNotices } from '../../core/notices/store/notice-reads.js';
import {
  countFindings,
  findFinding,
  listFindings,
  type ShownFinding,
} from '../../core/sentinel/store/finding-reads.js';
import { acknowledgeFinding } from '../../core/sentinel/store/findings.js';
import { publicActor, publicFinding } from '../outside.js';
import { booleanQuery, listQuery, type Routes, rehearsableBody } from '../request.js';
import { FINDINGS, NOTICES } from '../schemas/uncounted.js';

const findingsQuery = listQuery({
  source: z.string().max(200).optional(),
  all: booleanQuery.optional(),
});

export function findingRoutes(routes: Routes, { db }: RunningPool): void {
  routes.list('/v1/findings', findingsQuery, FINDINGS.list, async ({ filter, page }, { shows }) => {
    const { source: sourceId, all } = filter;
    await requireKnownSource(db, sourceId);
    const [{ items, nextCursor }, { counts, lookedAt }] = await Promise.all([
      listFindings(db, { sourceId, all }, page),
      countFindings(db, sourceId),
    ]);
    const sum = (those: typeof counts) => those.reduce((all, { findings }) => all + findings, 0);
    const open = sum(counts);
    const openAcknowledged = sum(counts.filter(({ acknowledged }) => acknowledged));
    const findings = items.map((finding) => viewFinding(finding, shows.words));
    return { lookedAt, open, openAcknowledged, findings, nextCursor };
  });
  const known = FINDINGS.acknowledge;
  routes.post('/v1/findings/:id/acknowledge', rehearsableBody, known, async (body, asked) => {
    const { dryRun, ...decision } = body;
    const id = readFindingId(asked.id);
    const finding = await changeOrRehearse(db, dryRun, async (tx) => {
      await acknowledgeFinding(tx, id, decision);
      return findFinding(tx, id);
    });
    return { dryRun, finding: finding && viewFinding(finding, true) };
  });
}

const noticesQuery = listQuery({
  kind: z.enum(NOTICE_KINDS).optional(),
  dead: booleanQuery.optional(),
});

/** Adds the list of what was told. It says who earns how much and what went wrong, so that it needs a token. */
export function noticeRoutes(routes: Routes, { db }: RunningPool): void {
  routes.list('/v1/notices', noticesQuery, NOTICES.list, async ({ filter, page }) => {
    const [{ items, nextCursor }, undelivered] = await Promise.all([
      listNotices(db, filter, page),
      countUndelivered(db),
    ]);
    const counts = undelivered.map(({ targetId: target, ...rest }) => ({ target, ...rest }));
    return { notices: items.map(viewNotice), nextCursor, undelivered: counts };
  });
}

export function readFindingId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('FINDING_NOT_FOUND', 'The id of a finding is a number.');
}

/** Shows a finding. Without `showsWords`, leaves out foreign names and what a person wrote when acknowledging it. */
function viewFinding(finding: ShownFinding, showsWords: boolean) {
  const { id, code, sourceId, acknowledged } = finding;
  const { subject, words, figures } = showsWords ? finding : publicFinding(finding);
  return {
    id: String(id),
    code,
    source: sourceId,
    subject,
    severity: finding.severity,
    words,
    figures,
    openedAt: finding.openedAt,
    seenAt: finding.seenAt,
    timesSeen: finding.timesSeen,
    resolvedAt: finding.resolvedAt,
    acknowledged: acknowledged && {
      ...acknowledged,
      by: showsWords ? acknowledged.by : publicActor(acknowledged.by),
      reason: showsWords ? acknowledged.reason : null,
    },
  };
}
