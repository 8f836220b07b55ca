import { Hono } from 'hono';
import { z } from 'zod';
import { PREVIEW_VERDICTS, type PreviewedPayee } from '../../domain/round-preview.js';
import { pageOfPreview, previewRound } from '../../store/round-preview.js';
import { findPayingWallet } from '../../store/wallet-reads.js';
import { withoutAddresses } from '../access.js';
import { toChecksum, withChecksums } from '../addresses.js';
import { amount } from '../amounts.js';
import type { ApiDeps } from '../deps.js';
import { pageQuery, readQuery } from '../request.js';

const previewQuery = pageQuery.extend({ verdict: z.enum(PREVIEW_VERDICTS).optional() });

export function roundRoutes({ db, config }: ApiDeps): Hono {
  const { chain, pool } = config;
  return new Hono().get('/preview', async (c) => {
    const { verdict, ...page } = readQuery(c, previewQuery);
    const [preview, paying] = await Promise.all([
      previewRound(db, pool),
      findPayingWallet(db, chain.chainId),
    ]);
    const { items, nextCursor } = pageOfPreview(preview.payees, verdict, page);
    const { payees, pays, waits, notDue, ...sums } = preview.totals;
    return c.json({
      at: preview.at,
      /** What stops every payout now, whoever is due. */
      halts: (paying?.halts ?? []).map(({ code, reason }) => ({
        code,
        reason: withChecksums(withoutAddresses(reason)),
      })),
      totals: {
        ...{ payees, pays, waits, notDue },
        ...amount('pays', sums.paysWei),
        ...amount('waits', sums.waitsWei),
        ...amount('usedToday', sums.usedTodayWei),
        ...amount('leftToday', sums.leftTodayWei),
        ...amount('beyondToday', sums.beyondTodayWei),
      },
      payees: items.map(viewPreviewed),
      nextCursor,
    });
  }) as Hono;
}

function viewPreviewed({ payee, pendingWei, verdict, code, reason }: PreviewedPayee) {
  const words = withChecksums(withoutAddresses(reason));
  return {
    payee: toChecksum(payee),
    ...amount('pending', pendingWei),
    verdict,
    code,
    reason: words,
  };
}
