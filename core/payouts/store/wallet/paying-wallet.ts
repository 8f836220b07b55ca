/** The wallet that pays for this ledger: the first one that was opened, until a person names another. */
import { and, asc, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { rows } from '../../../db/query.js';
import { MANAGER } from '../../../ledger/store/audit-log.js';
import { payingWallet as named, wallet } from '../tables.js';

/** A wallet is one key on one chain. */
export interface WalletKey {
  readonly chainId: number;
  readonly address: Address;
}

/** Returns the wallet that pays, whether or not a worker has opened it; undefined before the first one was opened. */
export async function payingWallet(reader: Reader): Promise<WalletKey | undefined> {
  const [last] = await reader
    .select({ chainId: named.chainId, address: named.address })
    .from(named)
    .orderBy(desc(named.no))
    .limit(1);
  return last;
}

/**
 * Throws WALLET_NOT_OF_LEDGER when another wallet pays for this ledger, because its payouts are reserved for that
 * wallet and partly signed with its key.
 */
export async function requirePayingWallet(reader: Reader, key: WalletKey): Promise<void> {
  const paying = await payingWallet(reader);
  if (paying === undefined || isSame(paying, key)) return;
  const words =
    `this ledger pays from ${paying.address} on chain ${paying.chainId}, the configured key is that of ` +
    `${key.address} on chain ${key.chainId}`;
  throw new PoolError('WALLET_NOT_OF_LEDGER', words);
}

/** An SQL condition: the row of the table `wallet` is this wallet. */
export const isWallet = ({ chainId, address }: WalletKey): SQL | undefined =>
  and(eq(wallet.chainId, chainId), eq(wallet.address, address));

export const isSame = (one: WalletKey, other: WalletKey): boolean =>
  one.chainId === other.chainId && one.address === other.address;

/** An SQL condition: the address is a wallet that pays or has paid for this ledger. A payment to it would only cost gas. */
export const isWalletOfLedger = (address: SQL): SQL =>
  sql`EXISTS (SELECT FROM paying_wallet WHERE paying_wallet.address = ${address})`;

/**
 * Returns the number of the act that named this wallet to pay, as long as the chain was not asked what the other
 * wallets have sent until then. Returns undefined once it was asked, when this wallet does not pay, and for the first
 * wallet of a ledger.
 */
export async function namingToCompare(reader: Reader, key: WalletKey): Promise<number | undefined> {
  const statement = sql`
    SELECT no, address <> ${key.address} OR chain_id <> ${key.chainId} OR no = 1 OR EXISTS (
             SELECT FROM wallet
              WHERE wallet.chain_id = paying_wallet.chain_id AND wallet.address = paying_wallet.address
                AND compared_for = no) AS "isCompared"
      FROM paying_wallet ORDER BY no DESC LIMIT 1`;
  const [last] = await rows(reader, { no: named.no, isCompared: Boolean }, statement);
  return last === undefined || last.isCompared ? undefined : last.no;
}

/** Records that the other wallets were compared with the chain for this naming. */
export async function keepCompared(db: Database, key: WalletKey, naming: number): Promise<void> {
  await db.update(wallet).set({ comparedFor: naming }).where(isWallet(key));
}

/** Names the first wallet of a ledger. It changes nothing when there is one already. */
export async function nameFirstWallet(tx: Transaction, key: WalletKey): Promise<void> {
  await tx.execute(sql`
    INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
    SELECT 1, ${key.chainId}, ${key.address}, ${MANAGER}, 'the first that was opened'
     WHERE NOT EXISTS (SELECT FROM paying_wallet)
    ON CONFLICT (no) DO NOTHING`);
}

/**
 * Lists the wallets of this chain that still need work: those with signed transfers that may be mined, with paid ones
 * that a reorg could take back, or with halts about what their key did.
 */
export async function walletsAtWork(reader: Reader, chainId: number): Promise<readonly Address[]> {
  const statement = sql`
    SELECT address FROM wallet
     WHERE chain_id = ${chainId} AND (
           EXISTS (SELECT FROM nonce_slot slot
                    WHERE slot.chain_id = wallet.chain_id AND slot.wallet = wallet.address
                      AND slot.state = 'open')
        OR EXISTS (SELECT FROM nonce_slot slot
                    WHERE slot.chain_id = wallet.chain_id AND slot.wallet = wallet.address
                      AND slot.state = 'mined' AND slot.final_at IS NULL)
        OR EXISTS (SELECT FROM wallet_halt
                    WHERE wallet_halt.chain_id = wallet.chain_id
                      AND wallet_halt.wallet = wallet.address))
     ORDER BY created_at, address`;
  const atWork = await rows(reader, { address: wallet.address }, statement);
  return atWork.map(({ address }) => address);
}

/** Lists the wallets of this chain in the order in which they were opened. */
export async function openedWallets(reader: Reader, chainId: number): Promise<readonly Address[]> {
  const opened = await reader
    .select({ address: wallet.address })
    .from(wallet)
    .where(eq(wallet.chainId, chainId))
    .orderBy(asc(wallet.createdAt), asc(wallet.address));
  return opened.map(({ address }) => address);
}
