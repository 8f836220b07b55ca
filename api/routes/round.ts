import { z } from 'zod';
import type { RunningPool } from '../../client/running-pool.js';
import { amount } from '../../client/views.js';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { PREVIEW_VERDICTS, type PreviewedPayee } from '../../core/payouts/rules/round-preview.js';
import { pageOfPreview, previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import { publicHalt, publicStanding } from '../outside.js';
import { listQuery, type Routes } from '../request.js';
import { readStanding } from '../standing.js';

const previewQuery = listQuery({ verdict: z.enum(PREVIEW_VERDICTS).optional() });

export function roundRoutes(routes: Routes, pool: RunningPool): void {
  const { db, config } = pool;
  const { chain } = config;
  routes.list('/v1/round/preview', previewQuery, async ({ filter, page }, { shows }) => {
    const paying = await findPayingWallet(db, chain.chainId);
    const [preview, { stops }] = await Promise.all([
      previewRound(db, config.pool, freeWeiOf(paying, chain.keepInWalletWei)),
      readStanding(pool, paying),
    ]);
    const { items, nextCursor } = pageOfPreview(preview.payees, filter.verdict, page);
    const { payees, pays, waits, notDue, ...sums } = preview.totals;
    return {
      at: preview.at,
      /** The halts that stop every payout now, whether or not the payee is due. */
      halts: (paying?.halts ?? [])
        .map(shows.words ? (halt) => halt : publicHalt)
        .map(({ code, reason }) => ({ code, reason: withChecksums(reason) })),
      /** Other reasons why no payout can be made now. */
      stops: stops.map(({ code, reason }) => ({ code, reason })),
      totals: {
        payees,
        pays,
        waits,
        notDue,
        ...amount('pays', sums.paysWei),
        ...amount('waits', sums.waitsWei),
        ...amount('usedToday', sums.usedTodayWei),
        ...amount('leftToday', sums.leftTodayWei),
        ...amount('beyondToday', sums.beyondTodayWei),
      },
      payees: items.map((item) => viewPreviewed(item, shows.words)),
      nextCursor,
    };
  });
}

function viewPreviewed(previewed: PreviewedPayee, showsWords: boolean) {
  const { payee, pendingWei, verdict, code, reason } = previewed;
  return {
    payee: toChecksum(payee),
    ...amount('pending', pendingWei),
    verdict,
    code,
    reason: withChecksums(showsWords ? reason : publicStanding(reason)),
  };
}
