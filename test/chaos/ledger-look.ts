/** Reads the tables in plain SQL, because the product's own reads are under test. */
import type pg from 'pg';

export interface LedgerAttempt {
  readonly hash: string;
  readonly nonce: number;
  readonly payoutId: string;
  readonly createdAtMs: number;
}

/** A nonce of one of the pool's wallets. */
export interface Slot {
  readonly wallet: string;
  readonly nonce: number;
}

export interface LedgerPayout {
  readonly id: string;
  readonly destination: string;
  readonly amountWei: bigint;
  readonly state: string;
}

export interface Promised {
  readonly pendingWei: bigint;
  readonly paidWei: bigint;
  readonly reservedWei: bigint;
  /** The part of `paid` that was booked for payments that no payout made. */
  readonly adoptedWei: bigint;
}

/** All tables at one moment. */
export interface LedgerLook {
  readonly payouts: ReadonlyMap<string, LedgerPayout>;
  readonly attempts: ReadonlyMap<string, LedgerAttempt>;
  /** The key is the destination. */
  readonly promised: ReadonlyMap<string, Promised>;
  readonly superseded: readonly Slot[];
  readonly foreign: ReadonlyMap<string, string>;
  readonly haltCodes: readonly string[];
}

const PAYOUTS = `
  SELECT id, destination, amount_wei, state FROM payout`;
const ATTEMPTS = `
  SELECT attempt.hash, attempt.nonce, slot.payout_id,
         extract(epoch FROM attempt.created_at) * 1000 AS created_ms
    FROM attempt JOIN nonce_slot slot
      ON slot.chain_id = attempt.chain_id AND slot.wallet = attempt.wallet AND slot.nonce = attempt.nonce`;
const PROMISED = `
  SELECT worker.payee,
         coalesce(sum(amount_wei) FILTER (WHERE account = 'pending'), 0) AS pending,
         coalesce(sum(amount_wei) FILTER (WHERE account = 'paid'), 0) AS paid,
         coalesce(sum(amount_wei) FILTER (WHERE account = 'reserved'), 0) AS reserved,
         coalesce(sum(amount_wei) FILTER (WHERE account = 'paid' AND posting.kind = 'adopt'), 0) AS adopted
    FROM ledger_entry entry
    JOIN posting ON posting.id = entry.posting_id
    JOIN remote_worker worker ON worker.id = entry.remote_worker_id
   GROUP BY worker.payee`;
const SUPERSEDED = `SELECT wallet, nonce FROM nonce_slot WHERE state = 'superseded'`;
const FOREIGN = `SELECT hash, verdict FROM foreign_transaction`;
const HALTS = `SELECT code FROM wallet_halt`;

type Row = Readonly<Record<string, string>>;

/** Throws while Postgres is away. */
export async function lookAtLedger(pool: pg.Pool): Promise<LedgerLook> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = async (text: string) => (await client.query<Row>(text)).rows;
    const payouts = await rows(PAYOUTS);
    const attempts = await rows(ATTEMPTS);
    const promised = await rows(PROMISED);
    const superseded = await rows(SUPERSEDED);
    const foreign = await rows(FOREIGN);
    const halts = await rows(HALTS);
    await client.query('COMMIT');
    return {
      payouts: new Map(payouts.map((row) => [row['id'] ?? '', payoutOf(row)])),
      attempts: new Map(attempts.map((row) => [row['hash'] ?? '', attemptOf(row)])),
      promised: new Map(promised.map((row) => [row['payee'] ?? '', promisedOf(row)])),
      superseded: superseded.map((row) => ({
        wallet: row['wallet'] ?? '',
        nonce: Number(row['nonce']),
      })),
      foreign: new Map(foreign.map((row) => [row['hash'] ?? '', row['verdict'] ?? ''])),
      haltCodes: halts.map((row) => row['code'] ?? ''),
    };
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    client.release(failure);
  }
}

function payoutOf(row: Row): LedgerPayout {
  return {
    id: row['id'] ?? '',
    destination: row['destination'] ?? '',
    amountWei: BigInt(row['amount_wei'] ?? '0'),
    state: row['state'] ?? '',
  };
}

function attemptOf(row: Row): LedgerAttempt {
  return {
    hash: row['hash'] ?? '',
    nonce: Number(row['nonce']),
    payoutId: row['payout_id'] ?? '',
    createdAtMs: Number(row['created_ms']),
  };
}

function promisedOf(row: Row): Promised {
  return {
    pendingWei: BigInt(row['pending'] ?? '0'),
    paidWei: BigInt(row['paid'] ?? '0'),
    reservedWei: BigInt(row['reserved'] ?? '0'),
    adoptedWei: BigInt(row['adopted'] ?? '0'),
  };
}
