/** Reads the hot wallets of a chain: their nonces, balances, halts, and transfers under way. */
import { desc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import { fields, orNull, prepared } from '../../../db/query.js';
import { nonceSlot, payingWallet, payout, wallet, walletBalance } from '../tables.js';
import { HALTS, type Halt, type SeenBalance } from '../wallet/wallets.js';

type WalletSummary = Readonly<Awaited<ReturnType<typeof listWallets>>[number]>;

/** The wallet that pays, with the wallets before and after it. */
export interface PayingWallet extends WalletSummary {
  /** The wallet that a person named to pay from now on, while no worker has opened it yet. */
  readonly replacedBy: Address | null;
  /** Earlier wallets with transfers that may still be mined. */
  readonly earlier: readonly Pick<
    WalletSummary,
    'address' | 'openTransfers' | 'openWei' | 'oldestOpenAt'
  >[];
}

export interface ShownHalt extends Halt {
  readonly at: Date;
  /** The wallet that the halt is about; the halt stops all wallets. */
  readonly wallet: Address;
}

const { comparedFor: _compared, ...WALLET } = getTableColumns(wallet);

const readWallets = prepared(
  'wallets',
  {
    ...WALLET,
    nextNonce: String,
    openingNonce: String,
    openingBlock: String,
    /** All halts of the ledger, the most serious first; empty when nothing stops it. */
    halts: (halts: readonly (Halt & { at: string; wallet: Address })[]) =>
      halts.map((halt): ShownHalt => ({ ...halt, at: new Date(halt.at) })),
    /** How many signed transfers may still be mined; `openWei` is the sum of their amounts. */
    openTransfers: Number,
    openWei: payout.amountWei,
    oldestOpenAt: orNull(nonceSlot.createdAt),
    seenWei: orNull(walletBalance.balanceWei),
    seenBlock: orNull(walletBalance.blockNumber),
    seenAt: orNull(walletBalance.seenAt),
    seenBaseFeeWei: orNull(walletBalance.baseFeeWei),
  },
  ['chainId'],
  (given) => sql`
         SELECT ${fields('wallet', WALLET)}, ${HALTS} AS halts, open.*, seen.balance_wei AS "seenWei",
               seen.block_number AS "seenBlock", seen.seen_at AS "seenAt",
               seen.base_fee_wei AS "seenBaseFeeWei"
          FROM wallet
          LEFT JOIN wallet_balance seen
            ON seen.chain_id = wallet.chain_id AND seen.wallet = wallet.address
         CROSS JOIN LATERAL (
               SELECT count(*)::int AS "openTransfers", coalesce(sum(p.amount_wei), 0) AS "openWei",
                      min(n.created_at) AS "oldestOpenAt"
                 FROM nonce_slot n JOIN payout p ON p.id = n.payout_id
                WHERE n.chain_id = wallet.chain_id AND n.wallet = wallet.address AND n.state = 'open') open
         WHERE wallet.chain_id = ${given.chainId}::bigint ORDER BY wallet.created_at DESC, wallet.address`,
);

/** Lists the wallets that were opened on a chain, newest first; usually there is one. */
async function listWallets(db: Reader, chainId: number) {
  const found = await readWallets(db, { chainId });
  return found.map(({ seenWei: wei, seenBlock: block, seenAt: at, seenBaseFeeWei, ...rest }) => {
    /** The last balance that the chain showed: it is stored when payouts are signed and when the pool is audited. */
    const balance: SeenBalance | null =
      wei === null || block === null || at === null
        ? null
        : { wei, block, baseFeeWei: seenBaseFeeWei, at };
    return { ...rest, balance };
  });
}

/** Finds the wallet that pays. Right after a replacement that is still the previous one, until a worker has opened the new one. */
export async function findPayingWallet(
  db: Reader,
  chainId: number,
): Promise<PayingWallet | undefined> {
  const wallets = await listWallets(db, chainId);
  const named = await db
    .select({ address: payingWallet.address })
    .from(payingWallet)
    .where(eq(payingWallet.chainId, chainId))
    .orderBy(desc(payingWallet.no));
  const opened = named.find(({ address }) => wallets.some((one) => one.address === address));
  const paying = wallets.find(({ address }) => address === opened?.address);
  const [last] = named;
  if (paying === undefined || last === undefined) return undefined;
  return {
    ...paying,
    replacedBy: last.address === paying.address ? null : last.address,
    earlier: wallets.filter((one) => one !== paying && one.openTransfers > 0),
  };
}

/** Returns what the wallet has to spend, according to its last known balance; null when its balance was never read. */
export function freeWeiOf(
  wallet: PayingWallet | undefined,
  keepInWalletWei: bigint,
): bigint | null {
  if (wallet === undefined || wallet.balance === null) return null;
  return wallet.balance.wei - keepInWalletWei - wallet.openWei;
}
