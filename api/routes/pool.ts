/** The pool as a whole: its totals, its terms, its decisions. */
import { Hono } from 'hono';
import type { ApiDeps } from '../../client/deps.js';
import { amount } from '../../client/views/amounts.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import type { Access } from '../access.js';
import { pageQuery, readQuery, refuseQuery } from '../request.js';

const NO_THRESHOLD = { payoutThresholdWei: null, payoutThresholdEth: null };

export function poolRoutes(deps: ApiDeps, access: Access): Hono {
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
      // Null until a worker has recorded the terms: those of a file are not in force.
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
    const page = await listAuditLog(db, readQuery(c, pageQuery));
    const entries = page.items.map((entry) => ({
      ...entry,
      ...{ id: String(entry.id), subject: withChecksums(entry.subject) },
      // The reason stays as it was said.
      detail: withChecksums(entry.detail),
    }));
    return c.json({ entries, nextCursor: page.nextCursor });
  });
  return app;
}
