import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError } from '../../chain/endpoint-error.js';
import type { ChainReads } from '../../chain/node-reads.js';
import type { SentTransaction } from '../../chain/wallet-history.js';
import type { MoneyDeps } from './money-deps.js';

/**
 * What a quorum of endpoints tells alike of transactions; throws when they do not. A transaction that was
 * signed for another chain cannot be on ours, so that it proves one thing only: CHAIN_NOT_OURS.
 */
export async function agreedSent(
  deps: MoneyDeps,
  read: (reads: ChainReads) => Promise<readonly SentTransaction[]>,
): Promise<readonly SentTransaction[]> {
  const answer = await deps.rpc.agreed(read);
  if (!answer.agreed) {
    throw new ChainError('refused', `what was sent cannot be told: ${answer.reason}`);
  }
  const { chainId } = deps.chain;
  const strange = answer.value.find(({ signedFor }) => (signedFor ?? chainId) !== chainId);
  if (strange === undefined) return answer.value;
  const words = `${strange.hash} is signed for chain ${strange.signedFor}, and the endpoints show it as mined on chain ${chainId}`;
  throw new PoolError('CHAIN_NOT_OURS', words);
}
