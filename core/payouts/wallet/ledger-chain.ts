/** Checks whether the endpoints show the chain on which the ledger has paid. */

import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError, OtherChainError } from '../../chain/endpoint-error.js';
import { type KnownBlock, otherBlock } from '../../chain/own-chain.js';
import { findLedger, keepAnchor } from '../../ledger/store/identity.js';
import { newestFinalBlocks } from '../store/nonces/recovered-attempts.js';
import type { MoneyDeps } from './money-deps.js';
import { requireFinalPoint } from './quorum-views.js';

/** How many endpoints show the ledger's own blocks, and what the others show instead. */
interface Sight {
  readonly ours: number;
  readonly others: readonly OtherChainError[];
  readonly unknown: readonly ChainError[];
}

/**
 * Checks the chain when a worker starts. The first worker for which a quorum agrees stores the anchor. Throws
 * CHAIN_ID_WRONG or CHAIN_NOT_OURS when every endpoint that answers shows another chain, and a ChainError while too
 * few show ours.
 */
export async function meetChain(deps: MoneyDeps): Promise<void> {
  const known = (await findLedger(deps.db))?.anchor ?? null;
  if (known !== null) deps.rpc.bindTo(known);
  const sight = await look(deps);
  const [other] = sight.others;
  if (sight.ours === 0 && other !== undefined) {
    const code = other.differs === 'id' ? 'CHAIN_ID_WRONG' : 'CHAIN_NOT_OURS';
    throw new PoolError(code, other.message);
  }
  requireQuorum(deps, sight);
  if (known === null) deps.rpc.bindTo(await writeAnchor(deps));
}

/**
 * Returns when a quorum of endpoints shows the anchor and the newest blocks that the ledger knows as final. It is
 * called before anything that cannot be undone. Throws CHAIN_NOT_OURS when some endpoints show another chain and too
 * few show ours, and a ChainError when too few answer.
 */
export async function requireOwnChain(deps: MoneyDeps): Promise<void> {
  const sight = await look(deps);
  if (sight.ours >= deps.rpc.quorum) return;
  const others = sight.others.map(({ message }) => message).join('; ');
  if (others !== '') throw new PoolError('CHAIN_NOT_OURS', others);
  requireQuorum(deps, sight);
}

/** Checks the same for callers that can wait and try again: it throws a ChainError in every case. */
export async function awaitOwnChain(deps: MoneyDeps): Promise<void> {
  try {
    await requireOwnChain(deps);
  } catch (error) {
    throw error instanceof PoolError ? new ChainError('garbled', error.message) : error;
  }
}

function requireQuorum(deps: MoneyDeps, { ours, others, unknown }: Sight): void {
  const { quorum } = deps.rpc;
  if (ours >= quorum) return;
  const why = [...others, ...unknown].map(({ message }) => message).join('; ');
  const words = `${ours} of the ${quorum} endpoints that are needed show the ledger's chain: ${why}`;
  const last = ours + others.length === 0 ? unknown.at(-1) : undefined;
  throw last ?? new ChainError('unreachable', words);
}

async function look(deps: MoneyDeps): Promise<Sight> {
  const blocks = await newestFinalBlocks(deps.db, deps.chain.chainId);
  const numbers = blocks.map(({ number }) => number);
  // The client checks the anchor with every request, so make one request even when there are no blocks to compare.
  const outcomes = await deps.rpc.survey(async (reads) => {
    if (numbers.length === 0) await reads.chainId();
    return numbers.length === 0 ? new Map<number, KnownBlock>() : await reads.headers(numbers);
  });
  const others: OtherChainError[] = [];
  const unknown: ChainError[] = [];
  for (const outcome of outcomes) {
    const trouble =
      'error' in outcome ? outcome.error : faultOf(outcome.endpoint, outcome.value, blocks);
    if (trouble instanceof OtherChainError) others.push(trouble);
    else if (trouble !== undefined) unknown.push(trouble);
  }
  return { ours: outcomes.length - others.length - unknown.length, others, unknown };
}

function faultOf(
  endpoint: string,
  shown: ReadonlyMap<number, KnownBlock>,
  blocks: readonly KnownBlock[],
): ChainError | undefined {
  for (const block of blocks) {
    const { hash } = shown.get(block.number) ?? {};
    if (hash === block.hash) continue;
    if (hash !== undefined) return new OtherChainError(otherBlock(endpoint, block, hash), 'block');
    const words = `${endpoint} does not show block ${block.number}, which the ledger knows as final`;
    return new ChainError('garbled', words);
  }
  return undefined;
}

/** Stores the chain's first block as the anchor, or a final block where the endpoints have lost the first one. */
async function writeAnchor(deps: MoneyDeps): Promise<KnownBlock> {
  const anchor =
    (await agreedBlock(deps, 0)) ??
    (await agreedBlock(deps, (await requireFinalPoint(deps)).block));
  if (anchor === undefined) {
    const words = 'the endpoints agree on no block by which the ledger could know its chain again';
    throw new ChainError('refused', words);
  }
  await keepAnchor(deps.db, anchor);
  // Another worker may have stored its anchor first.
  return (await findLedger(deps.db))?.anchor ?? anchor;
}

async function agreedBlock(deps: MoneyDeps, number: number): Promise<KnownBlock | undefined> {
  const answer = await deps.rpc.agreed(
    async (reads) => (await reads.headers([number])).get(number)?.hash ?? null,
  );
  return answer.agreed && answer.value !== null ? { number, hash: answer.value } : undefined;
}
