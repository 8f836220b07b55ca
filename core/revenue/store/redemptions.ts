/** Keeps the transactions of which events say that they redeemed tickets, and what the chain showed of them. */
import { ne, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { KNOWN_VERSION } from '../../events/rules/reading/event-type.js';
import { storedFields } from '../../events/rules/reading/stored-event.js';
import { setting } from '../../ledger/store/tables.js';
import { LATE_DAYS } from '../rules/periods.js';
import { readTicketClaim, TICKET_REDEEMED, type TicketClaim } from '../rules/redemptions.js';
import { redemption } from './tables.js';

const EVENTS_AT_ONCE = 1_000;

/** Takes down the events that tell of redemptions and are not taken down yet. Returns how many there were. */
export async function takeDownTickets(
  db: Database,
  onProgress: () => void = () => undefined,
): Promise<number> {
  let taken = 0;
  let after = { dt: '-infinity', sourceId: '', eventId: '' };
  for (;;) {
    const events = await rows(
      db,
      { sourceId: String, dt: String, eventId: String, payload: String },
      sql`SELECT e.source_id AS "sourceId", e.dt::text AS dt, e.event_id AS "eventId", e.payload FROM pool_event e
           WHERE e.event_type = 'ticket-redeemed' AND e.version <= ${KNOWN_VERSION}
             AND (e.dt, e.source_id, e.event_id) > (${after.dt}::timestamptz, ${after.sourceId}, ${after.eventId})
             AND NOT EXISTS (SELECT FROM ticket_event t
                   WHERE t.source_id = e.source_id AND t.dt = e.dt AND t.event_id = e.event_id)
           ORDER BY e.dt, e.source_id, e.event_id LIMIT ${EVENTS_AT_ONCE}`,
    );
    const last = events.at(-1);
    if (last === undefined) return taken;
    after = last;
    await takeDown(
      db,
      events.map((event) => ({ ...event, claim: claimOf(event.payload) })),
    );
    taken += events.length;
    onProgress();
  }
}

/** An event that says nothing readable is kept as one that claims nothing. */
function claimOf(payload: string): TicketClaim {
  const nothing: TicketClaim = { txHash: null, faceValueWei: null };
  try {
    const fields = storedFields({ eventType: TICKET_REDEEMED, payload });
    return typeof fields === 'string' ? nothing : readTicketClaim(fields);
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    throw error;
  }
}

async function takeDown(
  db: Database,
  events: readonly {
    readonly sourceId: string;
    readonly dt: string;
    readonly eventId: string;
    readonly claim: TicketClaim;
  }[],
): Promise<void> {
  const given = sql`unnest(${list(events.map(({ sourceId }) => sourceId))}::text[],
      ${list(events.map(({ dt }) => dt))}::timestamptz[], ${list(events.map(({ eventId }) => eventId))}::text[],
      ${list(events.map(({ claim }) => claim.txHash))}::text[],
      ${list(events.map(({ claim }) => claim.faceValueWei?.toString() ?? null))}::numeric[])
      AS given (source_id, dt, event_id, tx_hash, face_value_wei)`;
  await transact(db, async (tx) => {
    await tx.execute(sql`INSERT INTO ticket_event SELECT * FROM ${given} ON CONFLICT DO NOTHING`);
    await tx.execute(sql`
      INSERT INTO redemption (tx_hash, told_at) SELECT tx_hash, min(dt) FROM ${given}
       WHERE tx_hash IS NOT NULL GROUP BY 1 ORDER BY 1 ON CONFLICT DO NOTHING`);
  });
}

/** Lists hashes that are not settled, those first that were asked about longest ago, and notes that they are asked about now. */
export async function takeOpenRedemptions(
  reader: Reader,
  { limit, askedBefore }: { readonly limit: number; readonly askedBefore: Date },
): Promise<readonly string[]> {
  const found = await rows(
    reader,
    { txHash: redemption.txHash },
    sql`UPDATE redemption SET asked_at = now() WHERE tx_hash IN (
          SELECT tx_hash FROM redemption
           WHERE state = 'open' AND (asked_at IS NULL OR asked_at < ${askedBefore.toISOString()}::timestamptz)
             AND told_at > now() - make_interval(days => ${LATE_DAYS})
           ORDER BY asked_at NULLS FIRST, tx_hash LIMIT ${limit})
        RETURNING tx_hash AS "txHash"`,
  );
  return found.map(({ txHash }) => txHash);
}

/** Asks again about what brought nothing to the accounts that were named before, once others are. */
export async function reopenForOthers(db: Database, named: string): Promise<void> {
  await transact(db, async (tx) => {
    const [changed] = await tx
      .insert(setting)
      .values({ key: NAMED, value: named })
      .onConflictDoUpdate({
        target: setting.key,
        set: { value: named, changedAt: sql`now()` },
        setWhere: ne(setting.value, named),
      })
      .returning({ key: setting.key });
    if (changed === undefined) return;
    await tx.execute(sql`
      UPDATE redemption SET state = 'open', block_number = NULL, block_at = NULL, asked_at = NULL
       WHERE state = 'nothing' AND told_at > now() - make_interval(days => ${LATE_DAYS})`);
  });
}

/** The setting that keeps for which accounts redemptions were looked at last. */
const NAMED = 'revenue.recipients';

/** A redemption as the chain has settled it. */
export interface SettledRedemption {
  readonly txHash: string;
  /** Zero: it reverted, or brought the pool nothing. */
  readonly amountWei: bigint;
  readonly blockNumber: number;
  readonly blockAtMs: number;
}

export async function settleRedemptions(
  db: Database,
  settled: readonly SettledRedemption[],
): Promise<void> {
  if (settled.length === 0) return;
  await db.execute(sql`
    UPDATE redemption r SET amount_wei = given.wei, block_number = given.block, block_at = to_timestamp(given.at / 1000.0),
           state = CASE WHEN given.wei > 0 THEN 'redeemed' ELSE 'nothing' END
      FROM unnest(${list(settled.map(({ txHash }) => txHash))}::text[],
             ${list(settled.map(({ amountWei }) => amountWei.toString()))}::numeric[],
             ${list(settled.map(({ blockNumber }) => blockNumber))}::bigint[],
             ${list(settled.map(({ blockAtMs }) => blockAtMs))}::bigint[]) AS given (hash, wei, block, at)
     WHERE r.tx_hash = given.hash AND r.state = 'open'`);
}
