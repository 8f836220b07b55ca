/**
 * The control: the two steps of a payout as they are often written. It takes an error for "not sent" and a
 * receipt that does not come for "lost", and then sends again with the next nonce. Everything around
 * it, workflow, rounds, ledger, retries, is the real thing.
 */
import { sql } from 'drizzle-orm';
import { query } from '../../core/db/query.js';
import { isClosed, type PayoutState, type SendResult } from '../../core/payouts/rules/payout.js';
import { postMovement } from '../../core/payouts/store/payout-moves.js';
import { type PayoutProgress, payoutProgress } from '../../core/payouts/store/payout-progress.js';
import { type MoneyDeps, walletKeyOf } from '../../core/payouts/wallet/money-deps.js';

interface PayoutCall {
  readonly payoutId: string;
}

const GWEI = 10n ** 9n;
const GAS_LIMIT = 100_000n;
const RECEIPT_WAIT_MS = 6_000;
const RECEIPT_POLL_MS = 200;

export async function allowNaiveMoves(deps: MoneyDeps): Promise<void> {
  // It knows nothing of signed payouts, and goes from reserved to paid.
  await deps.db.execute(sql`ALTER TABLE payout DISABLE TRIGGER payout_moves_one_way`);
}

/** One step that sends and waits for the receipt; without one it sends again at the next try. */
export function createNaiveActivities(deps: MoneyDeps) {
  return {
    async sendPayout({ payoutId }: PayoutCall): Promise<SendResult> {
      const payout = await findPayout(deps, payoutId);
      if (isClosed(payout.state)) return { kind: 'closed', state: payout.state, txHash: null };
      const { hash } = await send(deps, payout);
      const succeeded = await awaitReceipt(deps, hash);
      if (succeeded === undefined) throw new Error(`${hash} is lost`);
      const state = succeeded ? 'paid' : 'refused';
      await close(deps, payoutId, state);
      return { kind: 'closed', state, txHash: hash };
    },
  };
}

async function findPayout(deps: MoneyDeps, payoutId: string): Promise<PayoutProgress> {
  const [payout] = await payoutProgress(deps.db, [payoutId]);
  if (payout === undefined) throw new Error(`there is no payout ${payoutId}`);
  return payout;
}

/** An error goes up, and Temporal calls again. */
async function send(
  deps: MoneyDeps,
  payout: PayoutProgress,
): Promise<{ readonly nonce: number; readonly hash: string }> {
  const { chainId, address } = walletKeyOf(deps);
  const { pendingNonce: nonce } = await deps.rpc.walletView(address);
  const { raw, hash } = await deps.signer.sign({
    chainId,
    nonce,
    to: payout.destination,
    valueWei: payout.amountWei,
    gasLimit: GAS_LIMIT,
    maxFeePerGasWei: 20n * GWEI,
    maxPriorityFeePerGasWei: GWEI,
  });
  const [said = ''] = await deps.rpc.sendRaw([raw]);
  if (!said.startsWith('accepted')) throw new Error(`not sent: ${said}`);
  return { nonce, hash };
}

/** Whether it succeeded; undefined when there is no receipt. */
async function awaitReceipt(deps: MoneyDeps, hash: string): Promise<boolean | undefined> {
  const deadline = performance.now() + RECEIPT_WAIT_MS;
  while (performance.now() < deadline) {
    const receipt = (await deps.rpc.first((reads) => reads.receipts([hash]))).get(hash);
    if (receipt) return receipt.succeeded;
    await new Promise((resolve) => setTimeout(resolve, RECEIPT_POLL_MS));
  }
  return undefined;
}

async function close(deps: MoneyDeps, payoutId: string, state: PayoutState): Promise<void> {
  const isPaid = state === 'paid';
  await deps.db.transaction(async (tx) => {
    const changed = await query(
      tx,
      sql`UPDATE payout SET state = ${state}, closed_at = now()
           WHERE id = ${payoutId} AND state = 'reserved' RETURNING 1`,
    );
    if (changed.length === 0) return;
    await postMovement(tx, {
      kind: isPaid ? 'settle' : 'release',
      from: 'reserved',
      to: isPaid ? 'paid' : 'pending',
      payoutIds: [payoutId],
    });
  });
}
