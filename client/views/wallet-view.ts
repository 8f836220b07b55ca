import { toChecksum, withChecksums } from '../../core/chain/checksums.js';
import type { Resumed } from '../../core/checks/store/resuming.js';
import type { PayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import type { Links } from '../links.js';
import { amount } from './amounts.js';
import { publicHalt } from './outside.js';

/** Shows a wallet in `/v1`, with the latest balance that the chain reported. */
export function viewWallet(wallet: PayingWallet, links: Links, showsWords: boolean) {
  const address = toChecksum(wallet.address);
  const halts = showsWords ? wallet.halts : wallet.halts.map(publicHalt);
  return {
    chainId: wallet.chainId,
    address,
    nextNonce: wallet.nextNonce,
    balance: wallet.balance && {
      ...amount('balance', wallet.balance.wei),
      block: wallet.balance.block,
      seenAt: wallet.balance.at,
    },
    /** The most severe of its halts. */
    halted: withChecksums(halts[0] ?? null),
    halts: withChecksums(halts),
    /** The wallet that replaces this one as soon as a worker with its key has started. */
    replacedBy: wallet.replacedBy && toChecksum(wallet.replacedBy),
    /** Earlier wallets whose signed transfers may still be mined. */
    earlier: wallet.earlier.map((one) => ({
      address: toChecksum(one.address),
      openTransfers: one.openTransfers,
      ...amount('open', one.openWei),
      oldestOpenAt: one.oldestOpenAt,
    })),
    openTransfers: wallet.openTransfers,
    ...amount('open', wallet.openWei),
    oldestOpenAt: wallet.oldestOpenAt,
    opening: {
      nonce: wallet.openingNonce,
      block: wallet.openingBlock,
      ...amount('balance', wallet.openingBalanceWei),
    },
    createdAt: wallet.createdAt,
    explorerUrl: links.address(address),
  };
}

/** Says what resuming changed. Payouts go on within a minute. */
export function resumedWords({ changed, remaining: [still] }: Resumed): string {
  if (still !== undefined) return withChecksums(`still halted, ${still.code}: ${still.reason}`);
  return changed ? 'resumed: payouts go on within a minute' : 'it was not halted';
}
