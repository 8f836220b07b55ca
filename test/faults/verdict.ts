/** Safety and liveness of payouts, read off the chain and held against the tables. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../core/base/address.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { transfersOf } from '../harness/money.js';

export interface Verdict {
  /** Payouts with two transfers, and destinations that got more than they were ever promised. */
  readonly doublePaid: readonly string[];
  /** Own transactions on the chain that no attempt row knows and nobody has adopted. */
  readonly unrecorded: readonly string[];
  /** Payouts that have not ended. */
  readonly open: readonly string[];
  /** Destinations where own successful transfers are not what is booked as paid, and by how much. */
  readonly drift: readonly string[];
}

export const NOTHING_WRONG: Verdict = { doublePaid: [], unrecorded: [], open: [], drift: [] };

/** What must hold at any moment, however little has been done yet. */
export const safetyOf = ({ doublePaid, unrecorded }: Verdict) => ({ doublePaid, unrecorded });
export const SAFE = safetyOf(NOTHING_WRONG);

/** The chain is read before the tables: what is on it by then must be in them. */
export async function judge(
  chain: { readonly rpcUrl: string },
  db: Database,
  wallet: Address,
): Promise<Verdict> {
  const own = await transfersOf(chain, wallet);
  const payoutOf = await payoutByAttempt(db);
  const payouts = await readPayouts(db);
  const adopted = await readAdopted(db);
  const succeeded = own.filter((transaction) => transaction.succeeded);
  const paid = [
    ...payouts.filter(({ state }) => state === 'paid'),
    ...adopted.filter((transaction) => transaction.isPayment),
  ];
  const open = payouts.filter(({ state }) => ['reserved', 'signed', 'reopened'].includes(state));
  const everyone = new Set([...succeeded, ...paid, ...open].map(({ to }) => to));
  const gapsWei = (booked: readonly Movement[]) =>
    [...everyone].map((to) => ({ to, gapWei: sumTo(succeeded, to) - sumTo(booked, to) }));
  const transfersByPayout = new Map<string, number>();
  for (const { hash } of succeeded) {
    const payout = payoutOf.get(hash) ?? hash;
    transfersByPayout.set(payout, (transfersByPayout.get(payout) ?? 0) + 1);
  }
  return {
    doublePaid: [
      ...[...transfersByPayout].filter(([, transfers]) => transfers > 1).map(([payout]) => payout),
      ...gapsWei([...paid, ...open])
        .filter(({ gapWei }) => gapWei > 0n)
        .map(({ to, gapWei }) => `${to} +${gapWei}`),
    ],
    unrecorded: own
      .map(({ hash }) => hash)
      .filter((hash) => !payoutOf.has(hash) && !adopted.some((one) => one.hash === hash)),
    open: open.map(({ id }) => id),
    drift: gapsWei(paid)
      .filter(({ gapWei }) => gapWei !== 0n)
      .map(({ to, gapWei }) => `${to} ${gapWei}`),
  };
}

interface Movement {
  readonly to: string;
  readonly valueWei: bigint;
}

function sumTo(movements: readonly Movement[], to: string): bigint {
  return movements.reduce((sum, one) => (one.to === to ? sum + one.valueWei : sum), 0n);
}

async function payoutByAttempt(db: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ hash: string; payout_id: string }>(
    db,
    sql`SELECT attempt.hash, slot.payout_id FROM attempt
          JOIN nonce_slot slot ON slot.chain_id = attempt.chain_id AND slot.wallet = attempt.wallet
                              AND slot.nonce = attempt.nonce`,
  );
  return new Map(rows.map((row) => [row.hash, row.payout_id]));
}

async function readPayouts(
  db: Database,
): Promise<readonly (Movement & { readonly id: string; readonly state: string })[]> {
  const rows = await query<{ id: string; state: string; destination: string; amount_wei: string }>(
    db,
    sql`SELECT id, state, destination, amount_wei FROM payout`,
  );
  return rows.map(({ id, state, destination, amount_wei }) => ({
    id,
    state,
    to: destination,
    valueWei: BigInt(amount_wei),
  }));
}

/** What a person had booked after a restore; money that paid nobody of the pool is none of its business. */
async function readAdopted(
  db: Database,
): Promise<readonly (Movement & { readonly hash: string; readonly isPayment: boolean })[]> {
  const rows = await query<{ hash: string; to: string; wei: string; verdict: string }>(
    db,
    sql`SELECT hash, destination AS to, value_wei AS wei, verdict FROM foreign_transaction`,
  );
  return rows.map(({ hash, to, wei, verdict }) => ({
    hash,
    to,
    valueWei: BigInt(wei),
    isPayment: verdict === 'payment',
  }));
}
