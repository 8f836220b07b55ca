import { heartbeat } from '@temporalio/activity';
import type { Sender } from '../core/payouts/sending/sending.js';
import { SagasRefused } from '../core/payouts/settling/settler.js';
import { openPayouts } from '../core/payouts/store/payout-progress.js';
import {
  reserveOrdered,
  reserveOrderedRound,
  reserveRound,
} from '../core/payouts/store/reservations.js';
import { type MoneyDeps, walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import { confirmRedirects } from '../core/self-service/redirecting.js';
import { createSuspectRounds } from '../core/sentinel/sweeping.js';
import {
  orderWorkflowId,
  type PayoutInput,
  payoutWorkflowId,
  type RoundInput,
  type SagasInput,
  type StuckSaga,
  type Unscoped,
} from '../workflows/contract.js';
import { beating, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';
import { type SagaDeps, startSagas } from './sagas.js';
import { sweepSagas } from './sweep.js';

/** Builds the activity of a payout's saga: it takes the payout's next step. */
export function createPayoutActivities(sender: Sender) {
  return {
    sendPayout: guarded(({ payoutId }: Unscoped<PayoutInput>) => sender.send(payoutId)),
  };
}

export interface RoundDeps extends MoneyDeps, SagaDeps {
  readonly onStuckSaga?: (saga: StuckSaga) => void;
  /** How long a payee can revoke a change of its destination. @default a week */
  readonly destinationCoolDownMs?: number;
}

/** Builds the activities of payout rounds, of manual payouts and of the sweeper. */
export function createRoundActivities(deps: RoundDeps) {
  const rounds = createSuspectRounds();
  return {
    reserveRound: guarded(async (input: Unscoped<RoundInput>) => {
      const { payouts, reservedWei, leftOut } = await reserveRound(deps.db, input, deps);
      for (const { payee, words } of leftOut) {
        deps.onTrouble?.(new Error(`the round left ${payee} out: ${words}`));
      }
      return { payouts, reservedWei: reservedWei.toString(), leftOut };
    }),
    reserveOrderedRound: ordered(deps.db, 'payout.round', (order) =>
      beating('reserving a round', REPAIR_MS, async () => {
        const workflowId = orderWorkflowId(deps.poolId, order.id);
        const { payouts, reservedWei, leftOut } = await reserveOrderedRound(
          deps.db,
          walletKeyOf(deps),
          { ...order, workflowId },
          deps,
        );
        return { roundId: order.id, payouts, reservedWei: reservedWei.toString(), leftOut };
      }),
    ),
    reserveManual: ordered(deps.db, 'payout.manual', async (order) => {
      const { payoutId, amountWei, created } = await reserveOrdered(
        deps.db,
        walletKeyOf(deps),
        order,
        deps,
      );
      const workflowId = payoutWorkflowId(deps.poolId, payoutId);
      return { payoutId, workflowId, amountWei: amountWei.toString(), created };
    }),
    startSagas: guarded(async (input: Unscoped<SagasInput>) => {
      const open = await openPayouts(deps.db, input);
      const refused = await startSagas(deps, open, (words) => heartbeat(`${words} started`)).then(
        () => 0,
        (error: unknown) => {
          // We do not wait until Temporal takes the refused ones: the payouts are in the ledger, and the sweeper tries
          // to start their sagas every minute.
          if (!(error instanceof SagasRefused)) throw error;
          deps.onTrouble?.(error);
          return error.payoutIds.length;
        },
      );
      return { started: open.length - refused };
    }),
    sweepSagas: guarded(async () => {
      try {
        return await sweepSagas({ ...deps, rounds }, heartbeat);
      } finally {
        // Whatever goes wrong with a payee's wish, or takes long about it, must not keep payouts from being swept.
        await confirmAsked(deps).catch((error: unknown) => deps.onTrouble?.(error));
      }
    }),
  };
}

const A_WEEK_MS = 7 * 86_400_000;

function confirmAsked(deps: RoundDeps) {
  const { db, poolId, rpc, chain, destinationCoolDownMs: coolDownMs = A_WEEK_MS } = deps;
  return confirmRedirects({ db, poolId, chainId: chain.chainId, chain: rpc, coolDownMs });
}
