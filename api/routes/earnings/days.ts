/** What was earned by day: by one payee, and by the whole pool. */
import { z } from 'zod';
import type { RunningPool } from '../../../client/running-pool.js';
import { amount } from '../../../client/views.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { readDay } from '../../../core/base/time.js';
import { parseAddress, toChecksum } from '../../../core/chain/checksums.js';
import { DAY_MS, dayOf } from '../../../core/payees/rules/earned-days.js';
import {
  type DaySpan,
  type EarnedRow,
  listPayeeDays,
  listPoolDays,
} from '../../../core/payees/store/earned-days.js';
import { findPayee } from '../../../core/payees/store/payee-reads.js';
import type { Shown } from '../../access.js';
import { publicModel, publicName, publicRegion } from '../../outside.js';
import { listQuery, type Routes } from '../../request.js';
import { DAYS } from '../../schemas/days.js';

/** How many days are listed, today included, when the query does not say from which day on. */
const USUAL_DAYS = 30;

export const dayText = z.string().refine((text) => readDay(text) !== undefined, {
  message: 'give a day such as 2026-11-30, of the calendar in UTC',
});
const daysQuery = listQuery({ from: dayText.optional(), to: dayText.optional() });

export function dayRoutes(routes: Routes, { db }: RunningPool): void {
  routes.list(
    '/v1/payees/:address/days',
    daysQuery,
    DAYS.ofPayee,
    async ({ filter, page }, { id, shows }) => {
      const payee = parseAddress(id);
      if ((await findPayee(db, payee)) === undefined) {
        throw new PoolError('PAYEE_UNKNOWN', `${toChecksum(payee)} is not known here.`);
      }
      const span = spanOf(filter);
      const { items, nextCursor } = await listPayeeDays(db, { payee, ...span }, page);
      const days = items.map((row) => viewDay(row, shows));
      return { payee: toChecksum(payee), ...span, days, nextCursor };
    },
  );
  routes.list('/v1/days', daysQuery, DAYS.ofPool, async ({ filter, page }, { shows }) => {
    const span = spanOf(filter);
    const { items, nextCursor } = await listPoolDays(db, span, page);
    return { ...span, days: items.map((row) => viewDay(row, shows)), nextCursor };
  });
}

function spanOf(asked: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): DaySpan {
  const to = asked.to ?? dayOf(Date.now());
  const toMs = readDay(to) ?? 0;
  return { from: asked.from ?? dayOf(toMs - (USUAL_DAYS - 1) * DAY_MS), to };
}

/** Shows a day; null for a pipeline or model that the events do not name, or whose name is for operators only. */
function viewDay(row: EarnedRow, { words }: Shown) {
  const { pipeline, modelId } = row;
  return {
    day: row.day,
    nodeType: row.nodeType,
    region: words ? row.region : publicRegion(row.region),
    pipeline: words && pipeline !== '' ? pipeline : publicName(pipeline),
    modelId: words && modelId !== '' ? modelId : publicModel(modelId),
    jobs: String(row.jobs),
    computeUnits: row.computeUnits.toString(),
    ...amount('gross', row.grossWei),
    ...amount('commission', row.commissionWei),
    ...amount('adjusted', row.adjustedWei),
    ...amount('net', row.netWei),
  };
}
