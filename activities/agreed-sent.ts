import { ChainError } from '../chain/chain-error.js';
import type { ChainReads } from '../chain/chain-reads.js';
import type { SentTransaction } from '../chain/wallet-history.js';
import type { MoneyDeps } from './money-deps.js';

/** What a quorum of endpoints tells alike of transactions; throws when they do not. */
export async function agreedSent(
  deps: MoneyDeps,
  read: (reads: ChainReads) => Promise<readonly SentTransaction[]>,
): Promise<readonly SentTransaction[]> {
  const answer = await deps.rpc.agreed(read);
  if (answer.agreed) return answer.value;
  throw new ChainError('refused', `what the wallet sent cannot be told: ${answer.reason}`);
}
