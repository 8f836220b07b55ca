/** The books of a manager. For the product they are read from its tables in plain SQL. */
import pg from 'pg';

/** One event that a manager counted. */
export interface BookedEvent {
  readonly sourceId: string;
  readonly id: string;
  readonly dtMs: number;
  /** The order in which events arrived, and which of them arrived together. */
  readonly seq: number;
  readonly batch: number;
  readonly payload: string;
}

/** The books that the verdict judges. */
export interface Books {
  readonly events: readonly BookedEvent[];
  /** The net amount of each remote worker. */
  readonly owedWei: ReadonlyMap<string, bigint>;
  readonly commissionWei: bigint;
  readonly unattributedWei: bigint;
  /** Who was credited for each processed job, once for each credit. The key is the event. */
  readonly creditedTo: ReadonlyMap<string, readonly string[]>;
  /** What the product keeps in addition to the money. A control keeps none of it. */
  readonly detail: BooksDetail | null;
}

export interface BooksDetail {
  readonly revenueWei: bigint;
  readonly figures: ReadonlyMap<string, string>;
  readonly waiting: ReadonlyMap<string, string>;
  readonly counts: ReadonlyMap<string, string>;
  readonly online: ReadonlyMap<string, ReadonlySet<string>>;
  readonly setAside: readonly SetAsideRow[];
  /** Received halves that were matched to more than one job. */
  readonly boundTwice: readonly string[];
}

export interface SetAsideRow {
  readonly sourceId: string;
  readonly raw: string;
  readonly code: string;
  readonly isOpen: boolean;
}

export function eventKey(sourceId: string, id: string | number, dtMs: number): string {
  return `${sourceId} #${id} ${new Date(dtMs).toISOString().replace('.000Z', 'Z')}`;
}

export async function readBooks(databaseUrl: string): Promise<Books> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const events = await client.query<EventRow>(EVENTS);
    const balances = await client.query<{ account: string; worker: string | null; wei: string }>(
      BALANCES,
    );
    const balanceOf = (account: string) =>
      balances.rows.reduce(
        (sum, row) => sum + (row.account === account ? BigInt(row.wei) : 0n),
        0n,
      );
    const pending = balances.rows.filter(({ account }) => account === 'pending');
    const credits = readCredits(events.rows);
    return {
      events: events.rows.map(toBookedEvent),
      owedWei: new Map(pending.map(({ worker, wei }) => [worker ?? '', BigInt(wei)])),
      commissionWei: balanceOf('commission'),
      unattributedWei: balanceOf('unattributed'),
      creditedTo: credits.creditedTo,
      detail: {
        ...(await readDetail(client)),
        revenueWei: -balanceOf('revenue'),
        boundTwice: credits.boundTwice,
      },
    };
  } finally {
    await client.end();
  }
}

interface EventRow {
  readonly source_id: string;
  readonly event_id: string;
  readonly dt_ms: string;
  readonly seq: string;
  readonly batch: string;
  readonly payload: string;
  readonly gross: string | null;
  readonly worker: string | null;
  readonly match_ms: string | null;
  readonly match_event_id: string | null;
}

const WORKER = `w.payee || '/' || w.node_type || '/' || w.region`;
const EVENTS = `SELECT e.source_id, e.event_id, (extract(epoch FROM e.dt) * 1000)::bigint AS dt_ms,
    e.seq, e.batch, e.payload, e.gross_wei::text AS gross, ${WORKER} AS worker,
    (extract(epoch FROM e.match_dt) * 1000)::bigint AS match_ms, e.match_event_id
  FROM pool_event e LEFT JOIN remote_worker w ON w.id = e.remote_worker_id
  ORDER BY e.source_id, e.seq`;
const BALANCES = `SELECT b.account, ${WORKER} AS worker, b.amount_wei::text AS wei
  FROM balance b LEFT JOIN remote_worker w ON w.id = b.remote_worker_id`;

function toBookedEvent(row: EventRow): BookedEvent {
  return {
    sourceId: row.source_id,
    id: row.event_id,
    dtMs: Number(row.dt_ms),
    seq: Number(row.seq),
    batch: Number(row.batch),
    payload: row.payload,
  };
}

/** A job's worker is named in its own row, or in the row of the received half that came later. */
function readCredits(rows: readonly EventRow[]) {
  const creditedTo = new Map<string, string[]>();
  const binds = new Map<string, number>();
  for (const row of rows) {
    const own = eventKey(row.source_id, row.event_id, Number(row.dt_ms));
    const other =
      row.match_event_id === null
        ? null
        : eventKey(row.source_id, row.match_event_id, Number(row.match_ms));
    const isJob = row.gross !== null;
    if (other !== null) {
      const received = isJob ? other : own;
      binds.set(received, (binds.get(received) ?? 0) + 1);
    }
    const job = isJob ? own : other;
    if (job === null || row.worker === null) continue;
    creditedTo.set(job, [...(creditedTo.get(job) ?? []), row.worker]);
  }
  const boundTwice = [...binds].filter(([, times]) => times > 1).map(([key]) => key);
  return { creditedTo, boundTwice };
}

async function readDetail(client: pg.Client) {
  const figures = await client.query<{ worker: string; figures: string }>(`
    SELECT ${WORKER} AS worker, w.jobs || ' jobs, ' || w.zero_fee_jobs || ' worth nothing, ' ||
      w.compute_units || ' units' AS figures FROM remote_worker w`);
  const waiting = await client.query<{
    source_id: string;
    event_id: string;
    dt_ms: string;
    reason: string;
  }>(`
    SELECT source_id, event_id, (extract(epoch FROM dt) * 1000)::bigint AS dt_ms, reason
      FROM unmatched_job`);
  const counts = await client.query<{ name: string; hour: Date; what: string; counts: string }>(`
    SELECT source_id AS name, hour, event_type || ' v' || version AS what,
      events || ', ' || zero_fee_events || ' of them worth nothing' AS counts FROM event_count`);
  const online = await client.query<{ source_id: string; link: string }>(`
    SELECT c.source_id, w.payee || ' at ' || c.connection AS link
      FROM connection c JOIN remote_worker w ON w.id = c.remote_worker_id
      LEFT JOIN source_reset r ON r.source_id = c.source_id AND r.region = w.region
       AND r.node_type = w.node_type
     WHERE c.up AND (r.source_id IS NULL
        OR (c.changed_dt, c.changed_seq) > (r.reset_dt, r.reset_seq))`);
  const setAside = await client.query<{
    source_id: string;
    raw: string;
    code: string;
    open: boolean;
  }>(`SELECT source_id, raw, code, resolved_at IS NULL AS open FROM set_aside`);
  const links = new Map<string, Set<string>>();
  for (const { source_id, link } of online.rows) {
    links.set(source_id, (links.get(source_id) ?? new Set()).add(link));
  }
  return {
    figures: new Map(figures.rows.map((row) => [row.worker, row.figures])),
    waiting: new Map(
      waiting.rows.map((row) => [
        eventKey(row.source_id, row.event_id, Number(row.dt_ms)),
        row.reason,
      ]),
    ),
    counts: new Map(
      counts.rows.map((row) => [`${row.name} ${row.hour.toISOString()} ${row.what}`, row.counts]),
    ),
    online: links,
    setAside: setAside.rows.map((row) => ({
      sourceId: row.source_id,
      raw: row.raw,
      code: row.code,
      isOpen: row.open,
    })),
  };
}
