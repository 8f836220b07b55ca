/** The pool as a whole: its totals, its terms, and its audit log. */
import { Hono } from 'hono';
import type { RunningPool } from '../../client/running-pool.js';
import { amount } from '../../client/views/amounts.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import type { Access } from '../access.js';
import { listQuery, readList, refuseQuery } from '../request.js';

const NO_THRESHOLD = { payoutThresholdWei: null, payoutThresholdEth: null };

const wholeList = listQuery({});

export function poolRoutes(deps: RunningPool, access: Access): Hono {
  const { db, config, version } = deps;
  const app = new Hono();
  app.get('/pool', async (c) => {
    refuseQuery(c);
    const [totals, terms] = await Promise.all([readPoolTotals(db), findTermsInForce(db)]);
    return c.json({
      id: deps.poolId,
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
    });
  });
  app.get('/audit-log', async (c) => {
    access.requireToken(c);
    const { items, nextCursor } = await listAuditLog(db, readList(c, wholeList).page);
    const entries = items.map((entry) => ({
      ...entry,
      id: String(entry.id),
      subject: withChecksums(entry.subject),
      // Addresses in the detail get their checksums; the reason is a person's own text and is not changed.
      detail: withChecksums(entry.detail),
    }));
    return c.json({ entries, nextCursor });
  });
  return app;
}
