import pg from 'pg';
import { OPEN_STATES } from '../../core/payouts/rules/payout.js';

/** The pool's state, for people who watch. */
export interface Snapshot {
  readonly events: ReadonlyMap<string, number>;
  readonly setAside: number;
  readonly payees: number;
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
  readonly unattributedWei: bigint;
  readonly rounds: readonly SeenRound[];
  readonly payouts: readonly SeenPayout[];
  readonly openPayouts: number;
  readonly sourceErrors: readonly string[];
}

export interface SeenRound {
  readonly id: string;
  readonly payouts: number;
  readonly reservedWei: bigint;
}

export interface SeenPayout {
  readonly id: string;
  readonly payee: string;
  readonly state: string;
  readonly amountWei: bigint;
  readonly nonce: string | null;
  readonly hash: string | null;
  readonly waitReason: string | null;
}

export interface SnapshotReader {
  read(): Promise<Snapshot>;
  close(): Promise<void>;
}

const RECENT_PAYOUTS = 100;

const TOTALS = `
  SELECT
    (SELECT count(*) FROM set_aside WHERE resolved_at IS NULL) AS set_aside,
    (SELECT count(*) FROM payee) AS payees,
    (SELECT count(*) FROM payout WHERE state = ANY($1)) AS open,
    (SELECT json_object_agg(account, total::text) FROM
      (SELECT account, sum(amount_wei) AS total FROM balance GROUP BY account) a) AS accounts`;
const ROUNDS = `
  SELECT id, payouts, reserved_wei FROM payout_round
  WHERE finished_at IS NOT NULL ORDER BY started_at`;
const PAYOUTS = `
  SELECT p.id, p.payee, p.state, p.amount_wei, p.wait_reason, s.nonce, s.mined_hash
  FROM payout p LEFT JOIN LATERAL
    (SELECT nonce, mined_hash FROM nonce_slot WHERE payout_id = p.id ORDER BY nonce DESC LIMIT 1) s ON true
  ORDER BY coalesce(p.closed_at, p.created_at) DESC LIMIT ${RECENT_PAYOUTS}`;

/** Reads snapshots straight from Postgres. */
export function openSnapshots(databaseUrl: string): SnapshotReader {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, application_name: 'demo' });
  pool.on('error', () => undefined);
  return {
    async read() {
      const { sources, totals, rounds, payouts } = await readAtOnce(pool);
      const accounts = (totals['accounts'] ?? {}) as Readonly<Record<string, string>>;
      return {
        // A source numbers its events from 1 without a gap.
        events: new Map(sources.map((row) => [row['id'] ?? '', Number(row['next_seq']) - 1])),
        setAside: Number(totals['set_aside']),
        payees: Number(totals['payees']),
        pendingWei: wei(accounts['pending']),
        reservedWei: wei(accounts['reserved']),
        paidWei: wei(accounts['paid']),
        unattributedWei: wei(accounts['unattributed']),
        openPayouts: Number(totals['open']),
        rounds: rounds.map((row) => ({
          id: row['id'] ?? '',
          payouts: Number(row['payouts']),
          reservedWei: wei(row['reserved_wei']),
        })),
        payouts: payouts.reverse().map(payoutOf),
        sourceErrors: sources.flatMap((row) =>
          row['last_error'] === null ? [] : [`${row['id']}: ${row['last_error']}`],
        ),
      };
    },
    close: () => pool.end(),
  };
}

type Row = Record<string, string | null>;

/** Reads all of it at one moment, so that a finished round comes together with its payouts. */
async function readAtOnce(pool: pg.Pool) {
  const client = await pool.connect();
  let isBroken = true;
  try {
    const rows = async (text: string, values: unknown[] = []) =>
      (await client.query<Row>(text, values)).rows;
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const sources = await rows('SELECT id, next_seq, last_error FROM source ORDER BY id');
    const [totals = {}] = await rows(TOTALS, [OPEN_STATES]);
    const rounds = await rows(ROUNDS);
    const payouts = await rows(PAYOUTS);
    await client.query('COMMIT');
    isBroken = false;
    return { sources, totals, rounds, payouts };
  } finally {
    client.release(isBroken);
  }
}

function payoutOf(row: Readonly<Record<string, string | null>>): SeenPayout {
  return {
    id: row['id'] ?? '',
    payee: row['payee'] ?? '',
    state: row['state'] ?? '',
    amountWei: wei(row['amount_wei']),
    nonce: row['nonce'] ?? null,
    hash: row['mined_hash'] ?? null,
    waitReason: row['wait_reason'] ?? null,
  };
}

function wei(text: string | null | undefined): bigint {
  return BigInt(text ?? '0');
}
