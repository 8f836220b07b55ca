/** Payout rounds: what the next one would pay, and a round that a person has looked at and confirms. */
import { z } from 'zod';
import { createLinks } from '../../client/links.js';
import { type ExpectedGas, expectedGas, orderRound } from '../../client/payouts/rounds.js';
import type { RunningPool } from '../../client/running-pool.js';
import { readStanding } from '../../client/standing.js';
import { amount, amountOrNull } from '../../client/views.js';
import { roundConfigOf } from '../../config/config.js';
import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import { PREVIEW_HASH } from '../../core/payouts/rules/round-hash.js';
import { PREVIEW_VERDICTS, type PreviewedPayee } from '../../core/payouts/rules/round-preview.js';
import { pageOfPreview, previewRound } from '../../core/payouts/store/reads/round-preview-reads.js';
import { findPayingWallet, freeWeiOf } from '../../core/payouts/store/reads/wallet-reads.js';
import { publicHalt, publicStanding } from '../outside.js';
import { decisionBody, listQuery, type Routes } from '../request.js';
import { ROUNDS } from '../schemas/payouts.js';

const previewQuery = listQuery({ verdict: z.enum(PREVIEW_VERDICTS).optional() });

const roundBody = decisionBody.extend({
  previewHash: z.string().regex(PREVIEW_HASH, 'copy it from /v1/round/preview'),
});

const RESERVED = 'reserved: exactly what was looked at';
const UNANSWERED = 'no worker has answered yet: it goes on by itself as the workflow that is named';

export function roundRoutes(routes: Routes, pool: RunningPool): void {
  const links = createLinks(pool);
  const { db, config } = pool;
  const { chain } = config;
  routes.list(
    '/v1/round/preview',
    previewQuery,
    ROUNDS.preview,
    async ({ filter, page }, { shows }) => {
      const paying = await findPayingWallet(db, chain.chainId);
      const [preview, { stops }] = await Promise.all([
        previewRound(db, roundConfigOf(config), freeWeiOf(paying, chain.keepInWalletWei)),
        readStanding(pool, paying),
      ]);
      const gas = await expectedGas(db, paying, preview.totals.pays);
      const { items, nextCursor } = pageOfPreview(preview.payees, filter.verdict, page);
      const { payees, pays, waits, notDue, ...sums } = preview.totals;
      return {
        at: preview.at,
        /** What was looked at: `POST /v1/rounds` makes exactly this round, or refuses. */
        previewHash: preview.previewHash,
        gas: viewGas(gas),
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
    },
  );
  routes.post('/v1/rounds', roundBody, ROUNDS.start, async (order, { answer }) => {
    const { workflowId, result } = await orderRound(pool, order);
    const at = { workflowId, workflowUrl: links.workflow(workflowId) };
    if (result === undefined) return answer(202, { ...at, round: null, words: UNANSWERED });
    const { roundId, payouts, reservedWei } = result;
    const round = { id: roundId, payouts, ...amount('reserved', BigInt(reservedWei)) };
    return answer(201, { ...at, round, words: RESERVED });
  });
}

function viewGas({ transfers, perTransfer, baseFeeWei, costWei }: ExpectedGas) {
  return {
    transfers,
    perTransfer: perTransfer.toString(),
    baseFeeWei: baseFeeWei?.toString() ?? null,
    ...amountOrNull('cost', costWei),
  };
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
