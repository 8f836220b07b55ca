/** Makes the payout round that a person looked at, and says what its gas will cost. */
import type { Reader } from '../../core/db/database.js';
import type { Decision } from '../../core/ledger/store/audit-log.js';
import { usualTransferGas } from '../../core/payouts/store/reads/round-preview-reads.js';
import type { PayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import type { OrderedRound } from '../../workflows/contract.js';
import { startOrder } from '../carry-out.js';
import { answerTimeoutOf, type RunningPool } from '../running-pool.js';
import { awaitReport } from '../workflow-calls.js';

/** What the transfers of a round cost at the fee of the last block that was seen; null while none was seen. */
export interface ExpectedGas {
  readonly transfers: number;
  /** The gas that a transfer of this pool usually takes. */
  readonly perTransfer: bigint;
  readonly baseFeeWei: bigint | null;
  readonly costWei: bigint | null;
}

export async function expectedGas(
  db: Reader,
  wallet: PayingWallet | undefined,
  transfers: number,
): Promise<ExpectedGas> {
  const perTransfer = await usualTransferGas(db);
  const baseFeeWei = wallet?.balance?.baseFeeWei ?? null;
  const costWei = baseFeeWei === null ? null : BigInt(transfers) * perTransfer * baseFeeWei;
  return { transfers, perTransfer, baseFeeWei, costWei };
}

interface RoundOrder extends Decision {
  /** The hash of the preview that was looked at. */
  readonly previewHash: string;
}

interface StartedRound {
  readonly workflowId: string;
  /** Undefined when no worker has answered in time: the order goes on by itself. */
  readonly result: OrderedRound | undefined;
}

/** Orders a round. Throws ROUND_DIFFERS when it would not be what was looked at; nothing is reserved then. */
export async function orderRound(pool: RunningPool, order: RoundOrder): Promise<StartedRound> {
  const { previewHash, reason, actor } = order;
  const handle = await startOrder(pool, {
    kind: 'payout.round',
    subject: 'round',
    args: { previewHash },
    dryRun: false,
    actor,
    reason,
  });
  const result = await awaitReport(pool, handle, { totalMs: answerTimeoutOf(pool) });
  return { workflowId: handle.workflowId, result };
}
