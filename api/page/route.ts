import { Hono } from 'hono';
import { type ApiDeps, nowOf } from '../../client/deps.js';
import { readStanding } from '../../client/standing.js';
import { countHours, listSources } from '../../core/events/store/sources/source-reads.js';
import { topRemoteWorkers } from '../../core/payees/store/remote-worker-reads.js';
import {
  countUnaffordable,
  listOpenPayouts,
  listPayouts,
} from '../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, openFindings } from '../../core/sentinel/store/finding-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import type { PoolStatus } from './pool-status.js';
import { chartStart } from './sections/hour-chart.js';
import { statusPage } from './status-page.js';

const SHOWN_WORKERS = 50;
const SHOWN_OPEN = 25;
const SHOWN_FINDINGS = 8;
const SHOWN_ENDED = { limit: 15, cursor: null };

export function statusPageRoutes(deps: ApiDeps): Hono {
  const app = new Hono();
  app.get('/', async (c) => c.html(statusPage(await readStatus(deps))));
  return app;
}

async function readStatus(deps: ApiDeps): Promise<PoolStatus> {
  const { db, poolId, config, version } = deps;
  const now = nowOf(deps);
  const [terms, totals, workers, sources, openPayouts, recent, wallet] = await Promise.all([
    findTermsInForce(db),
    readPoolTotals(db),
    topRemoteWorkers(db, SHOWN_WORKERS),
    listSources(db, now),
    listOpenPayouts(db, SHOWN_OPEN),
    listPayouts(db, { states: ['paid', 'refused', 'failed', 'cancelled'] }, SHOWN_ENDED),
    findPayingWallet(db, config.chain.chainId),
  ]);
  const [hours, findings, findingTotals, unaffordable, standing] = await Promise.all([
    countHours(db, { from: chartStart(now), to: now }),
    openFindings(db, SHOWN_FINDINGS),
    countFindings(db),
    countUnaffordable(db),
    readStanding(deps, wallet),
  ]);
  return {
    config,
    poolId,
    version,
    now,
    terms: terms ?? null,
    totals,
    workers,
    ...{ sources, hours, findings, findingTotals },
    openPayouts,
    recentPayouts: recent.items,
    wallet,
    unaffordable,
    standing,
  };
}
