/**
 * Tells a payee why it is paid, or why not: every gate of the next round, and every gate between a payout and its
 * transaction. Rounds and sagas go through the same gates, so this never disagrees with what they do.
 */
import { expectedGasCostWei, gasFeesFor } from '../../chain/rules/gas-fees.js';
import { firstShut, type Gate } from '../../payouts/rules/gates.js';
import type { PayeeStanding, PayoutState, Wait, WaitCode } from '../../payouts/rules/payout.js';
import { type DueRules, dueGates, refusalGates } from '../../payouts/rules/payout-due.js';
import {
  type DayUse,
  type LimitedPayout,
  limitGates,
  type PayoutLimits,
} from '../../payouts/rules/payout-limits.js';
import { walletWait } from '../../payouts/rules/round-preview.js';
import { feeAboveCap, payoutHeld, walletHalted } from '../../payouts/rules/waits.js';
import type { Stop } from './pool-standing.js';
import { gateOfWait } from './wait-gates.js';

export interface WhyFacts {
  readonly due: DueRules;
  readonly limits: PayoutLimits;
  readonly day: DayUse;
  readonly standing: PayeeStanding;
  /** What failed transfers to the payee have cost since it was last paid. */
  readonly burntGasWei: bigint;
  /** The payout that is under way; undefined when there is none. */
  readonly underWay: UnderWay | undefined;
  readonly pool: PoolSight;
  readonly chain: ChainSight;
}

/** The payout that keeps the payee from getting another one. */
export interface UnderWay {
  readonly id: string;
  readonly state: PayoutState;
  readonly amountWei: bigint;
  readonly isApproved: boolean;
  readonly holdReason: string | null;
  readonly wait: Wait | null;
  /** Whether a person ordered it in spite of what was said against the payee. */
  readonly overridesRules: boolean;
  /** The gas share of the payee's own terms; null when it has none, or it holds this payout back no longer. */
  readonly ownGasShareBps: number | null;
}

/** What keeps all payouts of the pool from being made. */
export interface PoolSight {
  readonly isSwitchedOn: boolean;
  /** The reason of the most serious halt; null when nothing is halted. */
  readonly haltReason: string | null;
  readonly stops: readonly Stop[];
}

/** What the chain showed last, and what the operator allows. */
export interface ChainSight {
  /** Null when no base fee was stored yet. */
  readonly baseFeeWei: bigint | null;
  readonly capWei: bigint;
  readonly tipWei: bigint;
  /** The gas that a transfer to the payee took last, or takes at least. */
  readonly transferGas: bigint;
  /** The gas limit that such a transfer is signed with. */
  readonly gasLimit: bigint;
  /** What the wallet has to spend; null when its balance was never read. */
  readonly freeWei: bigint | null;
}

/**
 * pays: the next round reserves a payout, and nothing keeps it from being sent. waits: it would be reserved, and then
 * wait. not-due: nothing would be reserved. stopped: no round runs. under-way: a payout is on its way and nothing is
 * wrong. held-up: a payout is on its way and waits for something else than the chain.
 */
export type WhyVerdict = 'pays' | 'waits' | 'not-due' | 'stopped' | 'under-way' | 'held-up';

export interface Why {
  readonly verdict: WhyVerdict;
  /** The gate that decides; null when all are open. */
  readonly decidedBy: Gate | null;
  /** The gates of the pool as a whole. */
  readonly pool: readonly Gate[];
  /** The gates between what is pending and a reserved payout. */
  readonly round: readonly Gate[];
  /** The gates between a payout and its transaction: of the one under way, or else of the one that would be made. */
  readonly payout: readonly Gate[];
}

/** Lists all gates of a payee, and says which one decides. */
export function explain(facts: WhyFacts): Why {
  const gates = {
    pool: poolGates(facts.pool),
    round: dueGates(facts.standing, facts.due),
    payout: payoutGates(facts),
  };
  return { ...gates, ...verdictOf(facts, gates) };
}

type Gates = Pick<Why, 'pool' | 'round' | 'payout'>;

function verdictOf(
  { underWay }: WhyFacts,
  { pool, round, payout }: Gates,
): Pick<Why, 'verdict' | 'decidedBy'> {
  const stop = firstShut(pool) ?? null;
  const wait = firstShut(payout) ?? null;
  if (underWay !== undefined) {
    const decidedBy = wait ?? stop;
    // What is left to the chain needs a worker that follows it, but neither a round nor Temporal.
    const isWithChain =
      wait?.opener === 'nobody' && wait.opensByItself && stop?.code !== 'WORKER_SILENT';
    const isGoing = decidedBy === null || isWithChain;
    return { verdict: isGoing ? 'under-way' : 'held-up', decidedBy };
  }
  if (stop !== null) return { verdict: 'stopped', decidedBy: stop };
  const notDue = firstShut(round) ?? null;
  if (notDue !== null) return { verdict: 'not-due', decidedBy: notDue };
  return { verdict: wait === null ? 'pays' : 'waits', decidedBy: wait };
}

function poolGates({ isSwitchedOn, stops }: PoolSight): readonly Gate[] {
  const reason = isSwitchedOn
    ? 'the pool makes payouts'
    : 'the pool makes no payouts: `pool.payoutsEnabled` is false';
  return [
    { ...POOL_GATE, name: 'payouts-on', code: isSwitchedOn ? null : 'PAYOUTS_OFF', reason },
    ...STOPS.map(({ name, code, well }): Gate => {
      const stop = stops.find((one) => one.code === code);
      const why = { code: stop === undefined ? null : code, reason: stop?.reason ?? well };
      return { ...POOL_GATE, ...why, name };
    }),
  ];
}

