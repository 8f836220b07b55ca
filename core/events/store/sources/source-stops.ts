/** Stops sources that give the events of another source. A stopped source is not read until a person decides. */
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import { PoolError } from '../../../base/errors/pool-error.js';
import { formatEth } from '../../../base/money.js';
import type { NodeType } from '../../../base/remote-worker.js';
import { sqlText } from '../../../db/copy/copy-text.js';
import type { Database, Reader } from '../../../db/database.js';
import { orNull, rows } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import { isTelling } from '../../rules/read-twice.js';
import { isSamePlace } from '../../rules/source-place.js';
import type { KnownState, SourceRow } from '../ingest/known-events.js';
import { eventHash, type PreparedEvent } from '../ingest/prepared-events.js';
import { source } from '../tables.js';
import { requireKnownSource } from './source-reads.js';

/** An order to stop a source (`sourceId`), because it gives the events of another one (`otherId`). */
export interface StopOrder {
  readonly sourceId: string;
  readonly otherId: string;
  readonly why: string;
}

/** Thrown to end a batch whose source is to be stopped. Nothing of the batch is stored. */
export class ReadTwice extends PoolError {
  constructor(readonly stop: StopOrder) {
    super('SOURCE_READ_TWICE', stop.why, { source: stop.sourceId, other: stop.otherId });
  }
}

/** A value of `watch_left` that is never used up, so the source stays watched. */
export const WATCH_FOR_GOOD = 1_000_000_000_000;

/** Throws SOURCE_READ_TWICE when the source is stopped, and SOURCE_MOVED when it was moved to another place meanwhile. */
export function refuseReading(
  own: Pick<SourceRow, 'id' | 'stoppedWhy' | 'readsFrom'>,
  { readsFrom }: { readonly readsFrom?: string },
): void {
  if (own.stoppedWhy !== null) {
    throw new PoolError('SOURCE_READ_TWICE', `stopped: ${own.stoppedWhy}`, { source: own.id });
  }
  if (readsFrom === undefined || isSamePlace(readsFrom, own.readsFrom)) return;
  const message = `source "${own.id}" reads ${own.readsFrom} since it was moved, and this worker still reads ${readsFrom}: restart it with the configuration of now`;
  throw new PoolError('SOURCE_MOVED', message, { source: own.id });
}

/**
 * Tells whether this batch proves that a moved source is still the same orchestrator: it has an event that counts
 * already. Throws SOURCE_MOVE_UNPROVEN when it gives something new before that.
 */
export function isMoveProven(
  { own, hashes }: KnownState,
  events: readonly PreparedEvent[],
  news: number,
): boolean {
  if (!own.moveUnproven) return false;
  const { newestMs } = own;
  const knows = ([i, hash]: readonly [number, string]): boolean => {
    const prepared = events[i];
    return prepared !== undefined && isTelling(prepared.content) && eventHash(prepared) === hash;
  };
  // If nothing was ever stored, there is nothing that the source would have to know.
  if (newestMs === Number.NEGATIVE_INFINITY || [...hashes].some(knows)) return true;
  if (news === 0) return false;
  const message = `source "${own.id}" was moved to ${own.readsFrom}, which says new things and does not have the last jobs that were counted, up to ${new Date(newestMs).toISOString()}`;
  throw new PoolError('SOURCE_MOVE_UNPROVEN', message, { source: own.id });
}

export function provenStatement(sourceId: string): string {
  return `UPDATE source SET move_unproven = false WHERE id = ${sqlText(sourceId)}`;
}

/** Stops sources, and records with each how much was credited under both sources before anybody noticed. */
export async function stopSources(db: Database, orders: readonly StopOrder[]): Promise<void> {
  for (const { sourceId, otherId, why } of orders) {
    const stoppedWhy = `${why}. ${await countTwice(db, sourceId, otherId)}`;
    await db
      .update(source)
      .set({ stoppedAt: sql`now()`, stoppedWhy, watchLeft: WATCH_FOR_GOOD })
      .where(and(eq(source.id, sourceId), isNull(source.stoppedAt)));
  }
}

async function countTwice(db: Database, sourceId: string, otherId: string): Promise<string> {
  const command = `openpool source twice ${sourceId} ${otherId}`;
  try {
    const [twice] = await transact(db, async (tx) => {
      // After this time adding them up is left to the operator.
      await tx.execute(sql`SET LOCAL statement_timeout = '10s'`);
      const sums = sql`SELECT count(*) AS jobs, coalesce(sum(gross_wei), 0) AS "grossWei"
                         FROM (${jobsOfBoth(sourceId, otherId)}) twice`;
      return rows(tx, { jobs: Number, grossWei: BigInt }, sums);
    });
    if (twice === undefined || twice.jobs === 0) return 'Nothing was credited twice.';
    return `${twice.jobs} jobs worth ${formatEth(twice.grossWei)} ETH were credited under both before: take them back with \`openpool adjust\`, as \`${command}\` lists them.`;
  } catch {
    return `What was credited under both before could not be added up: see \`${command}\`.`;
  }
}

/** Selects the jobs of one source that the other source has as well: with the same time, id and text. */
const jobsOfBoth = (sourceId: string, otherId: string) => sql`
  SELECT p.* FROM pool_event p CROSS JOIN LATERAL (
      SELECT FROM pool_event o WHERE o.source_id = ${otherId} AND o.dt = p.dt
         AND o.event_id = p.event_id AND o.event_type = p.event_type
         AND o.payload = p.payload OFFSET 0) o
   WHERE p.source_id = ${sourceId} AND p.gross_wei IS NOT NULL`;

/**
 * Reads what the first source credited for jobs that the other one has as well, by remote worker; `netWei` is to be
 * taken back. It reads all raw events of the source, but no archived months.
 */
export async function readCreditedTwice(db: Reader, sourceId: string, otherId: string) {
  await requireKnownSource(db, sourceId);
  await requireKnownSource(db, otherId);
  return rows(
    db,
    {
      payee: orNull((text: Address) => text),
      nodeType: orNull((text: NodeType) => text),
      region: orNull(String),
      jobs: Number,
      grossWei: BigInt,
      netWei: BigInt,
    },
    sql`WITH twice AS (${jobsOfBoth(sourceId, otherId)}),
      -- If the received half came after its job, the worker is on its row.
      late AS (
        SELECT match_dt, match_event_id, remote_worker_id, rate_id FROM pool_event
         WHERE source_id = ${sourceId} AND gross_wei IS NULL AND match_event_id IS NOT NULL)
      SELECT w.payee, w.node_type AS "nodeType", w.region, count(*) AS jobs,
             sum(t.gross_wei) AS "grossWei",
             -- Where no worker is known, nobody was credited and there is nothing to take back.
             CASE WHEN w.payee IS NULL THEN 0 ELSE sum(t.gross_wei - coalesce(t.commission_wei, commission_of(
               t.gross_wei, coalesce(rate.commission_bps, terms.commission_bps), terms.rounding))) END AS "netWei"
        FROM twice t
        LEFT JOIN late ON late.match_dt = t.dt AND late.match_event_id = t.event_id
        LEFT JOIN terms ON terms.id = t.terms_id
        LEFT JOIN worker_rate rate ON rate.id = late.rate_id
        LEFT JOIN remote_worker w ON w.id = coalesce(t.remote_worker_id, late.remote_worker_id)
       GROUP BY 1, 2, 3 ORDER BY sum(t.gross_wei) DESC, 1, 2, 3`,
  );
}
