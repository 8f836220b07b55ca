/** What is in a payout: the credits that it settles, as JSON page by page, and as CSV. */
import { z } from 'zod';
import type { RunningPool } from '../../../client/running-pool.js';
import { csvTable } from '../../../client/statements/csv.js';
import {
  CREDIT_COLUMNS,
  SUM_COLUMNS,
  viewCredit,
  viewCreditSum,
} from '../../../client/statements/payout-credits.js';
import { amount } from '../../../client/views.js';
import { toChecksum } from '../../../core/chain/checksums.js';
import {
  type CreditFilter,
  fitsFilter,
  listPayoutCredits,
  type PayoutCredit,
  payoutCredits,
  type SumBy,
  sumPayoutCredits,
} from '../../../core/statements/payout-contents.js';
import { readPayoutCredits } from '../../../core/statements/store/payout-credits.js';
import type { Shown } from '../../access.js';
import {
  publicEventId,
  publicModel,
  publicName,
  publicRegion,
  requirePublic,
} from '../../outside.js';
import { listQuery, type Routes } from '../../request.js';
import { STATEMENTS } from '../../schemas/statements.js';
import { streamed } from '../../streamed.js';
import { dayText } from '../earnings/days.js';
import { requirePayout } from '../payouts.js';

const PARTS = ['day', 'pipeline', 'model'] as const;

const creditsQuery = listQuery({
  /** Adds the credits up, by any of these: `?by=day,model`. */
  by: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(PARTS)).min(1))
    .meta({ wire: { type: 'array', items: { type: 'string', enum: PARTS }, minItems: 1 } })
    .optional(),
  day: dayText.optional(),
  pipeline: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  format: z.enum(['json', 'csv']).default('json'),
});

export function payoutCreditRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  routes.list(
    '/v1/payouts/:id/credits',
    creditsQuery,
    STATEMENTS.credits,
    async ({ filter, page }, { c, id, shows }) => {
      const payout = await requirePayout(pool, id);
      const { by, format, day, pipeline, model: modelId } = filter;
      if (!shows.words) {
        requirePublic(pipeline, publicName);
        requirePublic(modelId, publicModel);
      }
      const only: CreditFilter = { day, pipeline, modelId };
      const shown = (credit: PayoutCredit) => outward(credit, shows);
      if (format === 'csv') {
        const headers = {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="payout-${id}-credits.csv"`,
        };
        const lines =
          by === undefined
            ? creditLines(pool, id, { only, shown })
            : sumLines(pool, id, { by, only, shows });
        return streamed({ c, shows }, lines, headers);
      }
      const head = (isReturned: boolean) => ({
        payoutId: id,
        payee: toChecksum(payout.payee),
        state: payout.state,
        ...amount('amount', payout.amountWei),
        /** False: it ended unpaid, and a later payout settles what it had taken. */
        settles: !isReturned,
      });
      if (by !== undefined) {
        const { sums, isReturned } = await sumPayoutCredits(db, id, { by, filter: only });
        const views = sums.map((sum) => viewCreditSum(outwardNames(sum, shows)));
        return { ...head(isReturned), sums: views, nextCursor: null };
      }
      const found = await listPayoutCredits(db, id, { filter: only, page });
      const { items, nextCursor, isReturned } = found;
      return {
        ...head(isReturned),
        credits: items.map((item) => viewCredit(shown(item))),
        nextCursor,
      };
    },
  );
}

/** Takes out of a credit what its reader may not see: foreign names, and what a person wrote. */
function outward(credit: PayoutCredit, shows: Shown): PayoutCredit {
  if (shows.words) return credit;
  const { job, region } = credit;
  return {
    ...credit,
    region: region === null ? null : publicRegion(region),
    reference: null,
    reason: null,
    job: job && { ...outwardNames(job, shows), eventId: publicEventId(job.eventId) ?? '' },
  };
}

function outwardNames<
  Named extends { readonly pipeline: string | null; readonly modelId: string | null },
>(named: Named, shows: Shown): Named {
  if (shows.words) return named;
  const { pipeline, modelId } = named;
  return { ...named, pipeline: publicName(pipeline), modelId: publicModel(modelId) };
}

/** After so many credits, also those that the filter leaves out, what was found is sent on. */
const CREDITS_AT_ONCE = 250;

async function* creditLines(
  { db }: RunningPool,
  id: string,
  {
    only,
    shown,
  }: { readonly only: CreditFilter; readonly shown: (credit: PayoutCredit) => PayoutCredit },
): AsyncGenerator<string> {
  const table = csvTable(CREDIT_COLUMNS);
  yield table.head();
  let some: PayoutCredit[] = [];
  let seen = 0;
  for await (const credit of payoutCredits(db, await readPayoutCredits(db, id))) {
    seen += 1;
    if (fitsFilter(credit, only)) some.push(shown(credit));
    if (seen % CREDITS_AT_ONCE !== 0) continue;
    // Without a line this is an empty part, at which the reading ends if the client has gone.
    yield table.lines(some);
    some = [];
  }
  yield table.lines(some);
}

async function* sumLines(
  { db }: RunningPool,
  id: string,
  {
    by,
    only,
    shows,
  }: { readonly by: readonly SumBy[]; readonly only: CreditFilter; readonly shows: Shown },
): AsyncGenerator<string> {
  const table = csvTable(SUM_COLUMNS);
  const { sums } = await sumPayoutCredits(db, id, { by, filter: only });
  yield table.head() + table.lines(sums.map((sum) => outwardNames(sum, shows)));
}
