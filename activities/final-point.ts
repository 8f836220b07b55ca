import type { MoneyDeps } from './money-deps.js';

/** A block that is deep enough, and how often the wallet had sent by then. */
export interface FinalPoint {
  readonly block: number;
  readonly nonce: number;
  readonly balanceWei: bigint;
  /** The highest count that any endpoint gives now. */
  readonly minedNonce: number;
  /** The same with what waits in its pool. */
  readonly claimedNonce: number;
}

/** The deepest such block on which a quorum of endpoints agrees; undefined when they do not. */
export async function finalPoint(
  deps: MoneyDeps,
  confirmations: number,
): Promise<FinalPoint | undefined> {
  const { address } = deps.signer;
  const views = await deps.rpc.everyEndpoint((reads) => reads.walletView(address));
  const heads = views.map(({ value }) => value.head.number).sort((a, b) => b - a);
  const head = heads[deps.rpc.quorum - 1];
  if (head === undefined) return undefined;
  const block = Math.max(head - confirmations + 1, 0);
  const answer = await standingAt(deps, block);
  if (!answer.agreed) return undefined;
  const minedNonce = Math.max(...views.map(({ value }) => value.latestNonce));
  const claimedNonce = Math.max(minedNonce, ...views.map(({ value }) => value.pendingNonce));
  return { block, ...answer.value, minedNonce, claimedNonce };
}

/** The wallet's count and balance after this block, as a quorum of endpoints tells them. */
export function standingAt(deps: MoneyDeps, block: number) {
  const { address } = deps.signer;
  return deps.rpc.agreed(async (reads) => ({
    nonce: await reads.nonceAt(address, block),
    balanceWei: await reads.balanceAt(address, block),
  }));
}