const POOL_GATE = { measured: null, opensByItself: false, opener: 'pool' } as const;
const STOPS = [
  { name: 'worker', code: 'WORKER_SILENT', well: 'a worker of the pool runs' },
  { name: 'temporal', code: 'TEMPORAL_UNREACHABLE', well: 'Temporal answers' },
  { name: 'rounds', code: 'ROUND_LATE', well: 'rounds are in time' },
] as const;

function payoutGates(facts: WhyFacts): readonly Gate[] {
  const { underWay, pool } = facts;
  const halt = gateOr(pool.haltReason === null ? undefined : walletHalted(pool.haltReason), {
    name: 'halt',
    open: 'the wallet is not halted',
    opensByItself: false,
  });
  if (underWay === undefined || underWay.state === 'reserved') return unsignedGates(facts, halt);
  // Signed bytes have passed all limits; only the chain decides about them now.
  const { wait } = underWay;
  return wait === null || wait.code === 'WALLET_HALTED' ? [halt] : [halt, gateOfWait(wait)];
}

function unsignedGates(facts: WhyFacts, halt: Gate): readonly Gate[] {
  const { underWay, standing, burntGasWei, chain } = facts;
  const amountWei = underWay?.amountWei ?? standing.pendingWei;
  const payout = {
    id: underWay?.id ?? null,
    amountWei,
    isApproved: underWay?.isApproved ?? false,
    gasCostWei: gasOf(chain).costWei,
    burntGasWei,
    // Without a payout the round's own gate says whether gas is cheap enough.
    ownGasShareBps: underWay?.ownGasShareBps ?? null,
  };
  const isReserved = underWay !== undefined && !underWay.overridesRules;
  const held = underWay?.holdReason ?? null;
  const gates: readonly Gate[] = [
    gateOr(held === null ? undefined : payoutHeld(held), {
      name: 'hold',
      open: 'no operator holds it',
      opensByItself: false,
    }),
    halt,
    ...(isReserved ? refusalGates(standing.verdicts) : []),
    ...limitsAndFee(payout, facts),
    balanceGate(amountWei, chain),
  ];
  return withStored(gates, underWay?.wait ?? null);
}

/** Lists them in the order in which they are looked at: amount and day by the ledger alone, then the chain's fee. */
function limitsAndFee(
  payout: LimitedPayout,
  { limits, day, chain }: WhyFacts,
): readonly Gate<WaitCode>[] {
  const fee = networkFeeGate(chain);
  if (payout.amountWei <= 0n) return [fee];
  const gates = limitGates(payout, limits, day);
  const byGas = (gate: Gate) => gate.name === 'gas-share';
  return [...gates.filter((gate) => !byGas(gate)), fee, ...gates.filter(byGas)];
}

/** What the worker knows better than the figures here: the gas of this very transfer, and so what it takes. */
const BY_ESTIMATE = ['gas-share', 'gas', 'balance'];

/** Adds the stored wait of a payout unless a gate is about the same; where gas decides, the stored one is right. */
function withStored(gates: readonly Gate[], wait: Wait | null): readonly Gate[] {
  if (wait === null) return gates;
  const stored = gateOfWait(wait);
  const same = gates.find(({ name }) => name === stored.name);
  if (same === undefined) return [...gates, stored];
  if (same.code !== null || !BY_ESTIMATE.includes(stored.name)) return gates;
  return gates.map((gate) => (gate === same ? stored : gate));
}

/** What the transfer's gas is expected to cost, and what it may cost at most. */
function gasOf(chain: ChainSight): { readonly costWei: bigint; readonly mostWei: bigint } {
  const { baseFeeWei, capWei, tipWei, transferGas, gasLimit } = chain;
  if (baseFeeWei === null) return { costWei: 0n, mostWei: 0n };
  const fees = gasFeesFor(baseFeeWei, { capWei, tipWei });
  if (fees === undefined) return { costWei: transferGas * capWei, mostWei: gasLimit * capWei };
  return {
    costWei: expectedGasCostWei(transferGas, { baseFeeWei, fees }),
    mostWei: gasLimit * fees.maxFeePerGasWei,
  };
}

function networkFeeGate({ baseFeeWei, capWei }: ChainSight): Gate<WaitCode> {
  const isAbove = baseFeeWei !== null && baseFeeWei > capWei;
  const known =
    baseFeeWei === null ? 'the network fee was not seen yet' : 'the network fee is low enough';
  return {
    ...gateOr(isAbove ? feeAboveCap(baseFeeWei, capWei) : undefined, {
      name: 'network-fee',
      open: known,
      opensByItself: true,
    }),
    measured: baseFeeWei === null ? null : { unit: 'wei', value: baseFeeWei, limit: capWei },
  };
}

function balanceGate(amountWei: bigint, chain: ChainSight): Gate<WaitCode> {
  const { freeWei } = chain;
  const open = freeWei === null ? 'the balance was not read yet' : 'the wallet holds enough';
  const takesWei = amountWei + gasOf(chain).mostWei;
  return {
    ...gateOr(walletWait(takesWei, freeWei), { name: 'balance', open, opensByItself: false }),
    measured: freeWei === null ? null : { unit: 'wei', value: takesWei, limit: freeWei },
  };
}

function gateOr(
  wait: Wait | undefined,
  gate: { readonly name: string; readonly open: string; readonly opensByItself: boolean },
): Gate<WaitCode> {
  const { name, open, opensByItself } = gate;
  return {
    name,
    code: wait?.code ?? null,
    reason: wait?.reason ?? open,
    measured: null,
    opensByItself,
    opener: 'pool',
  };
}
