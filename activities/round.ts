import { heartbeat } from '@temporalio/activity';
import { payableAddress } from '../core/base/address.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Order } from '../core/orders/rules/order-kinds.js';
import { SagasRefused } from '../core/payouts/settling/sagas-refused.js';
import { openPayouts } from '../core/payouts/store/payout-progress.js';
import { reserveManual, reserveRound } from '../core/payouts/store/reservations.js';
import { findWallet } from '../core/payouts/store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import { type ManualPayoutResult, payoutWorkflowId } from '../workflows/contract.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';
import { type SagaDeps, startSagas } from './sagas.js';
import { createSuspectRounds, type StuckSaga, type SweepReport, sweepSagas } from './sweep.js';

export interface RoundDeps extends MoneyDeps, SagaDeps {
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** The activities of a payout round, of a manual payout and of the sweeper. */
export function createRoundActivities(deps: RoundDeps) {
  const rounds = createSuspectRounds();
  return {
    reserveRound: guarded(async (input: RoundInput) => {
      const { payouts, reservedWei, leftOut } = await reserveRound(deps.db, input);
      for (const { payee, words } of leftOut) {
        deps.onTrouble?.(new Error(`the round left ${payee} out: ${words}`));
      }
      return { payouts, reservedWei: reservedWei.toString(), leftOut };
    }),
    reserveManual: ordered(deps.db, 'payout.manual', (order) => reserveOne(deps, order)),
    startSagas: guarded(async (input: SagasInput) => {
      const open = await openPayouts(deps.db, input);
      const refused = await startSagas(deps, open, (words) => heartbeat(`${words} started`)).then(
        () => 0,
        (error: unknown) => {
          // The ledger has the payouts, and the sweeper tries again each minute: nobody waits here for ever.
          if (!(error instanceof SagasRefused)) throw error;
          deps.onTrouble?.(error);
          return error.payoutIds.length;
        },
      );
      return { started: open.length - refused };
    }),
    sweepSagas: guarded((): Promise<SweepReport> => sweepSagas({ ...deps, rounds }, heartbeat)),
  };
}

export interface RoundInput {
  readonly roundId: string;
  readonly workflowId: string;
}

export type SagasInput = { readonly roundId: string } | { readonly payoutId: string };

async function reserveOne(
  deps: RoundDeps,
  { id, args, actor, reason, dryRun }: Order<'payout.manual'>,
): Promise<ManualPayoutResult> {
  if (dryRun) throw new PoolError('REQUEST_INVALID', 'a manual payout has no dry run');
  const payee = payableAddress(args.payee);
  if (payee === undefined) {
    throw new PoolError('ADDRESS_MALFORMED', `"${args.payee}" is no address that can be paid`);
  }
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined && wallet.halt !== null) {
    throw new PoolError('WALLET_HALTED', `the wallet is halted: ${wallet.halt.reason}`);
  }
  const { belowThreshold } = args;
  const request = { payee, belowThreshold, requestId: id, actor, reason };
  const made = await reserveManual(deps.db, request);
  return {
    payoutId: made.payoutId,
    workflowId: payoutWorkflowId(deps.poolId, made.payoutId),
    amountWei: made.amountWei.toString(),
    created: made.created,
  };
}
