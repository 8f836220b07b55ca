/** The pool as a whole: its totals, its terms, its audit log and its history. */
import type { RunningPool } from '../../client/running-pool.js';
import { amount } from '../../client/views.js';
import { withChecksums } from '../../core/chain/checksums.js';
import type { PageRequest } from '../../core/db/paging.js';
import { type ArchiveRecord, listArchives } from '../../core/history/archive/archived-months.js';
import { listRebuilds } from '../../core/history/rebuild/rebuild-records.js';
import { monthName } from '../../core/history/rules/retention.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import { publicCheck } from '../outside.js';
import { noQuery, pageQuery, type Routes } from '../request.js';

const NO_THRESHOLD = { payoutThresholdWei: null, payoutThresholdEth: null };

const SHOWN_REBUILDS = 20;

export function poolRoutes(routes: Routes, { db, config, poolId, version }: RunningPool): void {
  routes.get('/v1/pool', noQuery, async () => {
    const [totals, terms] = await Promise.all([readPoolTotals(db), findTermsInForce(db)]);
    return {
      id: poolId,
      name: config.pool.name,
      region: config.pool.region,
      version,
      // Null until a worker has recorded the terms: a configuration file alone puts no terms in force.
      commissionBps: terms?.commissionBps ?? null,
      ...(terms === undefined ? NO_THRESHOLD : amount('payoutThreshold', terms.thresholdWei)),
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
  const listed = async ({ page }: { readonly page: PageRequest }) => {
    const { items, nextCursor } = await listAuditLog(db, page);
    const entries = items.map((entry) => ({
      ...entry,
      id: String(entry.id),
      subject: withChecksums(entry.subject),
      // Addresses in the detail get their checksums; the reason is a person's own text and is not changed.
      detail: withChecksums(entry.detail),
    }));
    return { entries, nextCursor };
  };
  routes.list('/v1/audit-log', pageQuery, listed, { needsToken: true });
  routes.get('/v1/rebuild', noQuery, async (_, { shows }) => {
    const all = await listRebuilds(db, SHOWN_REBUILDS);
    const shown = shows.words
      ? all
      : all.map((one) => ({ ...one, findings: one.findings.map(publicCheck) }));
    const items = withChecksums(shown);
    return { latest: items[0] ?? null, items };
  });
  routes.get('/v1/archives', noQuery, async () => ({
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
