import { and, eq, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { list, query, rows } from '../../../db/query.js';
import { rehearse, transact } from '../../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../../ledger/store/audit-log.js';
import { type NewNotice, writeNotices } from '../../../notices/store/outbox.js';
import { notBookedYet } from '../../rules/waits.js';
import { wallet, walletHalt } from '../tables.js';
import { isWallet, nameFirstWallet, requirePayingWallet, type WalletKey } from './paying-wallet.js';

export type { WalletKey };

/** The code of the halt that `pool.payoutsEnabled: false` sets; only the same switch ends it. */
export const SWITCHED_OFF = 'PAYOUTS_SWITCHED_OFF';
export const USED_BEFORE = 'WALLET_USED_BEFORE';
export const NONCE_TAKEN = 'NONCE_TAKEN_BY_UNKNOWN';
export const NONCE_AHEAD = 'NONCE_AHEAD_OF_LEDGER';

export interface Halt {
  readonly code: string;
  readonly reason: string;
}

export interface Wallet extends WalletKey {
  readonly nextNonce: number;
  /** The most serious of the ledger's halts, or null when nothing stops it. Every halt stops all wallets, whichever wallet it is about. */
  readonly halt: Halt | null;
  readonly halts: readonly Halt[];
}

/** The wallet's state on the chain when the ledger first opened it. */
export interface WalletOpening {
  readonly nonce: number;
  readonly block: number;
  readonly balanceWei: bigint;
}

interface HaltOfWallet extends Halt {
  readonly wallet: Address;
}

/**
 * Selects all halts of the ledger as JSON, each with its time and the wallet that it is about. Halts that the manager
 * found come first, so that halts which the configuration or a person ends do not hide them.
 */
export const HALTS = sql`
  (SELECT coalesce(json_agg(json_build_object('code', code, 'reason', reason, 'at', halted_at,
                                              'wallet', wallet_halt.wallet)
            ORDER BY code IN ('PAYOUTS_SWITCHED_OFF', 'WALLET_USED_BEFORE', 'HALTED_BY_OPERATOR'),
                     halted_at, code), '[]')
     FROM wallet_halt)`;

/** Reads a wallet; undefined before it was opened. */
export async function findWallet(reader: Reader, key: WalletKey): Promise<Wallet | undefined> {
  const [found] = await reader
    .select({ nextNonce: wallet.nextNonce, halts: sql<readonly HaltOfWallet[]>`${HALTS}` })
    .from(wallet)
    .where(isWallet(key));
  if (found === undefined) return undefined;
  const halts = found.halts.map(({ code, reason }) => ({ code, reason }));
  return { ...key, nextNonce: found.nextNonce, halt: halts[0] ?? null, halts };
}

/**
 * Locks all wallets of the ledger for this transaction, and returns the current halts. Handing out nonces, halting,
 * resuming and replacing a wallet all wait for one another here.
 */
export async function lockWallets(tx: Transaction): Promise<readonly HaltOfWallet[]> {
  await tx.execute(sql`SELECT FROM wallet ORDER BY chain_id, address FOR NO KEY UPDATE`);
  // Read in a second statement, because the first one does not see halts that were written while it waited.
  const statement = sql`SELECT ${HALTS} AS halts`;
  const [row] = await query<{ readonly halts: readonly HaltOfWallet[] }>(tx, statement);
  return row?.halts ?? [];
}

/** Locks all wallets as `lockWallets` does, and returns one of them; throws WALLET_UNKNOWN. */
export async function lockWallet(tx: Transaction, key: WalletKey): Promise<Wallet> {
  await lockWallets(tx);
  const found = await findWallet(tx, key);
  if (found === undefined) throw notOpened(key);
  return found;
}

function notOpened({ address }: WalletKey): PoolError {
  return new PoolError('WALLET_UNKNOWN', `the wallet ${address} has not been opened yet`);
}

/**
 * Stores a wallet that the ledger meets for the first time, or reads the one it knows. Throws WALLET_NOT_OF_LEDGER
 * when another wallet pays.
 */
export async function openWalletRow(
  db: Database,
  key: WalletKey,
  first: { readonly opening: WalletOpening; readonly halt: Halt | null },
): Promise<Wallet> {
  return transact(db, async (tx) => {
    const { opening } = first;
    await nameFirstWallet(tx, key);
    await requirePayingWallet(tx, key);
    const inserted = await tx
      .insert(wallet)
      .values({ ...key, ...openedAt(opening) })
      .onConflictDoNothing()
      .returning({ address: wallet.address });
    await lockWallet(tx, key);
    if (inserted.length > 0 && first.halt !== null) await halt(tx, key, first.halt);
    return lockWallet(tx, key);
  });
}

const openedAt = ({ nonce, block, balanceWei }: WalletOpening) => ({
  nextNonce: nonce,
  openingNonce: nonce,
  openingBlock: block,
  openingBalanceWei: balanceWei,
});

/** The opening can only move while nothing was signed with this key. */
const HAS_NO_SLOT = sql`
  NOT EXISTS (SELECT FROM nonce_slot slot
               WHERE slot.chain_id = wallet.chain_id AND slot.wallet = wallet.address)`;

/** Throws WALLET_NOT_HALTED when nothing stops the wallet from signing during an adoption. */
export function requireHalted({ halt }: Pick<Wallet, 'halt'>): void {
  if (halt !== null) return;
  throw new PoolError('WALLET_NOT_HALTED', 'the wallet is not halted: it may sign meanwhile');
}

/**
 * Moves a wallet's opening back to an earlier nonce from which this ledger has paid, which an older backup does not
 * know. Adoption then examines everything since that nonce, and the ledger stays halted until it has. Returns false
 * when that is known already. What was added to the history can never be left out again.
 */
export async function reopenWallet(
  db: Database,
  key: WalletKey,
  order: Decision & { readonly opening: WalletOpening; readonly dryRun: boolean },
): Promise<boolean> {
  const { opening, actor, reason } = order;
  const work = async (tx: Transaction): Promise<boolean> => {
    const halts = await lockWallets(tx);
    requireHalted({ halt: halts[0] ?? null });
    const reopened = await tx
      .insert(wallet)
      .values({ ...key, ...openedAt(opening) })
      .onConflictDoUpdate({
        target: [wallet.chainId, wallet.address],
        set: openedAt(opening),
        setWhere: sql`${wallet.openingNonce} > excluded.opening_nonce AND ${HAS_NO_SLOT}`,
      })
      .returning({ address: wallet.address });
    if (reopened.length === 0) {
      await requireOpenedAt(tx, key, opening.nonce);
      return false;
    }
    const { chainId, wallet: haltedWallet, code } = walletHalt;
    await tx
      .delete(walletHalt)
      .where(and(eq(chainId, key.chainId), eq(haltedWallet, key.address), eq(code, USED_BEFORE)));
    if (!isHaltedFor(halts, key, NONCE_AHEAD)) {
      const halted = notBookedYet(key.address, opening.nonce);
      await halt(tx, key, { code: NONCE_AHEAD, reason: halted, actor });
    }
    const detail = { nonce: String(opening.nonce), block: String(opening.block) };
    const subject = key.address;
    await recordDecision(tx, { actor, reason, action: 'wallet.reopen', subject, detail });
    return true;
  };
  return order.dryRun ? rehearse(db, work) : transact(db, work);
}

async function requireOpenedAt(tx: Transaction, key: WalletKey, nonce: number): Promise<void> {
  const { openingNonce } = wallet;
  const [found] = await tx.select({ openingNonce }).from(wallet).where(isWallet(key));
  const known = found?.openingNonce ?? 0;
  const halts = (await findWallet(tx, key))?.halts ?? [];
  if (known === nonce && !halts.some(({ code }) => code === USED_BEFORE)) return;
  const words =
    nonce >= known
      ? `this ledger keeps what ${key.address} sends from nonce ${known} on: only an earlier nonce adds to that`
      : `this ledger has signed for ${key.address} from nonce ${known} on: what came before cannot be taken in any more`;
  throw new PoolError('REQUEST_INVALID', words);
}

/** Accepts a wallet that was used before: a person confirms that what it sent until now paid nothing of this ledger. */
export async function acceptUsedWallet(
  db: Database,
  key: WalletKey,
  opening: WalletOpening,
): Promise<void> {
  await transact(db, async (tx) => {
    const halts = await lockWallets(tx);
    if (!isHaltedFor(halts, key, USED_BEFORE)) return;
    const opened = await tx
      .update(wallet)
      .set(openedAt(opening))
      .where(and(isWallet(key), HAS_NO_SLOT))
      .returning({ address: wallet.address });
    if (opened.length === 0) return;
    await endHalts(tx, [USED_BEFORE]);
    const reason = `wallet.acceptedTransactions is ${opening.nonce}`;
    const subject = key.address;
    await recordDecision(tx, { actor: MANAGER, action: 'wallet.first-use', subject, reason });
  });
}

/**
 * Stops everything that the ledger would sign or send, from any wallet; `key` is the wallet that the halt is about.
 * Returns false when it was already halted for this reason.
 */
export async function haltWallet(db: Reader, key: WalletKey, why: NewHalt): Promise<boolean> {
  return transact(db, async (tx) => {
    const halts = await lockWallets(tx);
    if (isHaltedFor(halts, key, why.code)) return false;
    await halt(tx, key, why);
    return true;
  });
}

const isHaltedFor = (halts: readonly HaltOfWallet[], { address }: WalletKey, code: string) =>
  halts.some((one) => one.code === code && one.wallet === address);

export async function endHalts(tx: Transaction, codes: readonly string[]): Promise<void> {
  const ended = await rows(
    tx,
    { code: walletHalt.code, wallet: walletHalt.wallet, haltedAt: String },
    sql`DELETE FROM wallet_halt WHERE code = ANY(${list(codes)}::text[])
        RETURNING code, wallet, halted_at AS "haltedAt"`,
  );
  const remaining = await tx.$count(walletHalt);
  const notices = ended.map(({ haltedAt, ...which }): NewNotice => {
    const key = `halt-ended/${which.code}/${which.wallet}/${haltedAt}`;
    return { key, kind: 'halt-ended', facts: { ...which, remaining } };
  });
  await writeNotices(tx, notices);
}

interface NewHalt extends Halt {
  readonly actor?: string;
}

async function halt(
  tx: Transaction,
  key: WalletKey,
  { code, reason, actor = MANAGER }: NewHalt,
): Promise<void> {
  const [halted] = await rows(
    tx,
    { at: String },
    sql`INSERT INTO wallet_halt (chain_id, wallet, code, reason)
        SELECT chain_id, address, ${code}, ${reason} FROM wallet
         WHERE chain_id = ${key.chainId} AND address = ${key.address} RETURNING halted_at AS at`,
  );
  if (halted === undefined) throw notOpened(key);
  const subject = key.address;
  const facts = { code, reason, wallet: subject };
  const told = `halted/${code}/${subject}/${halted.at}`;
  await writeNotices(tx, [{ key: told, kind: 'halted', facts }]);
  await recordDecision(tx, { actor, action: 'wallet.halt', subject, reason, detail: { code } });
}

/** The last balance that the chain showed. It is for people to see; nothing is decided by it. */
export interface SeenBalance {
  readonly wei: bigint;
  readonly block: number;
  /** The base fee of that block; null when an earlier version stored the balance. */
  readonly baseFeeWei: bigint | null;
  readonly at: Date;
}

/** Stores the balance of a wallet, if the ledger knows the wallet. */
export async function recordBalance(
  db: Database,
  key: WalletKey,
  seen: Omit<SeenBalance, 'at'> & { readonly minedNonce?: number },
): Promise<void> {
  await db.execute(sql`
    INSERT INTO wallet_balance (chain_id, wallet, balance_wei, block_number, base_fee_wei, seen_at, mined_nonce)
    SELECT chain_id, address, ${seen.wei.toString()}::numeric, ${seen.block}::bigint,
           ${seen.baseFeeWei?.toString() ?? null}::numeric, now(), ${seen.minedNonce ?? null}::bigint
      FROM wallet WHERE chain_id = ${key.chainId} AND address = ${key.address}
    ON CONFLICT (chain_id, wallet) DO UPDATE
      SET balance_wei = excluded.balance_wei, block_number = excluded.block_number,
          base_fee_wei = excluded.base_fee_wei, seen_at = excluded.seen_at,
          mined_nonce = excluded.mined_nonce`);
}
