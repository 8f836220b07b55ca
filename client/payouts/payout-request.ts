/**
 * Pays one payee because a person asks for it. A request that cannot succeed is refused here, from what is in Postgres,
 * before a workflow starts; the reservation decides again under the payee's lock.
 */
import { roundConfigOf } from '../../config/config.js';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { ethAndWei } from '../../core/base/money.js';
import { toChecksum } from '../../core/chain/checksums.js';
import type { Decision } from '../../core/ledger/store/audit-log.js';
import {
  findRequest,
  forgetRequest,
  type RememberedRequest,
  rememberAnswer,
  rememberRequest,
} from '../../core/orders/store/idempotency-keys.js';
import { findPayee } from '../../core/payees/store/payee-reads.js';
import { type Despite, decideDue } from '../../core/payouts/rules/payout-due.js';
import { previewPayee } from '../../core/payouts/rules/round-preview.js';
import { payeeStandings, readDueRules } from '../../core/payouts/store/payee-standings.js';
import {
  findPayout,
  findPayoutSince,
  type PayoutSummary,
} from '../../core/payouts/store/reads/payout-reads.js';
import {
  findPayingWallet,
  freeWeiOf,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { notDueError } from '../../core/payouts/store/reservations.js';
import { payoutWorkflowId } from '../../workflows/contract.js';
import { startOrder } from '../carry-out.js';
import { refusalOf } from '../error-answers.js';
import { answerTimeoutOf, type RunningPool } from '../running-pool.js';
import { awaitReport } from '../workflow-calls.js';

interface PayoutOrder extends Decision {
  readonly payee: Address;
  readonly belowThreshold: boolean;
  /** True to pay in spite of what the policy says against the payee, and of its own pause. */
  readonly despiteRules: boolean;
}

type Asked = Pick<PayoutOrder, 'payee' | 'belowThreshold' | 'despiteRules'>;

interface PayoutRequest extends PayoutOrder {
  /** The value of the header `Idempotency-Key`: repeating a request with the same key returns the same payout. */
  readonly idempotencyKey: string | null;
}

interface PayoutOutcome {
  /** Null when no worker has answered yet; the workflow still goes on. */
  readonly payout: PayoutSummary | null;
  readonly workflowId: string;
  /** False when the payee already had an open payout, which was joined. */
  readonly created: boolean;
}

export async function requestPayout(
  pool: RunningPool,
  request: PayoutRequest,
): Promise<PayoutOutcome> {
  const { idempotencyKey: key } = request;
  if (key === null) {
    await refuseUnpayable(pool, request);
    return startPayout(pool, request);
  }
  const known = await findRequest(pool.db, key);
  const earlier = known && (await repeatOutcome(pool, request, known));
  if (earlier !== undefined) return earlier;
  await refuseUnpayable(pool, request);
  const other = await rememberRequest(pool.db, key, fingerprint(request));
  if (other !== undefined) refuseReused(request, other);
  try {
    const outcome = await startPayout(pool, request);
    const { payout, created } = outcome;
    if (payout !== null) await rememberAnswer(pool.db, key, { payoutId: payout.id, created });
    return outcome;
  } catch (error) {
    if (refusalOf(error) !== undefined) await forgetRequest(pool.db, key);
    throw error;
  }
}

export interface RehearsedPayout {
  readonly amountWei: bigint;
  /** False when the payee has an open payout, which a request would join. */
  readonly created: boolean;
  readonly words: string;
}

/**
 * Says what a request would do now, by the rules that the reservation goes by. Nothing is reserved, and no worker is
 * asked. Throws what the request itself would be refused with.
 */
export async function rehearsePayout(pool: RunningPool, request: Asked): Promise<RehearsedPayout> {
  const { db, config } = pool;
  const { payee } = request;
  await refuseUnpayable(pool, request);
  const wallet = await requireWallet(pool);
  const due = await readDueRules(db, roundConfigOf(config));
  const [standing] = await payeeStandings(db, due, [payee]);
  if (standing === undefined) throw new PoolError('PAYOUT_NOTHING_DUE', 'Nothing is pending.');
  const { underWay, pendingWei } = standing;
  if (underWay !== null) {
    const words = `the payout ${underWay.id} is open, and would be joined: nothing new would be reserved`;
    return { amountWei: pendingWei, created: false, words };
  }
  const despite = despiteOf(request);
  const decision = decideDue(standing, due, despite);
  if (!decision.due) throw notDueError(payee, decision);
  const freeWei = freeWeiOf(wallet, config.chain.keepInWalletWei);
  const { code, reason } = previewPayee(standing, { due, limits: config.pool, freeWei }, despite);
  const wait = code === null ? '' : `; it would then wait with ${code}: ${reason}`;
  const words = `would reserve ${ethAndWei(pendingWei)} for ${toChecksum(payee)}${wait}`;
  return { amountWei: pendingWei, created: true, words };
}

async function startPayout(pool: RunningPool, request: PayoutRequest): Promise<PayoutOutcome> {
  const { workflowId, result } = await orderPayout(pool, request);
  if (result === undefined) return { payout: null, workflowId, created: false };
  const payout = (await findPayout(pool.db, result.payoutId)) ?? null;
  return { payout, workflowId: result.workflowId, created: result.created };
}

/**
 * Orders a payout and waits until it is reserved. Without a `result` no worker has answered in time, and the order goes
 * on.
 */
export async function orderPayout(
  pool: RunningPool,
  { payee, belowThreshold, despiteRules, reason, actor }: PayoutOrder,
) {
  const args = { payee, belowThreshold, despiteRules };
  const handle = await startOrder(pool, {
    kind: 'payout.manual',
    subject: payee,
    args,
    dryRun: false,
    actor,
    reason,
  });
  const result = await awaitReport(pool, handle, { totalMs: answerTimeoutOf(pool) });
  return { workflowId: handle.workflowId, result };
}

/** Finds the payout of the first request with this key; undefined when that request was cut off before it made one. */
async function repeatOutcome(
  pool: RunningPool,
  request: PayoutRequest,
  known: RememberedRequest,
): Promise<PayoutOutcome | undefined> {
  refuseReused(request, known);
  const payout =
    known.payoutId === null
      ? await findPayoutSince(pool.db, request.payee, known.createdAt)
      : await findPayout(pool.db, known.payoutId);
  if (payout === undefined) return undefined;
  const workflowId = payoutWorkflowId(pool.poolId, payout.id);
  return { payout, workflowId, created: known.created ?? true };
}

async function refuseUnpayable(pool: RunningPool, request: Asked): Promise<void> {
  const { db, config } = pool;
  const shown = toChecksum(request.payee);
  const payee = await findPayee(db, request.payee);
  if (payee === undefined) throw new PoolError('PAYEE_UNKNOWN', `${shown} is not known here.`);
  if (payee.unpayable !== null) {
    const { code, reason } = payee.unpayable;
    const refusal = code === 'PAYEE_IS_WALLET' ? code : 'PAYEE_UNPAYABLE';
    throw new PoolError(refusal, `${shown} cannot be paid: ${reason ?? code}.`);
  }
  const [halt] = (await requireWallet(pool)).halts;
  if (halt !== undefined) {
    throw new PoolError('WALLET_HALTED', `The wallet is halted: ${halt.reason}.`);
  }
  // There is an open payout to join, so nothing else needs to be due.
  if (payee.openPayoutId !== null) return;
  const due = await readDueRules(db, roundConfigOf(config));
  const [standing] = await payeeStandings(db, due, [request.payee]);
  const decision = standing && decideDue(standing, due, despiteOf(request));
  if (decision?.due !== true) throw notDueError(request.payee, decision);
}

const despiteOf = ({ belowThreshold, despiteRules }: Asked): Despite => ({
  amount: belowThreshold,
  refusal: despiteRules,
});

/** Returns the wallet that pays. Throws WALLET_UNKNOWN before the first worker has opened it. */
export async function requireWallet({ db, config }: RunningPool): Promise<PayingWallet> {
  const wallet = await findPayingWallet(db, config.chain.chainId);
  if (wallet !== undefined) return wallet;
  throw new PoolError('WALLET_UNKNOWN', 'No worker has opened the wallet yet.');
}

/** A key of the version before stands for a request without `despiteRules`. */
const fingerprint = ({ payee, belowThreshold, despiteRules, reason }: PayoutRequest): string =>
  JSON.stringify({ payee, belowThreshold, reason, ...(despiteRules && { despiteRules }) });

function refuseReused(request: PayoutRequest, known: RememberedRequest): void {
  if (known.request === fingerprint(request)) return;
  throw new PoolError('IDEMPOTENCY_KEY_REUSED', 'This key was used for another request.');
}
