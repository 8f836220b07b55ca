/** Lets a person name another wallet to pay, in one transaction that also works while Temporal is down. */
import { sql } from 'drizzle-orm';
import { type Address, payableAddress } from '../../../base/address.js';
import { counted } from '../../../base/counted.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database, Transaction } from '../../../db/database.js';
import { rehearse, transact } from '../../../db/transact.js';
import { type Decision, recordDecision } from '../../../ledger/store/audit-log.js';
import { isOpenSlot, nonceSlot } from '../tables.js';
import { payingWallet } from './paying-wallet.js';
import { lockWallets } from './wallets.js';

/**
 * Makes another wallet pay from now on. The previous wallet signs nothing more; what it has signed is still sent and
 * settled. Halts stay, because they belong to the ledger. It is refused as long as nobody has said what the current
 * wallet did before this ledger began, because that may have paid what is pending. `underWay` counts the transfers of
 * earlier wallets that may still be mined. Nothing is changed when the named wallet already pays.
 */
export async function replaceWallet(
  db: Database,
  order: Decision & { readonly to: Address; readonly dryRun?: boolean },
) {
  const { to, dryRun = false, actor, reason } = order;
  if (payableAddress(to) === undefined) {
    throw new PoolError('ADDRESS_MALFORMED', `"${to}" is no address of a wallet`);
  }
  const work = async (tx: Transaction) => {
    const halts = await lockWallets(tx);
    const paying = await payingWallet(tx);
    if (paying === undefined) {
      const words = 'no wallet has been opened yet: start with the key you want';
      throw new PoolError('WALLET_UNKNOWN', words);
    }
    const from = paying.address;
    const underWay = await tx.$count(nonceSlot, isOpenSlot);
    if (from === to) {
      return { changed: false, from, to, underWay, words: `${to} is the wallet that pays already` };
    }
    const usedBefore = halts.find(({ code }) => code === 'WALLET_USED_BEFORE');
    if (usedBefore !== undefined) throw new PoolError('WALLET_USED_BEFORE', usedBefore.reason);
    await tx.execute(sql`
      INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
      SELECT max(no) + 1, ${paying.chainId}, ${to}, ${actor}, ${reason} FROM paying_wallet`);
    const detail = { from, underWay: String(underWay) };
    await recordDecision(tx, { actor, reason, action: 'wallet.replace', subject: to, detail });
    const left =
      underWay === 0
        ? 'nothing that it signed is under way'
        : `${counted(underWay, 'transfer')} under way are settled as before: leave their gas in it`;
    const words =
      `the ledger pays from ${to}; ${from} signs nothing any more, ${left}. ` +
      'Restart the workers with the new key';
    return { changed: true, from, to, underWay, words };
  };
  return dryRun ? rehearse(db, work) : transact(db, work);
}
