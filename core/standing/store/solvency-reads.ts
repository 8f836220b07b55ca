/** Reads what the pool owes and holds, from what is kept: nobody asks the chain here. */
import { sql } from 'drizzle-orm';
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
  const [totals, wallet, held, weekWei] = await Promise.all([
    readPoolTotals(reader),
    findPayingWallet(reader, chainId),
    places.length === 0 ? undefined : readHeld(reader, chainId, places),
    readWeek(reader, nowMs),
  ]);
  const facts: SolvencyFacts = {
    pendingWei: totals.pendingWei,
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
    walletSeenAt: wallet?.balance?.at ?? null,
    elsewhereSeenAt: held?.seenAt ?? null,
  };
}

/**
 * Reads what payees earn and transfers burn in seven days. A pool that is younger than a week is judged by the days since
 * its first job.
 */
async function readWeek(reader: Reader, nowMs: number): Promise<bigint> {
  const [from = dayOf(nowMs)] = lastDays(nowMs, WEEK_DAYS);
  const [found] = await rows(
    reader,
    { netWei: payout.amountWei, gasWei: payout.amountWei, firstDay: orNull(String) },
    sql`SELECT coalesce(sum(gross_wei - commission_wei + adjusted_wei), 0) AS "netWei", min(day)::text AS "firstDay",
               (SELECT coalesce(sum(gas_used::numeric * gas_price_wei), 0) FROM nonce_slot
                 WHERE closed_at > now() - interval '7 days') AS "gasWei"
          FROM pool_day WHERE day BETWEEN ${from}::date AND ${dayOf(nowMs)}::date`,
  );
  if (found === undefined || found.firstDay === null) return 0n;
  const days = Math.floor((nowMs - Date.parse(found.firstDay)) / DAY_MS) + 1;
  return (found.netWei * BigInt(WEEK_DAYS)) / BigInt(days) + found.gasWei;
}
