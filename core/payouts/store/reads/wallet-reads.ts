/** The hot wallets of a chain: where their nonces stand and what is on the way. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import { toDate, toDateOrNull } from '../../../db/paging.js';
import { query } from '../../../db/query.js';
import type { SeenBalance } from '../wallet/seen-balance.js';
import { HALTS, type Halt, type WalletKey } from '../wallet/wallets.js';

const REORG_MARGIN = 100;

export interface WalletSummary {
  readonly chainId: number;
  readonly address: Address;
  readonly nextNonce: string;
  readonly openingNonce: string;
  readonly openingBlock: string;
  readonly openingBalanceWei: bigint;
  /** What the chain showed last; null before it was asked. Kept when payouts are signed and when the pool is audited. */
  readonly balance: SeenBalance | null;
  /** Everything that stops the ledger, the gravest first; empty when nothing does. */
  readonly halts: readonly ShownHalt[];
  /** Signed transfers that may still be mined, and what they carry. */
  readonly openTransfers: number;
  readonly openWei: bigint;
  readonly oldestOpenAt: Date | null;
  readonly createdAt: Date;
}

/** The wallet that pays, and what the ledger has to do with others. */
export interface PayingWallet extends WalletSummary {
  /** A person named this one to pay from now on, and no worker has opened it yet. */
  readonly replacedBy: Address | null;
  /** Earlier ones with transfers that may still be mined. */
  readonly earlier: readonly Pick<
    WalletSummary,
    'address' | 'openTransfers' | 'openWei' | 'oldestOpenAt'
  >[];
}

export interface ShownHalt extends Halt {
  readonly at: Date;
  /** The wallet that it is about; it stops them all. */
  readonly wallet: Address;
}

type WalletRow = {
  chain_id: string;
  address: Address;
  next_nonce: string;
  opening_nonce: string;
  opening_block: string;
  opening_balance_wei: string;
  seen_balance_wei: string | null;
  seen_block: string | null;
  seen_at: string | null;
  halts: readonly (Halt & { readonly at: string; readonly wallet: Address })[];
  created_at: string;
  open_transfers: number;
  open_wei: string;
  oldest_open_at: string | null;
};

/** The wallets that were opened on a chain, the newest first: usually one. */
async function listWallets(db: Reader, chainId: number): Promise<readonly WalletSummary[]> {
  const { rows } = await db.execute<WalletRow>(sql`
    SELECT wallet.*, ${HALTS} AS halts, open.*, seen.balance_wei AS seen_balance_wei,
           seen.block_number AS seen_block, seen.seen_at
      FROM wallet
      LEFT JOIN wallet_balance seen
        ON seen.chain_id = wallet.chain_id AND seen.wallet = wallet.address
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS open_transfers, coalesce(sum(p.amount_wei), 0) AS open_wei,
               min(n.created_at) AS oldest_open_at
          FROM nonce_slot n JOIN payout p ON p.id = n.payout_id
         WHERE n.chain_id = wallet.chain_id AND n.wallet = wallet.address AND n.state = 'open') open
     WHERE wallet.chain_id = ${chainId} ORDER BY wallet.created_at DESC, wallet.address`);
  return rows.map((row) => {
    return {
      chainId: Number(row.chain_id),
      address: row.address,
      nextNonce: row.next_nonce,
      openingNonce: row.opening_nonce,
      openingBlock: row.opening_block,
      openingBalanceWei: BigInt(row.opening_balance_wei),
      balance: toSeenBalance(row),
      halts: row.halts.map((halt) => ({ ...halt, at: toDate(halt.at) })),
      openTransfers: row.open_transfers,
      openWei: BigInt(row.open_wei),
      oldestOpenAt: toDateOrNull(row.oldest_open_at),
      createdAt: toDate(row.created_at),
    };
  });
}

function toSeenBalance(row: WalletRow): SeenBalance | null {
  const { seen_balance_wei: wei, seen_block: block, seen_at: at } = row;
  if (wei === null || at === null) return null;
  return { wei: BigInt(wei), block: Number(block), at: toDate(at) };
}

/** The wallet that pays; right after a replacement the one before, until a worker has opened the new one. */
export async function findPayingWallet(
  db: Reader,
  chainId: number,
): Promise<PayingWallet | undefined> {
  const wallets = await listWallets(db, chainId);
  const named = await query<{ address: Address }>(
    db,
    sql`SELECT address FROM paying_wallet WHERE chain_id = ${chainId} ORDER BY no DESC`,
  );
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

/** What the wallet has to spend, as its balance was seen last; null before anybody has looked. */
export function freeWeiOf(
  wallet: PayingWallet | undefined,
  keepInWalletWei: bigint,
): bigint | null {
  if (wallet === undefined || wallet.balance === null) return null;
  return wallet.balance.wei - keepInWalletWei - wallet.openWei;
}

/** A block before which this nonce of the wallet was not consumed yet. */
export async function searchStart(db: Reader, key: WalletKey, nonce: number): Promise<number> {
  const [row] = await query<{ block: string | null }>(
    db,
    sql`SELECT coalesce((SELECT block_number FROM nonce_slot
                          WHERE chain_id = ${key.chainId} AND wallet = ${key.address}
                            AND nonce < ${nonce} AND state IN ('mined', 'failed')
                          ORDER BY nonce DESC LIMIT 1),
                        opening_block) AS block
          FROM wallet WHERE chain_id = ${key.chainId} AND address = ${key.address}`,
  );
  // A reorg may have moved that transaction to an earlier block since.
  return Math.max(Number(row?.block ?? 0) - REORG_MARGIN, 0);
}
