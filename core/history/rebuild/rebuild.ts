/**
 * Computes every balance that follows from jobs again, from the raw events, the dated terms and the stored matches, and
 * compares it with the ledger. Both are read in one snapshot, so events that come meanwhile are in neither.
 */
import { randomBytes } from 'node:crypto';
import { desc, getTableColumns, sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { type Database, onConnection, type Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { UTC_TIMES } from '../../events/store/raw-rows.js';
import { withHistoryLock } from '../archive/history-lock.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import type { RebuildReport } from '../rules/reports.js';
import { rebuild } from '../tables.js';
import { type Comparison, compareWithLedger } from './comparison.js';
import { type ApplyOrder, type ApplyResult, applyCorrections } from './corrections.js';
import { countDifferences, findingsOf } from './difference-words.js';
import { HistoryReading, type ReadingOptions } from './history-reading.js';
import { RebuildScratch } from './scratch-schema.js';

export interface RebuildOrder extends ReadingOptions {
  /** Who asked for the rebuild; it is recorded with the outcome. */
  readonly actor: string;
  /** How to correct what differs; null: only compare. */
  readonly apply: ApplyOrder | null;
  /** Keeps the scratch schema, for a person who wants to inspect it. */
  readonly keep: boolean;
}

/** The outcome of a rebuild. `findings` holds the first ones of each kind; `findingsTotal` counts all of them. */
export type RebuildRecord = Readonly<Omit<typeof rebuild.$inferSelect, 'id' | 'createdAt'>>;
type RebuildResult = RebuildReport & RebuildRecord;

const SCRATCH = 'rebuild_scratch_';
const KEPT = 'kept';
/**
 * Memory that Postgres may use for each join of the rebuild. The halves of AI jobs fit into it in one large join; more goes
 * to disk.
 */
const WORK_MEMORY = '64MB';

/**
 * Computes the balances again, compares them with the ledger, and corrects the ledger if `apply` says so. Throws
 * HISTORY_BUSY while another rebuild, archive run or restore runs.
 */
export async function rebuildBalances(db: Database, order: RebuildOrder): Promise<RebuildResult> {
  return withHistoryLock(db, (client) => run(client, order));
}

async function run(client: PoolClient, order: RebuildOrder): Promise<RebuildResult> {
  const startedAt = Date.now();
  await dropLeftovers(client);
  const id = await nextRebuildId(client);
  const schema = `${SCRATCH}${randomBytes(4).toString('hex')}`;
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; ${UTC_TIMES};
    SET LOCAL work_mem = '${WORK_MEMORY}'`);
  const scratch = new RebuildScratch(client, schema);
  await scratch.create();
  const reading = new HistoryReading(client, scratch, order);
  await reading.run();
  const found = reading.damage.length > 0 ? undefined : await compare(client, scratch, order);
  const { apply } = order;
  const applying = apply !== null && found !== undefined && isSound(found, reading);
  const isKept = order.keep && found !== undefined;
  if (isKept) await client.query(`COMMENT ON SCHEMA ${schema} IS '${KEPT}'`);
  await client.query(isKept || applying ? 'COMMIT' : 'ROLLBACK');
  const { names, unknown } = reading;
  const correcting = { rebuildId: id, schema, names, unknown };
  const applied = applying
    ? await applyCorrections(client, { ...correcting, found, order: apply })
    : null;
  if (applying && !isKept) await client.query(`DROP SCHEMA ${schema} CASCADE`);
  const outcome = judge(reading, { found, applied, wanted: apply !== null });
  const record = {
    events: reading.events,
    archivedEvents: reading.archivedEvents,
    tookMs: Date.now() - startedAt,
    ...outcome,
    applied: applied !== null,
    actor: order.actor,
    reason: apply?.reason ?? null,
  };
  const row = { ...record, id: Number(id) };
  await onConnection(client).insert(rebuild).overridingSystemValue().values(row);
  const corrections = applied?.written ?? null;
  return { ...record, id, corrections, schema: isKept ? schema : null };
}

async function compare(
  client: PoolClient,
  scratch: RebuildScratch,
  { onProgress }: RebuildOrder,
): Promise<Comparison> {
  onProgress('matching the halves of AI jobs');
  await scratch.finish();
  onProgress('comparing with the ledger');
  return compareWithLedger(client, scratch.schema);
}

/**
 * Whether the ledger may be corrected from this comparison. An event that cannot be read and a lost match have earned
 * something, too: corrections would take that money from somebody.
 */
function isSound(found: Comparison, { unreadableTotal }: HistoryReading): boolean {
  return unreadableTotal === 0 && found.lostMatches.length === 0;
}

function judge(
  reading: HistoryReading,
  outcome: {
    readonly found: Comparison | undefined;
    readonly applied: ApplyResult | null;
    readonly wanted: boolean;
  },
): Pick<RebuildRecord, 'ok' | 'findings' | 'findingsTotal'> {
  const { found, applied, wanted } = outcome;
  const { damage, unreadable, unreadableTotal, names } = reading;
  const differences = found === undefined ? 0 : countDifferences(found);
  const archivedRows = found?.archivedRows ?? 0;
  const left: readonly RebuildFinding[] =
    wanted && applied === null && damage.length + unreadableTotal + differences > 0
      ? [
          {
            code: 'CORRECTION_LEFT',
            message: 'nothing was corrected: see what is lost or cannot be read first',
          },
        ]
      : (applied?.left ?? []);
  const findings = [
    ...damage,
    ...unreadable,
    ...(found === undefined ? [] : findingsOf(found, names)),
    ...left,
  ];
  const total = damage.length + unreadableTotal + differences + left.length;
  const isMended = applied !== null && left.length + archivedRows === 0;
  return { ok: total === 0 || isMended, findings, findingsTotal: total };
}

/** Drops the scratch schemas of rebuilds that were killed between reading and correcting. */
async function dropLeftovers(client: PoolClient): Promise<void> {
  const { rows } = await client.query(
    `SELECT nspname AS name FROM pg_namespace
      WHERE starts_with(nspname, $1) AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM $2`,
    [SCRATCH, KEPT],
  );
  for (const { name } of rows) await client.query(`DROP SCHEMA ${name} CASCADE`);
}

/** Reserves the id of the next rebuild, because the audit log names it before its record is written. */
async function nextRebuildId(client: PoolClient): Promise<string> {
  const statement = sql`SELECT nextval(pg_get_serial_sequence('rebuild', 'id')) AS id`;
  const [next] = await rows(onConnection(client), { id: String }, statement);
  return next?.id ?? '';
}

/** Lists the recorded rebuilds, the newest first. */
export async function listRebuilds(db: Reader, limit: number) {
  const { id, createdAt, ...recorded } = getTableColumns(rebuild);
  return db
    .select({ id: sql<string>`${id}`.mapWith(String), at: createdAt, ...recorded })
    .from(rebuild)
    .orderBy(desc(id))
    .limit(limit);
}
