/**
 * Sends for the wallet, not for one saga: calls that come at the same time are signed in one
 * transaction and broadcast in one batch.
 */

import { PoolError } from '../../base/errors/pool-error.js';
import { ethAndWei } from '../../base/money.js';
import { ChainError, saysReverted, saysUnaffordable } from '../../chain/chain-error.js';
import type { WalletView } from '../../chain/chain-reads.js';
import {
  decideFees,
  expectedGasCostWei,
  type Fees,
  gasLimitFor,
} from '../../chain/rules/gas-fees.js';
import { MONEY_LOOP_MS, turns } from '../../processes/turns.js';
import { isClosed, type SendResult, type Wait } from '../rules/payout.js';
import { amountWait, dayWait } from '../rules/payout-limits.js';
import {
  feeAboveCap,
  gasAboveCap,
  payeeIsWallet,
  rpcUnreachable,
  walletHalted,
  walletReplaced,
} from '../rules/waits.js';
import { allocateSlots, type SlotOrder } from '../store/nonces/nonces.js';
import { readDayUse } from '../store/payout-limits.js';
import { heldWords } from '../store/payout-messages.js';
import { type PayoutProgress, payoutProgress, recordWaits } from '../store/payout-progress.js';
import { findWallet } from '../store/wallet/wallets.js';
import { agreedBalance, furthestView, noteBalance } from '../wallet/balance-views.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { haltWhenNonceAhead } from '../wallet/nonce-check.js';
import { compareOtherWallets } from '../wallet/other-wallets.js';
import { broadcastUnsent } from './broadcasting.js';
import { GasMemory } from './gas-memory.js';
import { withSigner } from './signing.js';

export interface Sender {
  /** Sees to it that the payout has signed bytes and that these are offered to the chain. */
  send(payoutId: string): Promise<SendResult>;
}

/** How many payouts one transaction signs: the wallet's row is locked for about 2 ms each. */
const MAX_GROUP = 100;
/** No transfer needs less. */
const LEAST_GAS = 21_000n;

