/** Reads what the pool owes and holds, from what is kept: nobody asks the chain here. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { largerWei } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import type { Account } from '../../ledger/store/tables.js';
import { DAY_MS, dayOf, lastDays } from '../../payees/rules/earned-days.js';
import { findPayingWallet } from '../../payouts/store/reads/wallet-reads.js';
import { payout, walletBalance } from '../../payouts/store/tables.js';
import { type Solvency, type SolvencyFacts, solvencyOf } from '../rules/solvency.js';
import { type HeldPlace, readHeld } from './held-elsewhere.js';

/** Where the pool's money is, and how much of it the wallet shall hold. */
export interface SolvencySettings {
  readonly chainId: number;
  readonly keepInWalletWei: bigint;
  readonly walletCoverBps: number;
  readonly places: readonly HeldPlace[];
}

export interface SolvencyReport extends Solvency {
  readonly facts: SolvencyFacts;
  /** The wallet that pays; null while none was opened. */
  readonly wallet: Address | null;
  /** When the chain showed the wallet last, and when the places elsewhere; null: never, or no place is told. */
  readonly walletSeenAt: Date | null;
  readonly elsewhereSeenAt: Date | null;
}

const WEEK_DAYS = 7;

/** Reads and judges how the pool stands. All amounts are those of the ledger and of the last look at the chain. */
export async function readSolvency(
  reader: Reader,
  settings: SolvencySettings,
  nowMs: number,
): Promise<SolvencyReport> {
  const { chainId, places, keepInWalletWei, walletCoverBps } = settings;
  const wallet = await findPayingWallet(reader, chainId);
  // A place may have become the wallet that pays: its balance must not count twice.
  const isElsewhere = ({ address, kind }: HeldPlace) =>
    kind !== 'balance' || address !== wallet?.address;
  const elsewhere = places.filter(isElsewhere);
  const [sums, held, weekWei] = await Promise.all([
    readSums(reader, chainId, wallet?.address),
    places.length === 0 ? undefined : readHeld(reader, chainId, elsewhere),
    readWeek(reader, chainId, nowMs),
  ]);
  const facts: SolvencyFacts = {
    pendingWei: sums.pendingWei,
    reservedWei: sums.reservedWei,
    leftWei: sums.leftWei,
    unattributedWei: sums.unattributedWei,
    walletWei: sums.walletWei,
    keepInWalletWei,
    elsewhereWei: held === undefined ? 'untold' : (held?.wei ?? null),
    weekWei,
    walletCoverBps,
  };
  return {
    ...solvencyOf(facts),
    facts,
    wallet: wallet?.address ?? null,
    walletSeenAt: sums.walletSeenAt,
    elsewhereSeenAt: held?.seenAt ?? null,
  };
}

/**
 * Reads what is owed beside the wallet's balance. It is one statement, so that a payout which is settled meanwhile is either
 * reserved and has left the wallet, or neither.
 */
async function readSums(reader: Reader, chainId: number, wallet: Address | undefined) {
  const owed = (account: Account) =>
    sql`(SELECT coalesce(sum(amount_wei), 0) FROM balance WHERE account = ${account})`;
  const { amountWei } = payout;
  const [sums] = await rows(
    reader,
    {
      pendingWei: amountWei,
      reservedWei: amountWei,
      unattributedWei: amountWei,
      leftWei: amountWei,
      walletWei: orNull(walletBalance.balanceWei),
      walletSeenAt: orNull(walletBalance.seenAt),
    },
    // What one payee owes the pool, whose pending fees are below zero, pays nobody else.
    sql`SELECT (SELECT coalesce(sum(greatest(wei, 0)), 0)
                  FROM (SELECT sum(b.amount_wei) AS wei FROM balance b JOIN remote_worker w ON w.id = b.remote_worker_id
                         WHERE b.account = 'pending' GROUP BY w.payee) payees) AS "pendingWei",
               ${owed('reserved')} AS "reservedWei", ${owed('unattributed')} AS "unattributedWei",
               seen.balance_wei AS "walletWei", seen.seen_at AS "walletSeenAt",
               (SELECT coalesce(sum(p.amount_wei), 0) FROM nonce_slot n JOIN payout p ON p.id = n.payout_id
                 WHERE n.state = 'open' AND n.chain_id = seen.chain_id AND n.wallet = seen.wallet
                   AND n.nonce < seen.mined_nonce) AS "leftWei"
          FROM (SELECT) one LEFT JOIN wallet_balance seen
            ON seen.chain_id = ${chainId} AND seen.wallet = ${wallet ?? ''}`,
  );
  if (sums === undefined) throw new RangeError('Postgres gave no sums');
  return sums;
}

/**
 * Reads what payees earn and transfers burn in seven days. A pool that is younger than a week is judged by the days since
 * its first job.
 */
async function readWeek(reader: Reader, chainId: number, nowMs: number): Promise<bigint> {
  const [from = dayOf(nowMs)] = lastDays(nowMs, WEEK_DAYS);
  const [found] = await rows(
    reader,
    { netWei: payout.amountWei, gasWei: payout.amountWei, firstDay: orNull(String) },
    sql`SELECT coalesce(sum(gross_wei - commission_wei + adjusted_wei), 0) AS "netWei",
               (SELECT min(day)::text FROM pool_day) AS "firstDay",
               (SELECT coalesce(sum(gas_used::numeric * gas_price_wei), 0) FROM nonce_slot
                 WHERE chain_id = ${chainId}::bigint AND closed_at >= ${from}::date) AS "gasWei"
          FROM pool_day WHERE day BETWEEN ${from}::date AND ${dayOf(nowMs)}::date`,
  );
  if (found === undefined || found.firstDay === null) return 0n;
  const age = Math.floor((nowMs - Date.parse(found.firstDay)) / DAY_MS) + 1;
  const days = Math.min(Math.max(age, 1), WEEK_DAYS);
  const inAWeek = (wei: bigint) => (wei * BigInt(WEEK_DAYS)) / BigInt(days);
  // What was taken back once is not taken back again: a week adds nothing at the least.
  return largerWei(inAWeek(found.netWei), 0n) + inAWeek(found.gasWei);
}
