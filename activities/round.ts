import { heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { payableAddress } from '../domain/address.js';
import { formatEth } from '../domain/money.js';
import type { Order } from '../domain/order.js';
import { PoolError } from '../domain/pool-error.js';
import { type OpenPayoutRow, openPayouts } from '../store/payout-progress.js';
import { reserveManual, reserveRound } from '../store/payouts.js';
import { findWallet } from '../store/wallet.js';
import {
  amountWeiKey,
  type ManualPayoutResult,
  payeeKey,
  payoutStateKey,
  payoutWorkflowId,
  poolIdKey,
  taskQueueOf,
} from '../workflows/contract.js';
import { guarded } from './failure.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';
import { ordered } from './orders.js';

export interface RoundDeps extends MoneyDeps {
  readonly client: Client;
  readonly poolId: string;
}

/** How many sagas are started at once. */
const STARTS_AT_ONCE = 20;

/** The activities of a payout round, of a manual payout and of the sweeper. */
export function createRoundActivities(deps: RoundDeps) {
  return {
    reserveRound: guarded(async (input: RoundInput) => {
      const { payouts, reservedWei } = await reserveRound(deps.db, input);
      return { payouts, reservedWei: reservedWei.toString() };
    }),
    reserveManual: ordered(deps.db, 'payout.manual', (order) => reserveOne(deps, order)),
    startSagas: guarded(async (input: SagasInput) => {
      const open = await openPayouts(deps.db, input);
      for (let from = 0; from < open.length; from += STARTS_AT_ONCE) {
        heartbeat(`${from} of ${open.length} started`);
        const some = open.slice(from, from + STARTS_AT_ONCE);
        await Promise.all(some.map((payout) => startSaga(deps, payout)));
      }
      return { started: open.length };
    }),
  };
}

export interface RoundInput {
  readonly roundId: string;
  readonly workflowId: string;
}

export interface SagasInput {
  readonly roundId?: string;
  readonly payoutId?: string;
}

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

/** Finds the saga that runs, or starts one: Postgres, not the id, keeps a payout from being paid twice. */
async function startSaga({ client, poolId }: RoundDeps, payout: OpenPayoutRow): Promise<void> {
  const { payoutId, payee, amountWei, state } = payout;
  await client.workflow.start('payout', {
    workflowId: payoutWorkflowId(poolId, payoutId),
    taskQueue: taskQueueOf(poolId),
    args: [{ poolId, payoutId }],
    memo: { pool: poolId },
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: poolIdKey, value: poolId },
      { key: payoutStateKey, value: state },
      { key: payeeKey, value: payee },
      { key: amountWeiKey, value: amountWei.toString() },
    ],
    staticSummary: `${formatEth(amountWei)} ETH to ${payee}`,
  });
}
