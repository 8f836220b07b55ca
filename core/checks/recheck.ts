/** Checks paid transfers again until they are final, because a reorg may take them back before that. */

import { ChainError } from '../chain/endpoint-error.js';
import { readInclusions } from '../chain/inclusions.js';
import type { BlockHeader } from '../chain/node-answers.js';
import { awaitOwnChain } from '../payouts/wallet/ledger-chain.js';
import { type MoneyDeps, walletKeyOf, walletsOfLedger } from '../payouts/wallet/money-deps.js';
import { finalPoint } from '../payouts/wallet/quorum-views.js';
import type { RecheckReport } from './rules/check-reports.js';
import {
  markFinal,
  moveSlot,
  type PaidSlot,
  reopenPayout,
  slotsNotFinal,
} from './store/paid-slots.js';

const PAGE = 500;

/**
 * Checks every paid transfer that is not final yet, from any wallet of the ledger. A payout whose transfer is gone,
 * according to a quorum of endpoints, is reopened. That only sends the same bytes again, and so a mistake costs
 * nothing.
 */
export async function recheckSettled(
  deps: MoneyDeps,
  onProgress: (words: string) => void = () => undefined,
): Promise<RecheckReport> {
  const report = { final: 0, moved: 0, reopened: 0 };
  for (const each of await walletsOfLedger(deps)) {
    for (let from = 0; ; ) {
      const page = await slotsNotFinal(each.db, walletKeyOf(each), { from, limit: PAGE });
      const last = page.at(-1);
      if (last === undefined) break;
      onProgress(`nonces ${from} to ${last.nonce} of ${each.signer.address}`);
      const part = await recheckPage(each, page);
      report.final += part.final;
      report.moved += part.moved;
      report.reopened += part.reopened;
      from = last.nonce + 1;
    }
  }
  return report;
}

async function recheckPage(deps: MoneyDeps, page: readonly PaidSlot[]): Promise<RecheckReport> {
  const end = await finalPoint(deps);
  const headers = await agreedHeaders(deps, page);
  if (end === undefined || headers === undefined) {
    throw new ChainError('refused', 'the RPC endpoints do not agree');
  }
  const stands = (slot: PaidSlot) => headers.get(slot.blockNumber)?.hash === slot.blockHash;
  const final = page.filter((slot) => stands(slot) && slot.blockNumber <= end.block);
  // Final slots are never checked again, and the ledger recognises its chain by them, so check first that this is our
  // chain.
  if (final.length > 0) await awaitOwnChain(deps);
  await markFinal(deps.db, walletKeyOf(deps), final);
  const lost = page.filter((slot) => !stands(slot));
  return { final: final.length, ...(await followLost(deps, lost)) };
}

async function agreedHeaders(
  deps: MoneyDeps,
  page: readonly PaidSlot[],
): Promise<ReadonlyMap<number, BlockHeader> | undefined> {
  const numbers = page.map(({ blockNumber }) => blockNumber);
  const answer = await deps.rpc.agreed((reads) => reads.headers(numbers));
  return answer.agreed ? answer.value : undefined;
}

/** Follows transfers whose block is no longer canonical: each is found in another block, or its payout is reopened. */
async function followLost(
  deps: MoneyDeps,
  lost: readonly PaidSlot[],
): Promise<Pick<RecheckReport, 'moved' | 'reopened'>> {
  const key = walletKeyOf(deps);
  const hashes = lost.map(({ hash }) => hash);
  const { byHash, absent } = await readInclusions(deps.rpc, hashes, deps.chain);
  let moved = 0;
  let reopened = 0;
  for (const slot of lost) {
    const seen = byHash.get(slot.hash);
    if (seen?.succeeded === true && seen.depth !== 'shallow') {
      await moveSlot(deps.db, key, { ...slot, ...seen });
      moved += 1;
    } else if (absent.has(slot.hash) || seen?.succeeded === false) {
      if (await reopenPayout(deps.db, key, slot)) reopened += 1;
    }
  }
  return { moved, reopened };
}
