import pg from 'pg';

export interface LedgerPayee {
  /** Of its jobs, without bonuses. */
  readonly netWei: bigint;
  readonly commissionWei: bigint;
  /** What the pool gave on top, out of its commission. */
  readonly bonusWei: bigint;
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  readonly paidWei: bigint;
}

/** What a payee was paid at an address that is not its own. */
export interface Redirected {
  readonly payee: string;
  readonly destination: string;
  readonly paidWei: bigint;
  /** False: no change of destination of this payee held when one of these payouts was made. */
  readonly isWished: boolean;
}

export interface Ledger {
  readonly payees: ReadonlyMap<string, LedgerPayee>;
  readonly redirected: readonly Redirected[];
  readonly unattributedWei: bigint;
  /** The commission account as a whole. */
  readonly commissionWei: bigint;
  readonly events: number;
  readonly setAside: number;
  readonly sources: ReadonlyMap<string, { readonly events: number; readonly setAside: number }>;
  readonly payouts: { readonly paid: number; readonly refused: number; readonly open: number };
  /** Nonces that the ledger says were consumed. */
  readonly usedNonces: number;
}

const PAYEES = `
  WITH earned AS (
    SELECT p.remote_worker_id AS worker,
      sum(e.amount_wei) FILTER (WHERE e.account = 'pending' AND p.kind NOT IN ('bonus', 'revenue-share')) AS net,
      sum(e.amount_wei) FILTER (WHERE e.account = 'commission' AND p.kind NOT IN ('bonus', 'revenue-share')) AS commission,
      sum(e.amount_wei) FILTER (WHERE e.account = 'pending' AND p.kind IN ('bonus', 'revenue-share')) AS bonus
    FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
    WHERE p.kind IN ('jobs', 'late-jobs', 'bonus', 'revenue-share') AND p.remote_worker_id IS NOT NULL
    GROUP BY p.remote_worker_id
  ), held AS (
    SELECT remote_worker_id AS worker,
      sum(amount_wei) FILTER (WHERE account = 'pending') AS pending,
      sum(amount_wei) FILTER (WHERE account = 'reserved') AS reserved,
      sum(amount_wei) FILTER (WHERE account = 'paid') AS paid
    FROM balance WHERE remote_worker_id <> 0 GROUP BY remote_worker_id
  )
  SELECT w.payee,
    coalesce(sum(earned.net), 0) AS net, coalesce(sum(earned.commission), 0) AS commission,
    coalesce(sum(earned.bonus), 0) AS bonus,
    coalesce(sum(held.pending), 0) AS pending, coalesce(sum(held.reserved), 0) AS reserved,
    coalesce(sum(held.paid), 0) AS paid
  FROM remote_worker w LEFT JOIN earned ON earned.worker = w.id LEFT JOIN held ON held.worker = w.id
  GROUP BY w.payee`;

const REDIRECTED = `
  SELECT p.payee, p.destination, sum(p.amount_wei) AS paid,
    bool_and(EXISTS (
      SELECT FROM payee_redirect r JOIN payee_wish w ON w.payee = r.payee AND w.nonce = r.nonce
       WHERE r.payee = p.payee AND r.destination = p.destination AND r.refusal IS NULL
         AND r.effective_at <= p.created_at
         AND lower(w.signed -> 'message' ->> 'destination') = p.destination)) AS wished
    FROM payout p WHERE p.state = 'paid' AND p.destination <> p.payee
   GROUP BY p.payee, p.destination`;

const SOURCES = `
  SELECT s.id,
    (SELECT count(*) FROM pool_event e WHERE e.source_id = s.id) AS events,
    (SELECT count(*) FROM set_aside a WHERE a.source_id = s.id AND a.resolved_at IS NULL) AS set_aside
  FROM source s`;

const POOL = `
  SELECT
    coalesce((SELECT sum(amount_wei) FROM ledger_entry WHERE account = 'unattributed'), 0) AS unattributed,
    coalesce((SELECT sum(amount_wei) FROM ledger_entry WHERE account = 'commission'), 0) AS commission,
    (SELECT count(*) FROM payout WHERE state = 'paid') AS paid,
    (SELECT count(*) FROM payout WHERE state = 'refused') AS refused,
    (SELECT count(*) FROM payout WHERE state IN ('reserved', 'signed', 'reopened')) AS open,
    (SELECT count(*) FROM nonce_slot WHERE state <> 'open') AS used_nonces`;

/** Reads everything that is compared from the ledger, in one snapshot. */
export async function readLedger(databaseUrl: string): Promise<Ledger> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'compare' });
  await client.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const payees = await client.query<Record<string, string>>(PAYEES);
    const redirected = await client.query<RedirectedRow>(REDIRECTED);
    const sources = await client.query<Record<string, string>>(SOURCES);
    const pool = (await client.query<Record<string, string>>(POOL)).rows[0] ?? {};
    await client.query('COMMIT');
    const counts = sources.rows.map((row) => ({
      id: row['id'] ?? '',
      events: Number(row['events']),
      setAside: Number(row['set_aside']),
    }));
    return {
      payees: new Map(payees.rows.map((row) => [row['payee'] ?? '', payeeOf(row)])),
      redirected: redirected.rows.map(({ payee, destination, paid, wished }) => ({
        payee,
        destination,
        paidWei: wei(paid),
        isWished: wished,
      })),
      unattributedWei: wei(pool['unattributed']),
      commissionWei: wei(pool['commission']),
      events: counts.reduce((sum, row) => sum + row.events, 0),
      setAside: counts.reduce((sum, row) => sum + row.setAside, 0),
      sources: new Map(counts.map((row) => [row.id, row])),
      payouts: {
        paid: Number(pool['paid']),
        refused: Number(pool['refused']),
        open: Number(pool['open']),
      },
      usedNonces: Number(pool['used_nonces']),
    };
  } finally {
    await client.end();
  }
}

interface RedirectedRow {
  readonly payee: string;
  readonly destination: string;
  readonly paid: string;
  readonly wished: boolean;
}

function payeeOf(row: Readonly<Record<string, string>>): LedgerPayee {
  return {
    netWei: wei(row['net']),
    commissionWei: wei(row['commission']),
    bonusWei: wei(row['bonus']),
    pendingWei: wei(row['pending']),
    reservedWei: wei(row['reserved']),
    paidWei: wei(row['paid']),
  };
}

function wei(text: string | undefined): bigint {
  return BigInt(text ?? '0');
}
