/** The pool as a whole: its totals, its audit log, its history, and its dated terms. */
import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import {
  amount,
  amountOrNull,
  namedTerms,
  viewTermsChange,
  viewTermsHistory,
  viewTermsValues,
} from '../../client/views.js';
import { LONGEST_MS } from '../../config/reading/quantity.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { isPossibleWei, ROUNDINGS } from '../../core/base/money.js';
import { withChecksums } from '../../core/chain/checksums.js';
import type { PageRequest } from '../../core/db/paging.js';
import { rehearse, transact } from '../../core/db/transact.js';
import { type ArchiveRecord, listArchives } from '../../core/history/archive/archived-months.js';
import { listRebuilds } from '../../core/history/rebuild/rebuild.js';
import { monthName } from '../../core/history/rules/retention.js';
import {
  type AuditLogFilter,
  listActs,
  listAuditLog,
} from '../../core/ledger/store/audit-log-reads.js';
import { readShadowReport } from '../../core/moving/store/shadows.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { differenceWords } from '../../core/terms/rules/terms.js';
import {
  changeTerms,
  findTermsInForce,
  readTermsHistory,
  type TermsHistory,
} from '../../core/terms/store/recorded-terms.js';
import { type RunningFile, runningFiles } from '../../core/terms/store/worker-terms.js';
import { publicCheck } from '../outside.js';
import { eventTimeText, listQuery, noQuery, type Routes, rehearsableBody } from '../request.js';
import { POOL, TERMS } from '../schemas/pool.js';

const SHOWN_REBUILDS = 20;

const timeText = eventTimeText.transform((iso) => new Date(iso)).optional();
const auditText = z.string().min(1).max(200).optional();
/** The filters of the audit log, here and on the operator's page. */
export const auditFilter = {
  actor: auditText,
  action: auditText,
  subject: auditText,
  from: timeText,
  before: timeText,
};
const auditQuery = listQuery(auditFilter);

interface AuditAsked {
  readonly page: PageRequest;
  readonly filter: AuditLogFilter;
}

export function poolRoutes(routes: Routes, { db, config, poolId, version }: RunningPool): void {
  routes.get('/v1/pool', noQuery, POOL.show, async () => {
    const [totals, terms] = await Promise.all([readPoolTotals(db), findTermsInForce(db)]);
    return {
      id: poolId,
      name: config.pool.name,
      region: config.pool.region,
      version,
      // Null until a worker has recorded the terms: a configuration file alone puts no terms in force.
      commissionBps: terms?.commissionBps ?? null,
      ...amountOrNull('payoutThreshold', terms?.thresholdWei ?? null),
      minPayoutIntervalMs: terms?.minIntervalMs ?? null,
      rounding: terms?.rounding ?? null,
      payoutsEnabled: config.pool.payoutsEnabled,
      ...amount('gross', totals.grossWei),
      ...amount('commission', totals.commissionWei),
      ...amount('unattributed', totals.unattributedWei),
      ...amount('pending', totals.pendingWei),
      ...amount('reserved', totals.reservedWei),
      ...amount('paid', totals.paidWei),
      workers: totals.workers,
      workersOnline: totals.workersOnline,
      payees: totals.payees,
      openPayouts: totals.openPayouts,
      unattributedJobs: totals.unattributedJobs,
      setAsideEvents: totals.setAsideEvents,
    };
  });
  const listed = async ({ page, filter }: AuditAsked) => {
    const { items, nextCursor } = await listAuditLog(db, page, filter);
    const entries = items.map((entry) => ({
      ...entry,
      id: String(entry.id),
      subject: withChecksums(entry.subject),
      // Addresses in the detail get their checksums; the reason is a person's own text and is not changed.
      detail: withChecksums(entry.detail),
    }));
    return { entries, nextCursor };
  };
  routes.list('/v1/audit-log', auditQuery, POOL.auditLog, listed);
  routes.get('/v1/rebuild', noQuery, POOL.rebuild, async (_, { shows }) => {
    const all = await listRebuilds(db, SHOWN_REBUILDS);
    const shown = shows.words
      ? all
      : all.map((one) => ({ ...one, findings: one.findings.map(publicCheck) }));
    const items = withChecksums(shown);
    return { latest: items[0] ?? null, items };
  });
  routes.get('/v1/shadow', noQuery, POOL.shadow, async () => {
    const { row, fault, comparisons, payees } = await readShadowReport(db, Date.now());
    return {
      beganAt: row?.beganAt ?? null,
      promotedAt: row?.promotedAt ?? null,
      fault,
      comparisons: comparisons.map(({ id: _id, place: _place, ...one }) => one),
      payees: payees.map(({ address, statedWei, creditedWei, unexplainedWei, causes }) => ({
        address: withChecksums(address),
        ...amount('stated', statedWei),
        ...amount('credited', creditedWei),
        ...amount('unexplained', unexplainedWei),
        causes,
      })),
    };
  });
  routes.get('/v1/archives', noQuery, POOL.archives, async () => ({
    items: (await listArchives(db)).map(viewArchive),
  }));
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

const changeBody = rehearsableBody.extend({
  commissionBps: z.number().int().min(0).max(10_000).optional(),
  payoutThresholdWei: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'a whole number of wei')
    .transform(BigInt)
    .refine(isPossibleWei, 'more wei than there are')
    .optional(),
  minPayoutIntervalMs: z.number().int().min(0).max(LONGEST_MS).optional(),
  rounding: z.enum(ROUNDINGS).optional(),
  from: eventTimeText.nullable().default(null),
});

export function termsRoutes(routes: Routes, { db }: RunningPool): void {
  routes.get('/v1/terms', noQuery, TERMS.show, async (_, { shows }) => {
    const [history, acts, files] = await Promise.all([
      readTermsHistory(db),
      listActs(db, 'terms.change'),
      runningFiles(db),
    ]);
    return {
      ...viewTermsHistory(history, shows.words ? acts : null),
      files: files.map((file) => viewFile(file, history, shows.words)),
    };
  });
  routes.post(
    '/v1/terms',
    changeBody,
    TERMS.change,
    async ({ reason, dryRun, actor, from, ...body }) => {
      const changes = namedTerms({
        commissionBps: body.commissionBps,
        thresholdWei: body.payoutThresholdWei,
        minIntervalMs: body.minPayoutIntervalMs,
        rounding: body.rounding,
      });
      if (Object.keys(changes).length === 0) {
        const fields = 'commissionBps, payoutThresholdWei, minPayoutIntervalMs, rounding';
        throw new PoolError('REQUEST_INVALID', `The body says nothing of the terms: ${fields}.`);
      }
      const order = { changes, from: from === null ? null : new Date(from), reason, actor };
      const change = await (dryRun ? rehearse : transact)(db, (tx) => changeTerms(tx, order));
      return viewTermsChange(change, dryRun);
    },
  );
}

/** Shows the terms in a running worker's file. Without `showsWords`, the worker is not named. */
function viewFile(file: RunningFile, { versions, now }: TermsHistory, showsWords: boolean) {
  const { worker, values, namedMs } = file;
  return {
    ...(showsWords ? { worker } : {}),
    ...viewTermsValues(values),
    termsFrom: namedMs === null ? null : new Date(namedMs),
    differs: differenceWords(file, versions, now.getTime()),
  };
}
