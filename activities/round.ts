import { heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { payableAddress } from '../domain/address.js';
import { formatEth } from '../domain/money.js';
import { PoolError } from '../domain/pool-error.js';
import { type OpenPayoutRow, openPayouts } from '../store/payout-progress.js';
import { reserveManual, reserveRound } from '../store/payouts.js';
import { findWallet } from '../store/wallet.js';
import {
  amountWeiKey,
  type ManualPayoutInput,
  type ManualPayoutResult,
  payeeKey,
  payoutStateKey,
  payoutWorkflowId,
  TASK_QUEUE,
} from '../workflows/contract.js';
import { guarded } from './failure.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';

export interface RoundDeps extends MoneyDeps {
  readonly client: Client;
}

/** How many sagas are started at once. */
const STARTS_AT_ONCE = 20;

/** The activities of a payout round, of a manual payout and of the sweeper. */
export function createRoundActivities(deps: RoundDeps) {
  return {
    reserveRound: guarded(
      async (input: { readonly roundId: string; readonly workflowId: string }) => {
        const { payouts, reservedWei } = await reserveRound(deps.db, input);
        return { payouts, reservedWei: reservedWei.toString() };
      },
    ),
    reserveManual: guarded((input: ManualPayoutRequest) => reserveOne(deps, input)),
    startSagas: guarded(
      async (input: { readonly roundId?: string; readonly payoutId?: string }) => {
        const open = await openPayouts(deps.db, input);
        for (let from = 0; from < open.length; from += STARTS_AT_ONCE) {
          heartbeat(`${from} of ${open.length} started`);
          const some = open.slice(from, from + STARTS_AT_ONCE);
          await Promise.all(some.map((payout) => startSaga(deps.client, payout)));
        }
        return { started: open.length };
      },
    ),
  };
}

type ManualPayoutRequest = ManualPayoutInput & { readonly requestId: string };

async function reserveOne(
  deps: RoundDeps,
  input: ManualPayoutRequest,
): Promise<ManualPayoutResult> {
  const payee = payableAddress(input.payee);
  if (payee === undefined) {
    throw new PoolError('ADDRESS_MALFORMED', `"${input.payee}" is no address that can be paid`);
  }
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined && wallet.halt !== null) {
    throw new PoolError('WALLET_HALTED', `the wallet is halted: ${wallet.halt.reason}`);
  }
  const made = await reserveManual(deps.db, { ...input, payee });
  return {
    payoutId: made.payoutId,
    workflowId: payoutWorkflowId(made.payoutId),
    amountWei: made.amountWei.toString(),
    created: made.created,
  };
}

/** Finds the saga that runs, or starts one: Postgres, not the id, keeps a payout from being paid twice. */
async function startSaga(client: Client, payout: OpenPayoutRow): Promise<void> {
  const { payoutId, payee, amountWei, state } = payout;
  await client.workflow.start('payout', {
    workflowId: payoutWorkflowId(payoutId),
    taskQueue: TASK_QUEUE,
    args: [{ payoutId }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    typedSearchAttributes: [
      { key: payoutStateKey, value: state },
      { key: payeeKey, value: payee },
      { key: amountWeiKey, value: amountWei.toString() },
    ],
    staticSummary: `${formatEth(amountWei)} ETH to ${payee}`,
  });
}
