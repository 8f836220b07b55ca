/** Tells and shows why a payee is paid or not: reads the facts, and adds how long such waits usually last in this pool. */
import { roundConfigOf } from '../config/config.js';
import type { Address } from '../core/base/address.js';
import { withChecksums } from '../core/chain/checksums.js';
import { gasLimitFor } from '../core/chain/rules/gas-fees.js';
import type { Reader } from '../core/db/database.js';
import {
  estimatePayday,
  type Payday,
  paydayWords,
  RATE_DAYS,
} from '../core/payees/rules/payday.js';
import { readWholeDays } from '../core/payees/store/earned-days.js';
import type { Gate, Measured } from '../core/payouts/rules/gates.js';
import { termsOfPayee } from '../core/payouts/rules/payee-rule.js';
import { findPayingWallet, freeWeiOf } from '../core/payouts/store/reads/wallet-reads.js';
import { explain, type UnderWay, type Why } from '../core/standing/rules/why.js';
import { workerWords } from '../core/standing/rules/worker-words.js';
import {
  readPayeeFacts,
  readUsualWaits,
  type UsualWait,
} from '../core/standing/store/why-reads.js';
import type { RunningPool } from './running-pool.js';
import { readStopsAndRound } from './standing.js';
import { amount } from './views.js';

export interface PayeeWhy extends Why {
  readonly at: Date;
  readonly pendingWei: bigint;
  readonly underWay: UnderWay | undefined;
  /** When what is pending, without the payout under way, may be expected to be paid. */
  readonly payday: Payday;
  /** Null when no round has run yet. */
  readonly nextRoundAt: Date | null;
  /** How long each kind of wait usually lasts; codes that hardly ever came are left out. */
  readonly usual: ReadonlyMap<string, UsualWait>;
}

/** Explains a payee; undefined when it was never seen. */
export async function readWhy(pool: RunningPool, address: Address): Promise<PayeeWhy | undefined> {
  const { db, config } = pool;
  const reading = findPayingWallet(db, config.chain.chainId);
  const [payee, wallet, { stops, nextRoundAt }, usual, days] = await Promise.all([
    readPayeeFacts(db, address, roundConfigOf(config)),
    reading,
    readStopsAndRound(pool, reading),
    usualWaits(db),
    readWholeDays(db, { payee: address, nowMs: Date.now(), count: RATE_DAYS }),
  ]);
  if (payee === undefined) return undefined;
  const why = explain({
    ...payee,
    limits: config.pool,
    pool: {
      isSwitchedOn: config.pool.payoutsEnabled,
      haltReason: wallet?.halts[0]?.reason ?? null,
      stops,
    },
    chain: {
      baseFeeWei: wallet?.balance?.baseFeeWei ?? null,
      capWei: config.chain.maxFeePerGasWei,
      tipWei: config.chain.maxPriorityFeePerGasWei,
      transferGas: payee.transferGas,
      gasLimit: gasLimitFor({
        estimate: payee.transferGas,
        atLeast: payee.leastGasLimit,
        cap: config.chain.gasLimitCap,
      }),
      freeWei: freeWeiOf(wallet, config.chain.keepInWalletWei),
    },
  });
  const { due, standing, underWay } = payee;
  const { now: at } = due;
  const terms = termsOfPayee(standing.verdicts, due.terms, due.bounds);
  const { pendingWei, lastPayoutAt } = standing;
  const payday = estimatePayday({
    nowMs: at.getTime(),
    pendingWei,
    thresholdWei: terms.thresholdWei,
    days,
    notBeforeMs: lastPayoutAt === null ? null : lastPayoutAt.getTime() + terms.minIntervalMs,
    roundIntervalMs: config.pool.payoutIntervalMs,
  });
  return { ...why, at, pendingWei, underWay, payday, nextRoundAt, usual };
}

/** The usual waits hardly change, and thousands of payees may ask: they are read once a minute. */
const READ_EVERY_MS = 60_000;
type Usual = ReadonlyMap<string, UsualWait>;
const known = new WeakMap<object, { readonly atMs: number; readonly waits: Promise<Usual> }>();

function usualWaits(db: Reader): Promise<Usual> {
  const kept = known.get(db);
  if (kept !== undefined && performance.now() - kept.atMs < READ_EVERY_MS) return kept.waits;
  const waits = readUsualWaits(db).then(
    (all) => new Map(all.map((one) => [one.code, one])),
    // It is an ornament: without it everything else is still answered, and it is not asked again at once.
    () => new Map(),
  );
  known.set(db, { atMs: performance.now(), waits });
  return waits;
}

/**
 * Shows why a payee is paid or not, in `/v1` and on the command line. `said` leaves out of a gate's reason what its
 * reader may not see.
 */
export function viewWhy(why: PayeeWhy, said: (gate: Gate) => string | null) {
  const show = (gate: Gate) => viewGate(gate, why.usual, said);
  const { underWay } = why;
  return {
    at: why.at,
    verdict: why.verdict,
    /** What the gate that decides means to the payee; null when all are open. */
    words: why.decidedBy?.code == null ? null : workerWords(why.decidedBy.code),
    decidedBy: why.decidedBy && show(why.decidedBy),
    ...amount('pending', why.pendingWei),
    payoutUnderWay:
      underWay === undefined
        ? null
        : { id: underWay.id, state: underWay.state, ...amount('amount', underWay.amountWei) },
    expected: viewPayday(why.payday),
    pool: why.pool.map(show),
    round: why.round.map(show),
    payout: why.payout.map(show),
  };
}

/** Shows when the next payout may be expected; the times are null unless there is an estimate. */
function viewPayday(payday: Payday) {
  const isRange = payday.kind === 'expected';
  return {
    kind: payday.kind,
    words: paydayWords(payday),
    earliest: isRange ? new Date(payday.earliestMs) : null,
    latest: isRange ? new Date(payday.latestMs) : null,
    unknown: payday.kind === 'unknown' ? payday.why : null,
  };
}

export type GateView = ReturnType<typeof viewGate>;

function viewGate(gate: Gate, usual: PayeeWhy['usual'], said: (gate: Gate) => string | null) {
  const { name, code, measured, opensByItself, opener } = gate;
  return {
    name,
    isOpen: code === null,
    code,
    reason: withChecksums(said(gate)),
    words: code === null ? null : workerWords(code),
    ...viewMeasured(measured),
    opensByItself,
    opener,
    usually: code === null ? null : viewUsual(usual.get(code)),
  };
}

function viewMeasured(measured: Measured | null) {
  if (measured === null) return { unit: null, value: null, limit: null };
  const { unit, value, limit } = measured;
  return unit === 'wei'
    ? { unit, value: value.toString(), limit: limit.toString() }
    : { unit, value, limit };
}

function viewUsual(usual: UsualWait | undefined) {
  if (usual === undefined) return null;
  const { waits, medianMs, p90Ms } = usual;
  return { waits, medianMs: Math.round(medianMs), p90Ms: Math.round(p90Ms) };
}
