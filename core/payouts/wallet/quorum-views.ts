/** What a quorum of endpoints shows of a wallet. */
import { PoolError } from '../../base/errors/pool-error.js';
import { ChainError } from '../../chain/endpoint-error.js';
import type { ChainReads, WalletView } from '../../chain/node-reads.js';
import { lastBlockBefore, type SentTransaction } from '../../chain/wallet-history.js';
import { recordBalance, type WalletOpening } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from './money-deps.js';

/** Reads the wallet from every endpoint that answers. */
export async function walletViews({ rpc, signer }: MoneyDeps): Promise<readonly WalletView[]> {
  const answers = await rpc.everyEndpoint((reads) => reads.walletView(signer.address));
  return answers.map(({ value }) => value);
}

/** Returns the view of the endpoint with the highest block; there must be at least one view. */
export function furthestView(views: readonly WalletView[]): WalletView {
  return views.reduce((a, b) => (b.head.number > a.head.number ? b : a));
}

/** Returns the highest balance that at least a quorum of the views reaches, so one endpoint that lags does not lower it. */
export function agreedBalance(views: readonly WalletView[], quorum: number): bigint {
  const balances = views.map(({ balanceWei }) => balanceWei);
  return reachedBy(balances, Math.min(quorum, views.length)) ?? 0n;
}

/** Returns the highest amount that so many of these reach; undefined when there are fewer. */
export function reachedBy(amountsWei: readonly bigint[], count: number): bigint | undefined {
  const descending = amountsWei.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return descending[count - 1];
}

/** Stores a balance for people to see. When storing fails, the error is only reported. */
export async function noteBalance(
  deps: MoneyDeps,
  { head, balanceWei, latestNonce }: WalletView,
): Promise<void> {
  try {
    await recordBalance(deps.db, walletKeyOf(deps), {
      wei: balanceWei,
      block: head.number,
      baseFeeWei: head.baseFeePerGasWei,
      minedNonce: latestNonce,
    });
  } catch (error) {
    deps.onTrouble?.(error);
  }
}

/**
 * Reads transactions and returns what a quorum of endpoints agrees on; throws when they do not agree. A transaction
 * that was signed for another chain cannot be on ours, so endpoints that show one are on another chain
 * (CHAIN_NOT_OURS).
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

/** A block that is deep enough, with what the wallet had sent and held by then. */
export interface FinalPoint {
  readonly block: number;
  readonly nonce: number;
  readonly balanceWei: bigint;
  /** The highest nonce count that any endpoint reports now. */
  readonly minedNonce: number;
  /** The same count including transactions that wait in an endpoint's pool. */
  readonly claimedNonce: number;
}

/**
 * Finds the newest block that a quorum of endpoints takes as final: it is as deep as configured, and not above the
 * block that the node itself calls final, if it names one. Returns undefined when the endpoints do not agree on it.
 */
export function finalPoint(deps: MoneyDeps): Promise<FinalPoint | undefined> {
  const { finalityConfirmations } = deps.chain;
  return pointOf(deps, async (reads, { head }) =>
    Math.min(
      depthAt(head.number, finalityConfirmations),
      (await reads.finalizedBlock()) ?? Number.MAX_SAFE_INTEGER,
    ),
  );
}

export async function requireFinalPoint(deps: MoneyDeps): Promise<FinalPoint> {
  const point = await finalPoint(deps);
  if (point !== undefined) return point;
  throw new ChainError('refused', 'the RPC endpoints do not agree');
}

/** Finds the newest block that is deep enough for a payment to count; a deep reorg may still take it back. */
export function deepPoint(deps: MoneyDeps): Promise<FinalPoint | undefined> {
  const { confirmations } = deps.chain;
  return pointOf(deps, async (_, { head }) => depthAt(head.number, confirmations));
}

const depthAt = (head: number, confirmations: number) => Math.max(head - confirmations + 1, 0);

async function pointOf(
  deps: MoneyDeps,
  blockOf: (reads: ChainReads, view: WalletView) => Promise<number>,
): Promise<FinalPoint | undefined> {
  const { address } = deps.signer;
  const seen = await deps.rpc.everyEndpoint(async (reads) => {
    const view = await reads.walletView(address);
    return { view, block: await blockOf(reads, view) };
  });
  // Take the highest block that a quorum reaches, so one endpoint that runs ahead decides nothing.
  const blocks = seen.map(({ value }) => value.block).sort((a, b) => b - a);
  const block = blocks[deps.rpc.quorum - 1];
  if (block === undefined) return undefined;
  const answer = await standingAt(deps, block);
  if (!answer.agreed) return undefined;
  const views = seen.map(({ value }) => value.view);
  const minedNonce = Math.max(...views.map(({ latestNonce }) => latestNonce));
  const claimedNonce = Math.max(minedNonce, ...views.map(({ pendingNonce }) => pendingNonce));
  return { block, ...answer.value, minedNonce, claimedNonce };
}

/** Reads the wallet's nonce count and balance after this block, as agreed by a quorum of endpoints. */
export function standingAt(deps: MoneyDeps, block: number) {
  const { address } = deps.signer;
  return deps.rpc.agreed(async (reads) => ({
    nonce: await reads.nonceAt(address, block),
    balanceWei: await reads.balanceAt(address, block),
  }));
}

/** Finds the block and the balance at which a wallet had sent this many transactions, as agreed by a quorum of endpoints. */
export async function openingAt(deps: MoneyDeps, nonce: number): Promise<WalletOpening> {
  const { address: wallet } = deps.signer;
  const end = await requireFinalPoint(deps);
  if (nonce > end.claimedNonce) {
    const words = `${wallet} has sent ${end.claimedNonce} transactions: there is no nonce ${nonce} to begin at`;
    throw new PoolError('REQUEST_INVALID', words);
  }
  const answer = await deps.rpc.agreed(async (reads) => {
    const block = await lastBlockBefore(reads, { wallet, nonce, toBlock: end.block });
    return { block, balanceWei: await reads.balanceAt(wallet, block) };
  });
  if (!answer.agreed)
    throw new ChainError('refused', `where it began cannot be told: ${answer.reason}`);
  return { nonce, ...answer.value };
}