interface Call {
  readonly payoutId: string;
  readonly resolve: (result: SendResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One per process: groups whatever is asked for while the group before is under way. `onSigned` is told when
 * there is something new to settle.
 */
export function createSender(deps: MoneyDeps, onSigned = () => {}): Sender {
  const queue: Call[] = [];
  let running = false;
  const gasMemory = new GasMemory();
  const run = async () => {
    running = true;
    const turn = turns.begin('sending', MONEY_LOOP_MS);
    while (queue.length > 0) {
      await answerGroup({ ...deps, onSigned, gasMemory }, queue.splice(0, MAX_GROUP));
      turn.turned();
    }
    turn.end();
    running = false;
  };
  return {
    send: (payoutId) =>
      new Promise((resolve, reject) => {
        queue.push({ payoutId, resolve, reject });
        if (!running) void run();
      }),
  };
}

interface SenderDeps extends MoneyDeps {
  readonly onSigned: () => void;
  readonly gasMemory: GasMemory;
}

async function answerGroup(deps: SenderDeps, calls: readonly Call[]): Promise<void> {
  try {
    const results = await sendGroup(deps, [...new Set(calls.map((call) => call.payoutId))]);
    for (const call of calls) {
      const result = results.get(call.payoutId);
      if (result === undefined) call.reject(payoutMissing(call.payoutId));
      else call.resolve(result);
    }
  } catch (error) {
    for (const call of calls) call.reject(error);
  }
}

/** After an older backup was restored: its saga has nothing to do any more. */
export function payoutMissing(payoutId: string): PoolError {
  return new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${payoutId}`);
}

async function sendGroup(
  deps: SenderDeps,
  payoutIds: readonly string[],
): Promise<ReadonlyMap<string, SendResult>> {
  const before = await payoutProgress(deps.db, payoutIds);
  const ready = before.filter(
    ({ state, holdReason }) => state === 'reserved' && !isHeld(holdReason),
  );
  const refusals = ready.length === 0 ? NO_WAITS : await allocate(deps, ready);
  if (refusals.size < ready.length || before.some(hasUnsent)) {
    deps.onSigned();
    await broadcastUnsent(deps);
  }
  const after = ready.length === 0 ? before : await payoutProgress(deps.db, payoutIds);
  const results = new Map(
    after.map((payout) => [payout.payoutId, resultFor(payout, refusals.get(payout.payoutId))]),
  );
  const waits = new Map<string, Wait>();
  for (const [payoutId, result] of results) {
    if (result.kind === 'waiting') waits.set(payoutId, result.wait);
  }
  await recordWaits(deps.db, waits);
  return results;
}

/** Signed by a process that died before it sent. */
const hasUnsent = ({ state, slot }: PayoutProgress) => !isClosed(state) && slot?.sends === 0;

const NO_WAITS: ReadonlyMap<string, Wait> = new Map();
const isHeld = (holdReason: string | null): holdReason is string => holdReason !== null;

function resultFor(payout: PayoutProgress, refusal: Wait | undefined): SendResult {
  const { state, slot, holdReason } = payout;
  if (isClosed(state)) return { kind: 'closed', state, txHash: slot?.txHash ?? null };
  if (state !== 'reserved' && slot !== null) {
    return { kind: 'sent', nonce: slot.nonce, txHash: slot.txHash, wait: payout.wait };
  }
  if (isHeld(holdReason)) {
    const wait: Wait = { code: 'PAYOUT_HELD', reason: heldWords({ reason: holdReason }) };
    return { kind: 'waiting', wait };
  }
  const behind: Wait = { code: 'AWAITING_BROADCAST', reason: 'another process is signing it' };
  return { kind: 'waiting', wait: refusal ?? behind };
}

/**
 * Signs and stores what can be; answers why the rest was not. What the ledger alone can refuse asks the chain
 * nothing: thousands may wait for a halt or a limit.
 */
async function allocate(
  deps: SenderDeps,
  reserved: readonly PayoutProgress[],
): Promise<ReadonlyMap<string, Wait>> {
  const early = await refuseEarly(deps, reserved);
  const payouts = reserved.filter(({ payoutId }) => !early.has(payoutId));
  if (payouts.length === 0) return early;
  return new Map([...early, ...(await allocateAllowed(deps, payouts))]);
}

/** The same again under the wallet's lock decides; this spares the chain. */
async function refuseEarly(
  deps: MoneyDeps,
  payouts: readonly PayoutProgress[],
): Promise<ReadonlyMap<string, Wait>> {
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined && wallet.halt !== null) {
    return waitAll(payouts, walletHalted(wallet.halt.reason));
  }
  const waits = new Map<string, Wait>();
  const day = await readDayUse(deps.db);
  for (const payout of payouts) {
    const { payoutId, amountWei, isApproved, isToWallet } = payout;
    const wait =
      (isToWallet ? payeeIsWallet() : undefined) ??
      amountWait({ id: payoutId, amountWei, isApproved }, deps.limits) ??
      dayWait(amountWei, deps.limits, day);
    if (wait !== undefined) waits.set(payoutId, wait);
  }
  return waits;
}

async function allocateAllowed(
  deps: SenderDeps,
  allowed: readonly PayoutProgress[],
): Promise<ReadonlyMap<string, Wait>> {
  const sight = await readSight(deps);
  if (sight instanceof ChainError) return waitAll(allowed, rpcUnreachable(sight.message));
  const { view } = sight;
  const fees = decideFees(view.head.baseFeePerGasWei, feeLimits(deps));
  if (fees.kind === 'above-cap') {
    const wait = feeAboveCap(view.head.baseFeePerGasWei, deps.chain.maxFeePerGasWei);
    return waitAll(allowed, wait);
  }
  const prices = { baseFeeWei: view.head.baseFeePerGasWei, fees: fees.fees };
  const tooDear = refuseTooDear(deps, allowed, prices);
  const payouts = allowed.filter(({ payoutId }) => !tooDear.has(payoutId));
  if (payouts.length === 0) return tooDear;
  const offer = { sight, prices };
  return new Map([...tooDear, ...(await allocateEstimated(deps, payouts, offer))]);
}

interface Offer {
  readonly sight: Sight;
  readonly prices: { readonly baseFeeWei: bigint; readonly fees: Fees };
}

function refuseTooDear(
  { limits, chain, gasMemory }: SenderDeps,
  payouts: readonly PayoutProgress[],
  prices: Offer['prices'],
): ReadonlyMap<string, Wait> {
  gasMemory.forgetOld();
  const { gasLimitCap } = chain;
  return new Map(
    payouts.flatMap((payout) => {
      const wait = gasMemory.stillTooDear(payout, { limits, gasLimitCap, prices });
      return wait === undefined ? [] : [[payout.payoutId, wait] as const];
    }),
  );
}

async function allocateEstimated(
  deps: SenderDeps,
  payouts: readonly PayoutProgress[],
  { sight, prices }: Offer,
): Promise<ReadonlyMap<string, Wait>> {
  const { view, claimedNonce, agreedWei } = sight;
  const { fees } = prices;
  const estimates = await estimateAll(deps, payouts);
  if (estimates instanceof ChainError) return waitAll(payouts, rpcUnreachable(estimates.message));
  const waits = new Map<string, Wait>();
  const needed = new Map<string, bigint>();
  const orders = payouts.flatMap((payout, index): SlotOrder[] => {
    const estimate = estimates[index];
    const gas = gasFor(deps, payout, { estimate, agreedWei, fees });
    if ('code' in gas) {
      if (typeof estimate === 'bigint') deps.gasMemory.note(payout.payoutId, estimate, gas);
      waits.set(payout.payoutId, gas);
      return [];
    }
    needed.set(payout.payoutId, gas.needed);
    const gasCostWei = expectedGasCostWei(gas.needed, prices);
    return [{ payoutId: payout.payoutId, gasLimit: gas.limit, gasCostWei }];
  });
  const signing = await withSigner(deps, (sign, refused) =>
    allocateSlots(deps.db, {
      wallet: walletKeyOf(deps),
      orders: orders.filter(({ payoutId }) => !refused.has(payoutId)),
      limits: deps.limits,
      fees,
      chainNonce: view.latestNonce,
      claimedNonce,
      balanceWei: view.balanceWei,
      keepInWalletWei: deps.chain.keepInWalletWei,
      sign,
    }),
  );
  if (signing.kind === 'waiting') return waitAll(payouts, signing.wait);
  const { result } = signing;
  if (result.kind === 'replaced') {
    return waitAll(payouts, walletReplaced(deps.signer.address, result.by));
  }
  // Named in place of another one in this very moment: the others are asked at the next try.
  if (result.kind === 'not-compared') return waitAll(payouts, rpcUnreachable(NOT_COMPARED));
  if (result.kind === 'halted') return waitAll(payouts, walletHalted(result.halt.reason));
  if (result.kind === 'nonce-ahead') return waitAll(payouts, await haltWhenNonceAhead(deps));
  for (const [payoutId, gas] of needed) {
    deps.gasMemory.note(payoutId, gas, result.refusals.get(payoutId));
  }
  return new Map([...waits, ...signing.refused, ...result.refusals]);
}

const NOT_COMPARED = 'it was not asked yet what the wallets have sent that paid before';

interface Sight {
  /** Of the endpoint that is furthest. */
  readonly view: WalletView;
  /** The highest count that any endpoint gives. */
  readonly claimedNonce: number;
  /** Of the wallet, as a quorum of endpoints sees it. */
  readonly agreedWei: bigint;
}

async function readSight(deps: MoneyDeps): Promise<Sight | ChainError> {
  try {
    await compareOtherWallets(deps);
    const { address } = deps.signer;
    const answers = await deps.rpc.everyEndpoint((reads) => reads.walletView(address));
    // After an older backup was restored, an endpoint that lags would hide nonces that are used already.
    if (answers.length < deps.rpc.quorum) {
      const why = [`only ${answers.length} RPC endpoint answers`, ...deps.rpc.faults()];
      return new ChainError('unreachable', why.join('; '));
    }
    const views = answers.map(({ value }) => value);
    const view = furthestView(views);
    await noteBalance(deps, view);
    const counts = views.flatMap(({ latestNonce, pendingNonce }) => [latestNonce, pendingNonce]);
    const agreedWei = agreedBalance(views, deps.rpc.quorum);
    return { view, claimedNonce: Math.max(...counts), agreedWei };
  } catch (error) {
    if (error instanceof ChainError) return error;
    throw error;
  }
}

async function estimateAll(
  deps: MoneyDeps,
  payouts: readonly PayoutProgress[],
): Promise<readonly (bigint | ChainError)[] | ChainError> {
  const from = deps.signer.address;
  try {
    return await deps.rpc.estimateGas(
      payouts.map(({ destination: to, amountWei: valueWei }) => ({ from, to, valueWei })),
    );
  } catch (error) {
    if (error instanceof ChainError) return error;
    throw error;
  }
}

/** What the transfer may burn, or why that cannot be told now. */
function gasFor(
  deps: MoneyDeps,
  payout: PayoutProgress,
  {
    estimate,
    agreedWei,
    fees,
  }: {
    readonly estimate: bigint | ChainError | undefined;
    readonly agreedWei: bigint;
    readonly fees: Fees;
  },
): { readonly limit: bigint; readonly needed: bigint } | Wait {
  if (estimate instanceof ChainError && !saysReverted(estimate)) {
    // Nobody is to top up the wallet for an amount that nobody has looked at.
    const tooMuch = amountWait({ ...payout, id: payout.payoutId }, deps.limits);
    if (tooMuch !== undefined) return tooMuch;
    const { address } = deps.signer;
    const leastWei = payout.amountWei + LEAST_GAS * fees.maxFeePerGasWei;
    // The balance comes before the node's words, which are other ones in each client.
    if (agreedWei < leastWei) {
      const holds = `wallet ${address} holds ${ethAndWei(agreedWei)}`;
      return { code: 'WALLET_EMPTY', reason: `${holds}, too little for this payout: top it up` };
    }
    if (!saysUnaffordable(estimate)) return rpcUnreachable(estimate.message);
    // A quorum sees enough: what one endpoint says of it is its own trouble.
    return rpcUnreachable(`${estimate.message}, although a quorum sees ${ethAndWei(agreedWei)}`);
  }
  const { gasLimitCap } = deps.chain;
  if (typeof estimate === 'bigint' && estimate > gasLimitCap) {
    return gasAboveCap(estimate, gasLimitCap);
  }
  // An RPC's opinion that it reverts is no refusal: the chain decides, and the cap bounds the cost.
  const known = estimate instanceof ChainError ? undefined : estimate;
  const limit = gasLimitFor({ estimate: known, atLeast: payout.gasLimit, cap: gasLimitCap });
  // An estimate that was too low once is no measure of the cost.
  return { limit, needed: known === undefined || payout.gasLimit !== null ? limit : known };
}

function waitAll(payouts: readonly PayoutProgress[], wait: Wait): ReadonlyMap<string, Wait> {
  return new Map(payouts.map((payout) => [payout.payoutId, wait]));
}

export function feeLimits(deps: MoneyDeps): { readonly capWei: bigint; readonly tipWei: bigint } {
  return { capWei: deps.chain.maxFeePerGasWei, tipWei: deps.chain.maxPriorityFeePerGasWei };
}
