/** Runs a payout round without a chain: it calls the store's own functions in their order. */
import { createHash, randomUUID } from 'node:crypto';
import type { GasFees } from '../../core/chain/rules/gas-fees.js';
import type { Database } from '../../core/db/database.js';
import type { PayoutLimits } from '../../core/payouts/rules/payout-limits.js';
import { recordSends, unsentAttempts } from '../../core/payouts/store/nonces/attempts.js';
import { allocateSlots } from '../../core/payouts/store/nonces/nonces.js';
import { closeSlots, type OpenSlot, openSlots } from '../../core/payouts/store/open-slots.js';
import { openPayouts, payoutProgress } from '../../core/payouts/store/payout-progress.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import type { WalletKey } from '../../core/payouts/store/wallet/paying-wallet.js';
import { findWallet } from '../../core/payouts/store/wallet/wallets.js';

/** The sender signs, and the settler closes, this many payouts at a time. */
const GROUP = 100;
const ETHER = 10n ** 18n;
const FEES: GasFees = { maxFeePerGasWei: 1_000_000_000n, maxPriorityFeePerGasWei: 0n };
const NO_LIMITS: PayoutLimits = {
  maxPayoutWei: 10n ** 9n * ETHER,
  maxPaidPerDayWei: 10n ** 12n * ETHER,
  maxGasShareBps: 10_000,
  terms: { thresholdBounds: { leastWei: 0n, mostWei: ETHER } },
};

/** Reserves, signs, sends and settles everything that is due; resolves with how many it paid. */
export async function payRound(db: Database, wallet: WalletKey): Promise<number> {
  const roundId = randomUUID();
  const { payouts } = await reserveRound(
    db,
    { roundId, workflowId: `round/${roundId}` },
    { chain: FEES, limits: NO_LIMITS },
  );
  const open = await openPayouts(db, { roundId });
  for (let from = 0; from < open.length; from += GROUP) {
    const ids = open.slice(from, from + GROUP).map(({ payoutId }) => payoutId);
    await payoutProgress(db, ids);
    await sign(db, wallet, ids);
    const unsent = await unsentAttempts(db, wallet);
    await recordSends(
      db,
      unsent.map(({ hash }) => ({ hash, answer: 'accepted' })),
    );
    await payoutProgress(db, ids);
  }
  await settleAll(db, wallet);
  return payouts;
}

async function sign(db: Database, wallet: WalletKey, ids: readonly string[]): Promise<void> {
  const nextNonce = (await findWallet(db, wallet))?.nextNonce ?? 0;
  const result = await allocateSlots(db, {
    wallet,
    limits: NO_LIMITS,
    fees: FEES,
    keepInWalletWei: 0n,
    orders: ids.map((payoutId) => ({ payoutId, gasLimit: 30_000n, gasCostWei: 1n })),
    chainNonce: 0,
    claimedNonce: nextNonce,
    balanceWei: 10n ** 12n * ETHER,
    sign: async (order) => {
      const raw = createHash('sha512').update(`${order.payoutId}/${order.nonce}`).digest();
      return { raw: Buffer.concat([raw, raw.subarray(0, 51)]), hash: hashOf(raw) };
    },
  });
  if (result.kind !== 'done' || result.refusals.size > 0) {
    throw new Error(`a payout of the bench was not signed: ${result.kind}`);
  }
}

async function settleAll(db: Database, wallet: WalletKey): Promise<void> {
  for (;;) {
    const page = { from: 0, below: Number.MAX_SAFE_INTEGER, limit: GROUP };
    const slots = await openSlots(db, wallet, page);
    if (slots.length === 0) return;
    const closings = slots.map((slot) => {
      const inclusion = inclusionOf(slot, wallet);
      return { slot, verdict: { kind: 'settled' as const, inclusion } };
    });
    await closeSlots(db, wallet, { closings });
  }
}

function inclusionOf(slot: OpenSlot, wallet: WalletKey) {
  return {
    hash: slot.attempts[0]?.hash ?? '',
    from: wallet.address,
    to: slot.destination,
    succeeded: true,
    blockNumber: 1,
    blockHash: hashOf(Buffer.from('block')),
    gasUsed: 21_000n,
    gasPriceWei: 1_000_000_000n,
    depth: 'deep' as const,
  };
}

function hashOf(bytes: Uint8Array): string {
  return `0x${createHash('sha256').update(bytes).digest('hex')}`;
}
