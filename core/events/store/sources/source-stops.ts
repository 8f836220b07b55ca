/** Sources that are read no further until a person decides: they give what another source has given. */
import type { PoolClient } from 'pg';
import { PoolError } from '../../../base/errors/pool-error.js';
import { formatEth } from '../../../base/money.js';
import { sqlText } from '../../../db/copy/copy-text.js';
import type { Database } from '../../../db/database.js';
import { isTelling } from '../../rules/read-twice.js';
import { isSamePlace } from '../../rules/source-place.js';
import type { Elsewhere, SharedEvents } from '../ingest/events-elsewhere.js';
import { eventHash, type PreparedEvent } from '../ingest/events-prepared.js';
import type { KnownState } from '../ingest/events-state.js';
import type { SourceRow } from '../ingest/events-statements.js';

/** Which source is to be stopped, for the events of which other one. */
export interface StopOrder {
  readonly sourceId: string;
  readonly otherId: string;
  readonly why: string;
}

/** Ends the batch: nothing of it is stored. */
export class ReadTwice extends PoolError {
  constructor(readonly stop: StopOrder) {
    super('SOURCE_READ_TWICE', stop.why, { source: stop.sourceId, other: stop.otherId });
  }
}

/** So long what was counted twice before may be added up; then it is left to the operator. */
const COUNT_TIMEOUT_MS = 10_000;
/** Larger than anything that is taken off it. */
const FOR_GOOD = '1000000000000';

/** Throws when the source is stopped, or is read from elsewhere by now. */
export function refuseReading(
  own: Pick<SourceRow, 'id' | 'stopped_why' | 'reads_from'>,
  session: { readonly readsFrom?: string },
): void {
  if (own.stopped_why !== null) throw stoppedError(own.id, own.stopped_why);
  const { readsFrom } = session;
  if (readsFrom === undefined || isSamePlace(readsFrom, own.reads_from)) return;
  const message = `source "${own.id}" reads ${own.reads_from} since it was moved, and this worker still reads ${readsFrom}: restart it with the configuration of now`;
  throw new PoolError('SOURCE_MOVED', message, { source: own.id });
}

export function stoppedError(sourceId: string, why: string): PoolError {
  return new PoolError('SOURCE_READ_TWICE', `stopped: ${why}`, { source: sourceId });
}

/** Throws ReadTwice when the reader is the one to stop; else tells which others are. */
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

/** What was set aside comes again with the next deep pass: whoever set it aside stays watched. */
export function watchStatements(ownId: string, { counted, same }: Elsewhere): readonly string[] {
  const ids = [...new Set(counted.values())].filter((id) => !same.has(id));
  if (ids.length === 0) return [];
  return [`UPDATE source SET watch_left = ${FOR_GOOD} WHERE id = ${sqlText(ownId)}`];
}

/**
 * Whether a moved source shows by this batch that it is the same orchestrator: it knows an event that counts.
 * Throws SOURCE_MOVE_UNPROVEN when it has something new to say before that.
 */
export function isMoveProven(
  { own, hashes, newestMs }: KnownState,
  events: readonly PreparedEvent[],
  news: number,
): boolean {
  if (!own.move_unproven) return false;
  const knows = ([i, hash]: readonly [number, string]): boolean => {
    const prepared = events[i];
    return prepared !== undefined && isTelling(prepared.content) && eventHash(prepared) === hash;
  };
  // Nothing was ever stored: there is nothing to know.
  if (newestMs === Number.NEGATIVE_INFINITY || [...hashes].some(knows)) return true;
  if (news === 0) return false;
  const message = `source "${own.id}" was moved to ${own.reads_from}, which says new things and does not have the last jobs that were counted, up to ${new Date(newestMs).toISOString()}`;
  throw new PoolError('SOURCE_MOVE_UNPROVEN', message, { source: own.id });
}

export function provenStatement(sourceId: string): string {
  return `UPDATE source SET move_unproven = false WHERE id = ${sqlText(sourceId)}`;
}

/** Stops the source whose batch was refused. */
export async function stopReader({ $client }: Database, order: StopOrder): Promise<void> {
  const client = await $client.connect();
  try {
    await stopSources(client, [order]);
  } finally {
    client.release();
  }
}

/** Stops sources, and says what had been counted under both before anybody noticed. */
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
    const row = (answers as readonly { readonly rows: readonly CountRow[] }[])[2]?.rows[0];
    if (row === undefined || row.jobs === '0') return 'Nothing was credited twice.';
    const gross = formatEth(BigInt(row.gross));
    return `${row.jobs} jobs worth ${gross} ETH were credited under both before: take them back with \`openpool adjust\`, as \`openpool source twice ${sourceId} ${otherId}\` lists them.`;
  } catch {
    await client.query('ROLLBACK').catch(() => undefined);
    return `What was credited under both before could not be added up: see \`openpool source twice ${sourceId} ${otherId}\`.`;
  }
}

interface CountRow {
  readonly jobs: string;
  readonly gross: string;
}
