/**
 * Computes every balance that follows from jobs again, from the raw events, the dated terms and the stored matches, and
 * compares it with the ledger. Both are read in one snapshot, so events that come meanwhile are in neither.
 */
import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import { UTC_TIMES } from '../../events/store/raw-rows.js';
import { withHistoryLock } from '../archive/history-lock.js';
import type { RebuildFinding } from '../rules/rebuild-tally.js';
import { type Comparison, compareWithLedger } from './comparison.js';
import { type ApplyOrder, type ApplyResult, applyCorrections } from './corrections.js';
import { countDifferences, findingsOf } from './difference-words.js';
import { HistoryReading, type ReadingOptions } from './history-reading.js';
import { keepRebuild, nextRebuildId, type RebuildRecord } from './rebuild-records.js';
import { RebuildScratch } from './scratch-schema.js';

export interface RebuildOrder extends ReadingOptions {
  /** Who asked for the rebuild; it is recorded with the outcome. */
  readonly actor: string;
  /** How to correct what differs; null: only compare. */
  readonly apply: ApplyOrder | null;
  /** Keeps the scratch schema, for a person who wants to inspect it. */
  readonly keep: boolean;
}

export interface RebuildResult extends RebuildRecord {
  readonly id: string;
  /** How many rows were corrected; null: nothing was corrected. */
  readonly corrections: Omit<ApplyResult, 'left'> | null;
  /** Name of the scratch schema if it was kept, else null. */
  readonly schema: string | null;
}

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
  return withHistoryLock(db, (client) => rebuild(client, order));
}

async function rebuild(client: PoolClient, order: RebuildOrder): Promise<RebuildResult> {
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
  const applied = applying
    ? await correct({ client, schema, rebuildId: id, found, reading, order: apply, isKept })
    : null;
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
  await keepRebuild(client, id, record);
  return { ...record, id, corrections: applied, schema: isKept ? schema : null };
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

interface Correction {
  readonly client: PoolClient;
  readonly schema: string;
  readonly rebuildId: string;
  readonly found: Comparison;
  readonly reading: HistoryReading;
  readonly order: ApplyOrder;
  readonly isKept: boolean;
}

async function correct(correction: Correction): Promise<ApplyResult> {
  const { client, reading, isKept, ...rest } = correction;
  const { names, unknown } = reading;
  const applied = await applyCorrections(client, { ...rest, names, unknown });
  if (!isKept) await client.query(`DROP SCHEMA ${rest.schema} CASCADE`);
  return applied;
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
