import { randomUUID } from 'node:crypto';
import { and, eq, type SQL, sql } from 'drizzle-orm';
import { type Address, payableAddress } from '../../base/address.js';
import type { PoolErrorCode } from '../../base/errors/catalogue.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import { sumWei } from '../../base/money.js';
import type { Database, Transaction } from '../../db/database.js';
import { list, query, rows } from '../../db/query.js';
import { isOfData, transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';
import type { Order } from '../../orders/rules/order-kinds.js';
import { destinationOf } from '../../self-service/store/wishes.js';
import { firstShut } from '../rules/gates.js';
import type { PayeeStanding } from '../rules/payout.js';
import { allocatePending, type RowAmount } from '../rules/payout-allocation.js';
import { type DueVerdict, decideDue, refusalGates } from '../rules/payout-due.js';
import { PAYOUT_MOVES } from '../rules/payout-machine.js';
import { previewDifference } from '../rules/round-hash.js';
import { payeeStandings, type RoundConfig, readDueRules } from './payee-standings.js';
import { forgetRipe, noteRipe } from './payees/payee-gas.js';
import { postMovement } from './payout-moves.js';
import { hashOfRound } from './reads/round-preview-reads.js';
import { isBlocking, type Payout, payout, payoutRound } from './tables.js';
import type { WalletKey } from './wallet/paying-wallet.js';
import { findWallet } from './wallet/wallets.js';

export interface RoundResult {
  readonly payouts: number;
  readonly reservedWei: bigint;
  readonly leftOut: readonly LeftOut[];
}

/** A payee for whom nothing could be reserved, with the error of Postgres. All others are paid. */
export interface LeftOut {
  readonly payee: Address;
  readonly words: string;
}

/** A payout that was just made, or an earlier open one that keeps its payee from getting another. */
interface OpenPayout {
  readonly payoutId: string;
  readonly amountWei: bigint;
  readonly created: boolean;
}

interface Round {
  readonly roundId: string;
  readonly workflowId: string;
  /** What a person looked at and confirmed; without it the round reserves whatever is due. */
  readonly confirmed?: Decision & { readonly previewHash: string };
}

/**
 * Reserves everything that is due now. If the round is repeated, it returns the result of the first time. Throws
 * ROUND_DIFFERS and reserves nothing when a person confirmed something else than what is due.
 */
export async function reserveRound(
  db: Database,
  round: Round,
  config: RoundConfig,
): Promise<RoundResult> {
  return transact(db, async (tx) => {
    const { roundId, workflowId, confirmed } = round;
    await tx.insert(payoutRound).values({ id: roundId, workflowId }).onConflictDoNothing();
    const done = await finishedRound(tx, roundId);
    if (done !== undefined) return done;
    const rules = await readDueRules(tx, config);
    const isDue = (standing: PayeeStanding) => decideDue(standing, rules).due;
    const all = await payeeStandings(tx, rules);
    const candidates = all.filter(isDue).map(({ payee }) => payee);
    const pending = await lockPending(tx, candidates);
    // Read again under the locks, because another round or a manual payout may have reserved first.
    const standings = (await payeeStandings(tx, rules, candidates)).filter(isDue);
    if (confirmed !== undefined) {
      refuseOther(confirmed.previewHash, hashOfRound(standings, rules));
    }
    const due = standings.map(({ payee }) => payee);
    const reason = confirmed?.reason ?? null;
    const of = {
      origin: 'round',
      roundId,
      reason,
      requestId: null,
      overridesRules: false,
    } as const;
    const ofRound = { ...of, ripe: ripeOf(standings) };
    const { made, leftOut } = await insertEach(tx, { ...ofRound, due, pending });
    const reserved = new Set(due);
    await noteRipe(tx, ripeOf(all.filter(({ payee }) => !reserved.has(payee))));
    if (confirmed !== undefined) refuseLeftOut(leftOut);
    const result = {
      payouts: made.length,
      reservedWei: sumWei(made.map((payout) => payout.amountWei)),
      leftOut: leftOut.length === 0 ? null : leftOut,
    };
    await tx
      .update(payoutRound)
      .set({ ...result, finishedAt: sql`clock_timestamp()` })
      .where(eq(payoutRound.id, roundId));
    if (confirmed !== undefined) {
      const { actor, reason: why } = confirmed;
      const detail = { payouts: String(made.length), reservedWei: result.reservedWei.toString() };
      const action = 'round.start';
      await recordDecision(tx, { actor, reason: why, action, subject: roundId, detail });
    }
    return { ...result, leftOut };
  });
}

/**
 * Reserves the round that a person ordered: exactly what was looked at, or nothing. If the same order is carried out
 * again, it returns the result of the first time.
 */
export async function reserveOrderedRound(
  db: Database,
  key: WalletKey,
  order: Order<'payout.round'> & { readonly workflowId: string },
  config: RoundConfig,
): Promise<RoundResult> {
  const { id: roundId, workflowId, args, actor, reason, dryRun } = order;
  if (dryRun) throw new PoolError('REQUEST_INVALID', 'the dry run of a round is its preview');
  const halt = (await findWallet(db, key))?.halt;
  if (halt) throw new PoolError('WALLET_HALTED', `the wallet is halted: ${halt.reason}`);
  const { previewHash } = args;
  const confirmed = { previewHash, actor, reason };
  return reserveRound(db, { roundId, workflowId, confirmed }, config);
}

/** Since when the payees have been at their thresholds, of those with a gas share of their own. */
function ripeOf(standings: readonly PayeeStanding[]): ReadonlyMap<Address, Date> {
  return new Map(
    standings.flatMap(({ payee, gas }): [Address, Date][] =>
      gas === null || gas.ripeSince === null ? [] : [[payee, gas.ripeSince]],
    ),
  );
}

function refuseOther(looked: string, previewHash: string): void {
  const difference = previewDifference(looked, previewHash);
  if (difference === undefined) return;
  throw new PoolError('ROUND_DIFFERS', `this is not what was looked at: ${difference}`, {
    previewHash,
  });
}

function refuseLeftOut([first]: readonly LeftOut[]): void {
  if (first === undefined) return;
  const { payee, words } = first;
  throw new PoolError('ROUND_DIFFERS', `nothing can be reserved for ${payee}: ${words}`);
}

/** Reserves the payout that a person ordered. If the same order is carried out again, it returns the payout that the order already made. */
export async function reserveOrdered(
  db: Database,
  key: WalletKey,
  { id, args, actor, reason, dryRun }: Order<'payout.manual'>,
  config: RoundConfig,
): Promise<OpenPayout> {
  if (dryRun) throw new PoolError('REQUEST_INVALID', 'a manual payout has no dry run');
  const payee = payableAddress(args.payee);
  if (payee === undefined) {
    throw new PoolError('ADDRESS_MALFORMED', `"${args.payee}" is no address that can be paid`);
  }
  const halt = (await findWallet(db, key))?.halt;
  if (halt) throw new PoolError('WALLET_HALTED', `the wallet is halted: ${halt.reason}`);
  const { belowThreshold, despiteRules = false } = args;
  const request = { payee, belowThreshold, despiteRules, requestId: id, actor, reason };
  return reserveManual(db, request, config);
}

/** Reserves one payee's payout on request, or returns the one that is already open. */
export async function reserveManual(
  db: Database,
  request: Decision & {
    readonly payee: Address;
    readonly belowThreshold: boolean;
    /** True to pay a payee that the policy does not admit or holds, or that has paused its payouts. */
    readonly despiteRules?: boolean;
    /** Identifies the request. When it is repeated, it returns the payout that it made the first time. */
    readonly requestId: string;
  },
  config: RoundConfig,
): Promise<OpenPayout> {
  return transact(db, async (tx) => {
    const { payee, requestId, actor, reason } = request;
    const pending = await lockPending(tx, [payee]);
    const before = await findReserved(tx, eq(payout.requestId, requestId));
    if (before !== undefined) return { ...before, created: true };
    const open = await findReserved(tx, and(eq(payout.payee, payee), isBlocking()));
    if (open !== undefined) return { ...open, created: false };
    const rules = await readDueRules(tx, config);
    const [standing] = await payeeStandings(tx, rules, [payee]);
    if (standing === undefined) await refuseUnknown(tx, payee);
    const despite = { amount: request.belowThreshold, refusal: request.despiteRules ?? false };
    const decision = standing && decideDue(standing, rules, despite);
    if (decision?.due !== true) throw notDueError(payee, decision);
    // Only what was looked past is overridden, so that a verdict that comes later still counts.
    const overridden = standing && firstShut(refusalGates(standing.verdicts));
    const overridesRules = overridden !== undefined;
    const asManual = {
      origin: 'manual',
      roundId: null,
      reason,
      requestId,
      overridesRules,
    } as const;
    const ripe = new Map<Address, Date>();
    const [made] = await insertPayouts(tx, { ...asManual, ripe, due: [payee], pending });
    if (made === undefined) throw notDueError(payee, undefined);
    await forgetRipe(tx, [payee]);
    const detail = {
      payee,
      amountWei: made.amountWei.toString(),
      ...(overridden && { despite: `${overridden.code}: ${overridden.reason}` }),
    };
    const subject = made.payoutId;
    await recordDecision(tx, { actor, reason, action: 'payout.manual', subject, detail });
    return made;
  });
}

async function finishedRound(tx: Transaction, id: string): Promise<RoundResult | undefined> {
  const [round] = await tx.select().from(payoutRound).where(eq(payoutRound.id, id)).for('update');
  if (round === undefined || round.finishedAt === null) return undefined;
  const { payouts, reservedWei, leftOut } = round;
  return { payouts, reservedWei, leftOut: leftOut ?? [] };
}

type PendingRows = ReadonlyMap<Address, readonly RowAmount[]>;

/** Locks payees in the order of their addresses, then locks and reads their pending balances. */
async function lockPending(tx: Transaction, payees: readonly Address[]): Promise<PendingRows> {
  await tx.execute(sql`
    SELECT FROM payee WHERE address = ANY(${list(payees)}::text[])
     ORDER BY address FOR NO KEY UPDATE`);
  const locked = await rows(
    tx,
    { payee: remoteWorker.payee, remoteWorkerId: remoteWorker.id, amountWei: balance.amountWei },
    sql`SELECT worker.payee, worker.id AS "remoteWorkerId", balance.amount_wei AS "amountWei"
          FROM balance JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE balance.account = 'pending' AND worker.payee = ANY(${list(payees)}::text[])
         ORDER BY balance.remote_worker_id FOR NO KEY UPDATE OF balance`,
  );
  const byPayee = new Map<Address, RowAmount[]>();
  for (const { payee, ...row } of locked) {
    byPayee.set(payee, [...(byPayee.get(payee) ?? []), row]);
  }
  return byPayee;
}

interface Reservation
  extends Pick<Payout, 'origin' | 'roundId' | 'reason' | 'requestId' | 'overridesRules'> {
  readonly due: readonly Address[];
  /** Since when payees have been at their thresholds, where that is known. */
  readonly ripe: ReadonlyMap<Address, Date>;
  readonly pending: PendingRows;
}

/** Reserves for all payees at once. When that fails, it tries each half separately, until it has found the payees that fail. */
async function insertEach(
  tx: Transaction,
  order: Reservation,
): Promise<{ readonly made: readonly OpenPayout[]; readonly leftOut: readonly LeftOut[] }> {
  const { due } = order;
  try {
    const made = await tx.transaction((inner) => insertPayouts(inner, order));
    return { made, leftOut: [] };
  } catch (error) {
    if (!isOfData(error)) throw error;
    const [payee] = due;
    if (payee === undefined) throw error;
    if (due.length === 1) return { made: [], leftOut: [{ payee, words: foreignText(error) }] };
    const middle = Math.ceil(due.length / 2);
    const first = await insertEach(tx, { ...order, due: due.slice(0, middle) });
    const second = await insertEach(tx, { ...order, due: due.slice(middle) });
    const made = [...first.made, ...second.made];
    return { made, leftOut: [...first.leftOut, ...second.leftOut] };
  }
}

async function insertPayouts(tx: Transaction, order: Reservation): Promise<readonly OpenPayout[]> {
  const made = order.due.flatMap((payee) => {
    const parts = allocatePending(order.pending.get(payee) ?? []);
    const amountWei = sumWei(parts.map((part) => part.amountWei));
    return parts.length === 0 ? [] : [{ payoutId: randomUUID(), payee, amountWei, parts }];
  });
  if (made.length === 0) return [];
  await tx.execute(sql`
    INSERT INTO payout (id, payee, destination, amount_wei, state, origin, round_id, reason, request_id,
                        overrides_rules, ripe_at)
    SELECT id, payee, ${destinationOf(sql`payee`)}, amount, ${PAYOUT_MOVES.reserve.to}, ${order.origin}, ${order.roundId}::uuid, ${order.reason},
           ${order.requestId}, ${order.overridesRules}::boolean, ripe_at
      FROM unnest(${list(made.map((payout) => payout.payoutId))}::uuid[],
                  ${list(made.map((payout) => payout.payee))}::text[],
                  ${list(made.map((payout) => payout.amountWei))}::numeric[],
                  ${list(made.map(({ payee }) => order.ripe.get(payee)?.toISOString() ?? null))}::timestamptz[]) AS new (id, payee, amount, ripe_at)`);
  const parts = made.flatMap((payout) =>
    payout.parts.map((part) => ({ ...part, payoutId: payout.payoutId })),
  );
  await tx.execute(sql`
    INSERT INTO payout_allocation (payout_id, remote_worker_id, amount_wei)
    SELECT * FROM unnest(${list(parts.map((part) => part.payoutId))}::uuid[],
                         ${list(parts.map((part) => part.remoteWorkerId))}::bigint[],
                         ${list(parts.map((part) => part.amountWei))}::numeric[])`);
  const payoutIds = made.map((payout) => payout.payoutId);
  await postMovement(tx, { ...PAYOUT_MOVES.reserve.books, payoutIds });
  return made.map(({ payoutId, amountWei }) => ({ payoutId, amountWei, created: true }));
}

async function findReserved(
  tx: Transaction,
  which: SQL | undefined,
): Promise<Omit<OpenPayout, 'created'> | undefined> {
  const { id: payoutId, amountWei } = payout;
  const [found] = await tx.select({ payoutId, amountWei }).from(payout).where(which);
  return found;
}

async function refuseUnknown(tx: Transaction, payee: Address): Promise<void> {
  const known = await query(tx, sql`SELECT FROM payee WHERE address = ${payee}`);
  if (known.length === 0) throw new PoolError('PAYEE_UNKNOWN', `${payee} was never seen`);
}

/** Makes the error for a payee that a person asks to be paid and that is not due. */
export function notDueError(payee: Address, decision: DueVerdict | undefined): PoolError {
  if (decision === undefined || decision.due) {
    return new PoolError('PAYOUT_NOTHING_DUE', `nothing is pending for ${payee}`, { payee });
  }
  const codes: Readonly<Record<string, PoolErrorCode>> = {
    TOO_SOON: 'PAYOUT_TOO_SOON',
    UNPAYABLE: 'PAYEE_UNPAYABLE',
    PAYEE_IS_WALLET: 'PAYEE_IS_WALLET',
    NOT_INVITED: 'PAYEE_REFUSED',
    NOT_ADMITTED: 'PAYEE_REFUSED',
    HELD_BY_POLICY: 'PAYEE_REFUSED',
    PAUSED_BY_PAYEE: 'PAYEE_REFUSED',
  };
  return new PoolError(codes[decision.code] ?? 'PAYOUT_NOTHING_DUE', decision.reason, { payee });
}
