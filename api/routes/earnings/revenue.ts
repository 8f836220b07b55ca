/** What the pool's tickets brought on chain, and how it was shared. */
import { z } from 'zod';
import { createLinks } from '../../../client/links.js';
import {
  readRevenue,
  viewPeriod,
  viewRedemption,
  viewRevenue,
} from '../../../client/revenue/revenue-views.js';
import type { RunningPool } from '../../../client/running-pool.js';
import { listRedemptions, listRevenuePeriods } from '../../../core/revenue/store/revenue-reads.js';
import { REDEMPTION_STATES } from '../../../core/revenue/store/tables.js';
import { listQuery, noQuery, type Routes } from '../../request.js';
import { REVENUE } from '../../schemas/days.js';

const MOST_PERIODS = 1_000_000;
const redemptionsQuery = listQuery({
  state: z.enum(REDEMPTION_STATES).optional(),
  period: z.coerce.number().int().min(1).max(MOST_PERIODS).optional(),
});

export function revenueRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  const links = createLinks(pool);
  routes.get('/v1/revenue', noQuery, REVENUE.show, async (_, { shows }) =>
    viewRevenue(await readRevenue(pool, shows.words), pool),
  );
  routes.list('/v1/revenue/periods', listQuery({}), REVENUE.periods, async ({ page }) => {
    const { items, nextCursor } = await listRevenuePeriods(db, page);
    return { periods: items.map(viewPeriod), nextCursor };
  });
  routes.list(
    '/v1/revenue/redemptions',
    redemptionsQuery,
    REVENUE.redemptions,
    async ({ filter, page }) => {
      const { items, nextCursor } = await listRedemptions(db, filter, page);
      return { redemptions: items.map((one) => viewRedemption(one, links)), nextCursor };
    },
  );
}
