/**
 * Reads what decides whether a payee is paid: what is pending, what keeps the payee from being paid, the current terms,
 * and what counts against the limit of the day.
 */
import { and, desc, isNull, min, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { smallerWei } from '../../base/money.js';
import { expectedGasCostWei, gasFeesFor } from '../../chain/rules/gas-fees.js';
import type { ChainConfig } from '../../chain/settings.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, prepared, rows } from '../../db/query.js';
import { balance, payee, remoteWorker } from '../../ledger/store/tables.js';
import { terms } from '../../terms/store/tables.js';
import { REFUSAL_CODES } from '../rules/gates.js';
import { NO_VERDICTS, termsOfPayee } from '../rules/payee-rule.js';
import type { OwnGas, PayeeStanding, PayoutUnderWay } from '../rules/payout.js';
import { type DueRules, decideDue } from '../rules/payout-due.js';
import type { DayUse, PayoutLimits } from '../rules/payout-limits.js';
import { inForce } from './payee-rules.js';
import { ownGasOf } from './payees/payee-gas.js';
import { payeeVerdicts } from './payees/payee-verdicts.js';
import { isBlocking, isSigned, payout, SHOWS_WAIT, walletBalance } from './tables.js';
import { isWalletOfLedger } from './wallet/paying-wallet.js';

const STANDING = {
  payee: payee.address,
  pendingWei: balance.amountWei,
  underWay: orNull((payout: PayoutUnderWay) => payout),
  unpayableReason: payee.unpayableReason,
  isWallet: Boolean,
  lastPayoutAt: orNull(payout.createdAt),
};
type MoneyStanding = Omit<PayeeStanding, 'verdicts' | 'gas'>;

/** Selects the standing of the payees whose workers fulfil the condition. */
const selectStandings = (only: SQL): SQL => sql`
  SELECT payee.address AS payee, owed.pending AS "pendingWei", coalesce(
           payee.unpayable_reason,
           (SELECT 'transaction ' || hash || ' paid this payee before it was known here: '
                   || '\`openpool wallet adopt\` books it'
              FROM foreign_transaction
             WHERE destination = payee.address AND verdict = 'pays-nobody' AND succeeded
               AND value_wei > 0 LIMIT 1)) AS "unpayableReason",
         ${isWalletOfLedger(sql`payee.address`)} AS "isWallet",
         (SELECT json_build_object('id', p.id, 'state', p.state, 'waitReason', p.wait_reason,
                                   'waitCode', CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END)
            FROM payout p WHERE p.payee = payee.address AND ${isBlocking()}) AS "underWay",
         (SELECT created_at FROM payout
           WHERE payout.payee = payee.address AND state NOT IN ('cancelled', 'refused', 'failed')
           ORDER BY created_at DESC, id DESC LIMIT 1) AS "lastPayoutAt"
    FROM (SELECT worker.payee, sum(balance.amount_wei) AS pending
            FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
           WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0 AND ${only}
           GROUP BY worker.payee) owed
    JOIN payee ON payee.address = owed.payee
   ORDER BY payee.address`;

const standingsOf = prepared('standings', STANDING, ['payees'], ({ payees }) =>
  selectStandings(sql`worker.payee = ANY(${payees}::text[])`),
);

/** Reads what holds for payees besides their money; those of whom nothing was said are left out. */
type ReadVerdicts = typeof payeeVerdicts;

/** Reads the standing of these payees, or of all payees, without a lock. `verdictsOf` may say what would hold. */
export async function payeeStandings(
  reader: Reader,
  rules: DueRules,
  payees?: readonly Address[],
  verdictsOf: ReadVerdicts = payeeVerdicts,
): Promise<readonly PayeeStanding[]> {
  const ofAll = payees === undefined;
  const found: readonly MoneyStanding[] = ofAll
    ? await rows(reader, STANDING, selectStandings(sql`true`))
    : await standingsOf(reader, { payees });
  const verdicts = await verdictsOf(
    reader,
    found.map(({ payee }) => payee),
  );
  const judged = found.map((standing) => {
    const of = verdicts.get(standing.payee) ?? NO_VERDICTS;
    return { ...standing, verdicts: of };
  });
  const gas = await readOwnGas(reader, judged, rules);
  return judged.map((one) => ({ ...one, gas: gas.get(one.payee) ?? null }));
}

/** Where gas is measured by payee, and for how long the amount has been there. */
async function readOwnGas(
  reader: Reader,
  standings: readonly Omit<PayeeStanding, 'gas'>[],
  { terms, bounds }: DueRules,
): Promise<ReadonlyMap<Address, OwnGas>> {
  const asked = standings
    .filter(({ verdicts }) => verdicts.rule.maxGasShareBps !== null)
    .map(({ payee, pendingWei, verdicts }) => {
      const { thresholdWei } = termsOfPayee(verdicts, terms, bounds);
      return { payee, pendingWei, thresholdWei };
    });
  return ownGasOf(reader, asked);
}

/** What a process is configured with and a round goes by. */
export interface RoundConfig {
  readonly chain: Pick<ChainConfig, 'maxFeePerGasWei' | 'maxPriorityFeePerGasWei'>;
  readonly limits: PayoutLimits;
}

/**
 * Reads what a round that starts now goes by: the terms in force by the database's clock, because workers' clocks may
 * differ, and the base fee that was seen last. Throws TERMS_UNKNOWN before the first start of a worker.
 */
export async function readDueRules(reader: Reader, config: RoundConfig): Promise<DueRules> {
  const rules = await findDueRules(reader, config);
  if (rules === undefined) throw new PoolError('TERMS_UNKNOWN', 'no terms have been recorded yet');
  return rules;
}

async function findDueRules(reader: Reader, config: RoundConfig): Promise<DueRules | undefined> {
  const [row] = await reader
    .select({
      thresholdWei: terms.thresholdWei,
      minIntervalMs: terms.minIntervalMs,
      now: sql`now()`.mapWith(terms.fromDt),
      baseFeeWei: sql<
        bigint | null
      >`(SELECT base_fee_wei FROM wallet_balance ORDER BY seen_at DESC LIMIT 1)`.mapWith(
        walletBalance.baseFeeWei,
      ),
    })
    .from(terms)
    .where(sql`${terms.fromDt} <= now() AND ${terms.withdrawnAt} IS NULL`)
    .orderBy(desc(terms.fromDt))
    .limit(1);
  if (row === undefined) return undefined;
  const { now, baseFeeWei, ...current } = row;
  const gasPriceWei = baseFeeWei === null ? null : gasPriceFor(baseFeeWei, config.chain);
  return { now, terms: current, bounds: config.limits.terms.thresholdBounds, gasPriceWei };
}

/** Returns what a unit of gas is expected to cost; at a base fee above the cap, the cap. */
function gasPriceFor(
  baseFeeWei: bigint,
  { maxFeePerGasWei: capWei, maxPriorityFeePerGasWei: tipWei }: RoundConfig['chain'],
): bigint {
  const fees = gasFeesFor(baseFeeWei, { capWei, tipWei });
  return fees === undefined ? capWei : expectedGasCostWei(1n, { baseFeeWei, fees });
}

const readUse = prepared(
  'day_use',
  { usedWei: payout.amountWei, nextFreeAt: payout.closedAt },
  [],
  () => sql`
    SELECT coalesce(sum(amount_wei), 0) AS "usedWei",
           min(closed_at) + interval '24 hours' AS "nextFreeAt"
      FROM (SELECT amount_wei, NULL::timestamptz AS closed_at FROM payout
             WHERE ${isSigned()}
             UNION ALL
            SELECT amount_wei, closed_at FROM payout
             WHERE state = 'paid' AND signed_at IS NOT NULL
               AND closed_at > now() - interval '24 hours') counted`,
);

/**
 * Adds up what may have left the wallet in the last 24 hours by the database's clock. A signed payout's money can go
 * at any moment until it is settled, so it counts from its signature until a day after its settlement. Each payout is
 * one row and counts once, however often it was sent; a payout that ended without paying does not count. Callers that
 * decide by this must hold the wallet's lock.
 */
export async function readDayUse(reader: Reader): Promise<DayUse> {
  const [use] = await readUse(reader, {});
  return use ?? { usedWei: 0n, nextFreeAt: null };
}

/** At most this many of the payees who are owed least are read, because each costs a few reads, and a page is made every second. */
const MOST_PAYEES = 100;

/**
 * Returns the smallest amount that is under way and that nobody holds, or that a payee is due; null when there is none.
 * When none of the hundred payees that are owed least is due, the others are not read.
 */
export async function leastPayout(reader: Reader, config: RoundConfig): Promise<bigint | null> {
  const refusals = list(REFUSAL_CODES);
  const [[open], dueWei] = await Promise.all([
    reader
      .select({ leastWei: min(payout.amountWei) })
      .from(payout)
      .where(
        and(
          isBlocking(),
          isNull(payout.heldAt),
          sql`(${payout.waitCode} = ANY(${refusals}::text[])) IS NOT TRUE`,
        ),
      ),
    leastDue(reader, config),
  ]);
  const openWei = open?.leastWei ?? null;
  if (openWei === null || dueWei === null) return openWei ?? dueWei;
  return smallerWei(openWei, dueWei);
}

async function leastDue(reader: Reader, config: RoundConfig): Promise<bigint | null> {
  const rules = await findDueRules(reader, config);
  // Pages of a pool that has not begun are shown too.
  if (rules === undefined) return null;
  const statement = sql`
    SELECT worker.payee
      FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
     WHERE balance.account = 'pending' AND balance.remote_worker_id <> 0
     GROUP BY worker.payee
    HAVING sum(balance.amount_wei) > 0
       AND sum(balance.amount_wei) >= ${thresholdOf(sql`worker.payee`, rules)}
     ORDER BY sum(balance.amount_wei) LIMIT ${MOST_PAYEES}`;
  const owedLeast = await rows(reader, { payee: remoteWorker.payee }, statement);
  if (owedLeast.length === 0) return null;
  const payees = owedLeast.map(({ payee }) => payee);
  const standings = await payeeStandings(reader, rules, payees);
  return standings
    .filter((standing) => decideDue(standing, rules).due)
    .map(({ pendingWei }) => pendingWei)
    .reduce<bigint | null>((least, wei) => (least === null ? wei : smallerWei(least, wei)), null);
}

/** An SQL expression: the threshold of a payee's own terms, as `termsOfPayee` makes it. */
const thresholdOf = (payee: SQL, { terms: of, bounds }: DueRules): SQL => sql`(
  SELECT CASE WHEN wish.wei IS NULL THEN coalesce(said.wei, ${of.thresholdWei.toString()}::numeric)
              ELSE least(greatest(wish.wei, ${bounds.leastWei.toString()}::numeric), ${bounds.mostWei.toString()}::numeric) END
    FROM (SELECT (SELECT threshold_wei FROM (${inForce('payee_rule', payee)}) rule) AS wei) said,
         (SELECT (SELECT threshold_wei FROM payee_wish own WHERE own.payee = ${payee} AND kind = 'threshold'
                   ORDER BY nonce DESC LIMIT 1) AS wei) wish)`;
