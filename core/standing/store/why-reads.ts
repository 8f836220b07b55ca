/** Reads the facts about one payee from which `explain` tells why it is paid or not. It never reads all payees. */
import { and, desc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { payee } from '../../ledger/store/tables.js';
import { NO_VERDICTS } from '../../payouts/rules/payee-rule.js';
import type { PayeeStanding, WaitCode } from '../../payouts/rules/payout.js';
import {
  payeeStandings,
  type RoundConfig,
  readDayUse,
  readDueRules,
} from '../../payouts/store/payee-standings.js';
import { judgePayouts, payeeVerdicts } from '../../payouts/store/payees/payee-verdicts.js';
import { payoutProgress } from '../../payouts/store/payout-progress.js';
import { isBlocking, nonceSlot, payout, payoutWait } from '../../payouts/store/tables.js';
import type { UnderWay, WhyFacts } from '../rules/why.js';

/** The gas that any transfer takes at least. */
const LEAST_GAS = 21_000n;

export type PayeeFacts = Pick<WhyFacts, 'due' | 'day' | 'standing' | 'burntGasWei' | 'underWay'> & {
  readonly transferGas: bigint;
  /** The lowest gas limit for the payee's next transfer; null when no estimate was too low yet. */
  readonly leastGasLimit: bigint | null;
};

/** Reads a payee's facts; undefined when the payee was never seen. Throws TERMS_UNKNOWN before the first terms. */
export async function readPayeeFacts(
  reader: Reader,
  address: Address,
  config: RoundConfig,
): Promise<PayeeFacts | undefined> {
  const [known] = await reader
    .select({ burntGasWei: payee.burntGasWei, gasLimit: payee.gasLimit })
    .from(payee)
    .where(eq(payee.address, address));
  if (known === undefined) return undefined;
  const due = await readDueRules(reader, config);
  const [[standing], day, underWay, lastGas] = await Promise.all([
    payeeStandings(reader, due, [address]),
    readDayUse(reader),
    readUnderWay(reader, address),
    readLastGas(reader, address),
  ]);
  return {
    due,
    day,
    standing: standing ?? (await emptyStanding(reader, address)),
    burntGasWei: known.burntGasWei,
    underWay,
    transferGas: known.gasLimit ?? lastGas ?? LEAST_GAS,
    leastGasLimit: known.gasLimit,
  };
}

/** The standing of a payee that was never credited, so that no payout of it can be under way. */
async function emptyStanding(reader: Reader, address: Address): Promise<PayeeStanding> {
  const verdicts = await payeeVerdicts(reader, [address]);
  return {
    payee: address,
    pendingWei: 0n,
    underWay: null,
    unpayableReason: null,
    isWallet: false,
    lastPayoutAt: null,
    verdicts: verdicts.get(address) ?? NO_VERDICTS,
    gas: null,
  };
}

async function readUnderWay(reader: Reader, address: Address): Promise<UnderWay | undefined> {
  const [open] = await reader
    .select({ id: payout.id })
    .from(payout)
    .where(and(eq(payout.payee, address), isBlocking()));
  if (open === undefined) return undefined;
  const [progress] = await judgePayouts(reader, await payoutProgress(reader, [open.id]));
  return progress && { ...progress, id: open.id };
}

async function readLastGas(reader: Reader, address: Address): Promise<bigint | null> {
  const [last] = await reader
    .select({ gasUsed: nonceSlot.gasUsed })
    .from(nonceSlot)
    .innerJoin(payout, eq(payout.id, nonceSlot.payoutId))
    .where(and(eq(payout.payee, address), isNotNull(nonceSlot.gasUsed)))
    .orderBy(desc(payout.createdAt))
    .limit(1);
  return last?.gasUsed ?? null;
}

/** How long a wait with some code usually lasts in this pool. */
export interface UsualWait {
  readonly code: WaitCode;
  /** How many such waits ended in the last thirty days; it is at least five. */
  readonly waits: number;
  readonly medianMs: number;
  readonly p90Ms: number;
}

const LATELY_DAYS = 30;
/** With fewer waits than this nothing is said: it would be no more than an anecdote. */
const LEAST_WAITS = 5;

/** Reads how long payouts of the last thirty days waited with each code. */
export async function readUsualWaits(reader: Reader): Promise<readonly UsualWait[]> {
  const lastedMs = sql`extract(epoch FROM ${payoutWait.endedAt} - ${payoutWait.beganAt}) * 1000`;
  const share = (part: number) =>
    sql`percentile_cont(${part}) WITHIN GROUP (ORDER BY ${lastedMs})`.mapWith(Number);
  const waits = sql`count(*)`.mapWith(Number);
  const since = sql`now() - make_interval(days => ${LATELY_DAYS})`;
  return reader
    .select({ code: payoutWait.code, waits, medianMs: share(0.5), p90Ms: share(0.9) })
    .from(payoutWait)
    .where(gt(payoutWait.endedAt, since))
    .groupBy(payoutWait.code)
    .having(sql`count(*) >= ${LEAST_WAITS}`);
}
