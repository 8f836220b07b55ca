/** Stops sources that give the events of another source. A stopped source is not read until a person decides. */
import type { PoolClient } from 'pg';
import { PoolError } from '../../../base/errors/pool-error.js';
import { formatEth } from '../../../base/money.js';
import { sqlText } from '../../../db/copy/copy-text.js';
import type { Database } from '../../../db/database.js';
import { isTelling } from '../../rules/read-twice.js';
import { isSamePlace } from '../../rules/source-place.js';
import type { Elsewhere, SharedEvents } from '../ingest/counted-elsewhere.js';
import type { KnownState, SourceRow } from '../ingest/known-events.js';
import { eventHash, type PreparedEvent } from '../ingest/prepared-events.js';

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

/** The limit, in milliseconds, for adding up what was counted twice. After that it is left to the operator. */
const COUNT_TIMEOUT_MS = 10_000;
/** A value of `watch_left` that is never used up, so the source stays watched. */
const FOR_GOOD = '1000000000000';

/**
 * Throws SOURCE_READ_TWICE when the source is stopped, and SOURCE_MOVED when it was moved to another place meanwhile.
 */
export function refuseReading(
  own: Pick<SourceRow, 'id' | 'stoppedWhy' | 'readsFrom'>,
  session: { readonly readsFrom?: string },
): void {
  if (own.stoppedWhy !== null) throw stoppedError(own.id, own.stoppedWhy);
  const { readsFrom } = session;
  if (readsFrom === undefined || isSamePlace(readsFrom, own.readsFrom)) return;
  const message = `source "${own.id}" reads ${own.readsFrom} since it was moved, and this worker still reads ${readsFrom}: restart it with the configuration of now`;
  throw new PoolError('SOURCE_MOVED', message, { source: own.id });
}

export function stoppedError(sourceId: string, why: string): PoolError {
  return new PoolError('SOURCE_READ_TWICE', `stopped: ${why}`, { source: sourceId });
}

/** Throws ReadTwice when the reader itself is to be stopped. Otherwise returns which others are to be stopped. */
export function judgeShared(
  { findings }: Elsewhere,
  { own, readerId }: { readonly own: SourceRow; readonly readerId: string },
): readonly StopOrder[] {
  const orders = findings.map((found) => ({ found, order: orderOf(found, own, readerId) }));
  const mine = orders.find(({ found }) => found.stop === 'reader');
  if (mine !== undefined) throw new ReadTwice(mine.order);
  return orders.map(({ order }) => order);
}

function orderOf(found: SharedEvents, own: SourceRow, readerId: string): StopOrder {
  const { stop, holder, events, example } = found;
  const { eventId, dtMs, eventType } = example;
  const [sourceId, otherId] = stop === 'reader' ? [readerId, holder.id] : [holder.id, own.id];
  const when = new Date(dtMs).toISOString().replace('.000Z', 'Z');
  const what = `at least ${events} events have the same time, ID and text, such as ${eventType} ${eventId} of ${when}`;
  return {
    sourceId,
    otherId,
    why: `source "${sourceId}" gives the events of source "${otherId}": ${what}`,
  };
}

/**
 * Keeps a source watched when it had to set events aside because another source has them: its next deep pass brings
 * them again.
 */
export function watchStatements(ownId: string, { counted, same }: Elsewhere): readonly string[] {
  const ids = [...new Set(counted.values())].filter((id) => !same.has(id));
  if (ids.length === 0) return [];
  return [`UPDATE source SET watch_left = ${FOR_GOOD} WHERE id = ${sqlText(ownId)}`];
}

/**
 * Tells whether this batch proves that a moved source is still the same orchestrator, because it has an event that
 * counts already. Throws SOURCE_MOVE_UNPROVEN when the source gives something new before that.
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

/** Stops the source whose batch ended with ReadTwice. */
export async function stopReader({ $client }: Database, order: StopOrder): Promise<void> {
  const client = await $client.connect();
  try {
    await stopSources(client, [order]);
  } finally {
    client.release();
  }
}

/** Stops sources, and records with each how much was credited under both sources before anybody noticed. */
export async function stopSources(client: PoolClient, orders: readonly StopOrder[]): Promise<void> {
  for (const { sourceId, otherId, why } of orders) {
    const before = await countTwice(client, sourceId, otherId);
    await client.query(
      `UPDATE source SET stopped_at = now(), stopped_why = $2, watch_left = ${FOR_GOOD}
        WHERE id = $1 AND stopped_at IS NULL`,
      [sourceId, `${why}. ${before}`],
    );
  }
}

async function countTwice(client: PoolClient, sourceId: string, otherId: string): Promise<string> {
  const jobs = `SELECT count(*) AS jobs, coalesce(sum(p.gross_wei), 0) AS gross
      FROM pool_event p CROSS JOIN LATERAL (
        SELECT FROM pool_event o WHERE o.source_id = ${sqlText(otherId)} AND o.dt = p.dt
           AND o.event_id = p.event_id AND o.event_type = p.event_type AND o.payload = p.payload
         OFFSET 0) o
     WHERE p.source_id = ${sqlText(sourceId)} AND p.gross_wei IS NOT NULL`;
  try {
    const answers: unknown = await client.query(
      `BEGIN; SET LOCAL statement_timeout = ${COUNT_TIMEOUT_MS}; ${jobs}; COMMIT`,
    );
    const row = (
      answers as readonly { readonly rows: readonly { jobs: string; gross: string }[] }[]
    )[2]?.rows[0];
    if (row === undefined || row.jobs === '0') return 'Nothing was credited twice.';
    const gross = formatEth(BigInt(row.gross));
    return `${row.jobs} jobs worth ${gross} ETH were credited under both before: take them back with \`openpool adjust\`, as \`openpool source twice ${sourceId} ${otherId}\` lists them.`;
  } catch {
    await client.query('ROLLBACK').catch(() => undefined);
    return `What was credited under both before could not be added up: see \`openpool source twice ${sourceId} ${otherId}\`.`;
  }
}
