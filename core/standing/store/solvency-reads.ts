/** Reads what the pool owes and holds, from what is kept: nobody asks the chain here. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { largerWei } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import { DAY_MS, dayOf, lastDays } from '../../payees/rules/earned-days.js';
import { findPayingWallet } from '../../payouts/store/reads/wallet-reads.js';
import { payout } from '../../payouts/store/tables.js';
import { type Solvency, type SolvencyFacts, solvencyOf } from '../rules/solvency.js';
import { type HeldPlace, readHeld } from './held-elsewhere.js';
import { readPoolTotals } from './pool-reads.js';

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
  const [totals, debtsWei, wallet, weekWei] = await Promise.all([
    readPoolTotals(reader),
    readDebts(reader),
    findPayingWallet(reader, chainId),
    readWeek(reader, chainId, nowMs),
  ]);
  // A place may have become the wallet that pays: its balance must not count twice.
  const isElsewhere = ({ address, kind }: HeldPlace) =>
    kind !== 'balance' || address !== wallet?.address;
  const elsewhere = places.filter(isElsewhere);
  const held = places.length === 0 ? undefined : await readHeld(reader, chainId, elsewhere);
  const facts: SolvencyFacts = {
    // What one payee owes the pool pays nobody else.
    pendingWei: totals.pendingWei + debtsWei,
    reservedWei: totals.reservedWei,
    unattributedWei: totals.unattributedWei,
    walletWei: wallet?.balance?.wei ?? null,
    keepInWalletWei,
    elsewhereWei: held === undefined ? 'untold' : (held?.wei ?? null),
    weekWei,
    walletCoverBps,
  };
  return {
    ...solvencyOf(facts),
    facts,
    wallet: wallet?.address ?? null,
    walletSeenAt: wallet?.balance?.at ?? null,
    elsewhereSeenAt: held?.seenAt ?? null,
  };
}

/** Reads how much payees together owe the pool: those whose pending fees are below zero. */
async function readDebts(reader: Reader): Promise<bigint> {
  const [found] = await rows(
    reader,
    { wei: payout.amountWei },
    sql`SELECT coalesce(sum(-wei), 0) AS wei
          FROM (SELECT sum(b.amount_wei) AS wei FROM balance b
                  JOIN remote_worker w ON w.id = b.remote_worker_id WHERE b.account = 'pending'
                 GROUP BY w.payee HAVING sum(b.amount_wei) < 0) debts`,
  );
  return found?.wei ?? 0n;
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
                 WHERE chain_id = ${chainId}::bigint AND closed_at > now() - interval '7 days') AS "gasWei"
          FROM pool_day WHERE day BETWEEN ${from}::date AND ${dayOf(nowMs)}::date`,
  );
  if (found === undefined || found.firstDay === null) return 0n;
  const age = Math.floor((nowMs - Date.parse(found.firstDay)) / DAY_MS) + 1;
  const days = Math.min(Math.max(age, 1), WEEK_DAYS);
  // What was taken back once is not taken back again: a week adds nothing at the least.
  return largerWei((found.netWei * BigInt(WEEK_DAYS)) / BigInt(days), 0n) + found.gasWei;
}
