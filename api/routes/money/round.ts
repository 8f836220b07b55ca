import { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../../client/running-pool.js';
import { readStanding } from '../../../client/standing.js';
import { amount } from '../../../client/views/amounts.js';
import { publicHalt, publicStanding } from '../../../client/views/outside.js';
import { toChecksum, withChecksums } from '../../../core/chain/checksums.js';
import {
  PREVIEW_VERDICTS,
  type PreviewedPayee,
} from '../../../core/payouts/rules/round-preview.js';
import {
  pageOfPreview,
  previewRound,
} from '../../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../../core/payouts/store/reads/wallet-reads.js';
import type { Access } from '../../access.js';
import { listQuery, readList } from '../../request.js';

const previewQuery = listQuery({ verdict: z.enum(PREVIEW_VERDICTS).optional() });

export function roundRoutes(deps: RunningPool, access: Access): Hono {
  const { db, config } = deps;
  const { chain, pool } = config;
  return new Hono().get('/preview', async (c) => {
    const { filter, page } = readList(c, previewQuery);
    const { words: showsWords } = access.shows(c);
    const paying = await findPayingWallet(db, chain.chainId);
    const [preview, { stops }] = await Promise.all([
      previewRound(db, pool, freeWeiOf(paying, chain.keepInWalletWei)),
      readStanding(deps, paying),
    ]);
    const { items, nextCursor } = pageOfPreview(preview.payees, filter.verdict, page);
    const { payees, pays, waits, notDue, ...sums } = preview.totals;
    return c.json({
      at: preview.at,
      /** The halts that stop every payout now, whether or not the payee is due. */
      halts: (paying?.halts ?? [])
        .map(showsWords ? (halt) => halt : publicHalt)
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
      payees: items.map((item) => viewPreviewed(item, showsWords)),
      nextCursor,
    });
  }) as Hono;
}

function viewPreviewed(previewed: PreviewedPayee, showsWords: boolean) {
  const { payee, pendingWei, verdict, code, reason } = previewed;
  const words = withChecksums(showsWords ? reason : publicStanding(reason));
  return {
    payee: toChecksum(payee),
    ...amount('pending', pendingWei),
    verdict,
    code,
    reason: words,
  };
}
