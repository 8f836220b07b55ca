/**
 * A payout that a person asks for. What can be refused is refused here, from Postgres, before a
 * workflow starts; the reservation itself decides again under the payee's lock.
 */
import type { Address } from '../core/base/address.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { ethAndWei } from '../core/base/money.js';
import { toChecksum } from '../core/chain/checksums.js';
import {
  findRequest,
  forgetRequest,
  type RememberedRequest,
  rememberAnswer,
  rememberRequest,
} from '../core/orders/store/idempotency-keys.js';
import { findPayee } from '../core/payees/store/payee-reads.js';
import {
  findPayout,
  findPayoutSince,
  type PayoutSummary,
} from '../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../core/payouts/store/reads/wallet-reads.js';
import { findTermsInForce } from '../core/terms/store/recorded-terms.js';
import { payoutWorkflowId } from '../workflows/contract.js';
import { type ApiDeps, answerTimeoutOf } from './deps.js';
import { refusalOf } from './errors.js';
import { awaitOrder, startOrder } from './orders.js';

export interface PayoutRequest {
  readonly payee: Address;
  readonly belowThreshold: boolean;
  readonly reason: string;
  /** `Idempotency-Key`: the same key and request lead to the same payout. */
  readonly idempotencyKey: string | null;
}

export interface PayoutOutcome {
  /** Null when no worker has answered yet: the workflow goes on. */
  readonly payout: PayoutSummary | null;
  readonly workflowId: string;
  /** False when an open payout was joined. */
  readonly created: boolean;
}

export async function requestPayout(deps: ApiDeps, request: PayoutRequest): Promise<PayoutOutcome> {
  const { idempotencyKey: key } = request;
  if (key === null) {
    await refuseUnpayable(deps, request);
    return startPayout(deps, request);
  }
  const known = await findRequest(deps.db, key);
  const earlier = known && (await repeatOutcome(deps, request, known));
  if (earlier !== undefined) return earlier;
  await refuseUnpayable(deps, request);
  const other = await rememberRequest(deps.db, key, fingerprint(request));
  if (other !== undefined) refuseReused(request, other);
  try {
    const outcome = await startPayout(deps, request);
    const { payout, created } = outcome;
    if (payout !== null) await rememberAnswer(deps.db, key, { payoutId: payout.id, created });
    return outcome;
  } catch (error) {
    if (refusalOf(error) !== undefined) await forgetRequest(deps.db, key);
    throw error;
  }
}

async function startPayout(deps: ApiDeps, request: PayoutRequest): Promise<PayoutOutcome> {
  const { payee, belowThreshold, reason } = request;
  const started = await startOrder(deps, {
    ...{ kind: 'payout.manual', subject: payee, args: { payee, belowThreshold } },
    ...{ dryRun: false, actor: 'api', reason },
  });
  const result = await awaitOrder(deps, started, answerTimeoutOf(deps));
  if (result === undefined) {
    return { payout: null, workflowId: started.workflowId, created: false };
  }
  const { payoutId, workflowId, created } = result;
  return { payout: (await findPayout(deps.db, payoutId)) ?? null, workflowId, created };
}

/** What the first request with this key led to; undefined when it was cut off before it led anywhere. */
async function repeatOutcome(
  deps: ApiDeps,
  request: PayoutRequest,
  known: RememberedRequest,
): Promise<PayoutOutcome | undefined> {
  refuseReused(request, known);
  const payout =
    known.payoutId === null
      ? await findPayoutSince(deps.db, request.payee, known.createdAt)
      : await findPayout(deps.db, known.payoutId);
  if (payout === undefined) return undefined;
  return {
    payout,
    workflowId: payoutWorkflowId(deps.poolId, payout.id),
    created: known.created ?? true,
  };
}

async function refuseUnpayable(deps: ApiDeps, request: PayoutRequest): Promise<void> {
  const { db } = deps;
  const shown = toChecksum(request.payee);
  const payee = await findPayee(db, request.payee);
  if (payee === undefined) throw new PoolError('PAYEE_UNKNOWN', `${shown} is not known here.`);
  if (payee.unpayable !== null) {
    const { code, reason } = payee.unpayable;
    const refusal = code === 'PAYEE_IS_WALLET' ? code : 'PAYEE_UNPAYABLE';
    throw new PoolError(refusal, `${shown} cannot be paid: ${reason ?? code}.`);
  }
  await refuseHaltedWallet(deps);
  // The open one is joined: there is nothing to check for it.
  if (payee.openPayoutId !== null) return;
  const terms = await findTermsInForce(db);
  if (terms === undefined) {
    throw new PoolError('TERMS_UNKNOWN', 'No worker has recorded the terms yet.');
  }
  const { thresholdWei } = terms;
  const isDue = request.belowThreshold
    ? payee.pendingWei > 0n
    : payee.pendingWei > 0n && payee.pendingWei >= thresholdWei;
  if (isDue) return;
  throw new PoolError(
    'PAYOUT_NOTHING_DUE',
    `${shown} has ${ethAndWei(payee.pendingWei)} pending; the threshold is ${ethAndWei(thresholdWei)}.`,
    { pendingWei: payee.pendingWei.toString(), thresholdWei: thresholdWei.toString() },
  );
}

async function refuseHaltedWallet({ db, config }: ApiDeps): Promise<void> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet === undefined) {
    throw new PoolError('WALLET_UNKNOWN', 'No worker has opened the wallet yet.');
  }
  const [halt] = wallet.halts;
  if (halt === undefined) return;
  throw new PoolError('WALLET_HALTED', `The wallet is halted: ${halt.reason}.`);
}

const fingerprint = ({ payee, belowThreshold, reason }: PayoutRequest): string =>
  JSON.stringify({ payee, belowThreshold, reason });

function refuseReused(request: PayoutRequest, known: RememberedRequest): void {
  if (known.request === fingerprint(request)) return;
  throw new PoolError('IDEMPOTENCY_KEY_REUSED', 'This key was used for another request.');
}
