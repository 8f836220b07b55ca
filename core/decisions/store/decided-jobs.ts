/** What became of jobs that no longer wait: what a repeated or a contradicting command meets. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Assignee } from '../rules/job-decision.js';
import { formatJobHandle, type JobKey } from '../rules/job-handle.js';
import { keyRows } from './job-keys.js';

interface FateRow {
  readonly source_id: string;
  readonly dt: string;
  readonly event_id: string;
  readonly is_job: boolean;
  readonly decision: 'assign' | 'absorb' | null;
  readonly command_id: string | null;
  readonly decided_at: string | null;
  readonly reason: string | null;
  readonly payee: Address | null;
  readonly node_type: NodeType | null;
  readonly region: string | null;
}

/**
 * How many of these jobs, which no longer wait, another command decided about in the same way. Throws
 * for the first one that was decided otherwise, was credited to its own worker, or never was.
 */
export async function countDecidedAlike(
  reader: Reader,
  keys: readonly JobKey[],
  now: { readonly assignee: Assignee | null; readonly commandId: string },
): Promise<number> {
  if (keys.length === 0) return 0;
  const rows = await query<FateRow>(
    reader,
    sql`SELECT k.source_id, k.dt, k.event_id, e.gross_wei IS NOT NULL AS is_job,
               d.decision, d.command_id, d.decided_at, d.reason, w.payee, w.node_type, w.region
          FROM ${keyRows(keys)}
          LEFT JOIN pool_event e
            ON e.source_id = k.source_id AND e.dt = k.dt AND e.event_id = k.event_id
          LEFT JOIN decided_job d
            ON d.source_id = k.source_id AND d.dt = k.dt AND d.event_id = k.event_id
          LEFT JOIN remote_worker w ON w.id = d.remote_worker_id`,
  );
  for (const row of rows) refuseOther(row, now.assignee);
  return rows.filter((row) => row.command_id !== now.commandId).length;
}

function refuseOther(row: FateRow, assignee: Assignee | null): void {
  const key = { sourceId: row.source_id, dtMs: Date.parse(row.dt), eventId: row.event_id };
  const job = formatJobHandle(key);
  if (row.decision === null) {
    if (!row.is_job) throw new PoolError('JOB_NOT_FOUND', `there is no job ${job}`, { job });
    const words = `${job} was credited to the worker that its received half names`;
    throw new PoolError('JOB_ALREADY_CREDITED', words, { job });
  }
  if (isAlike(row, assignee)) return;
  const what =
    row.decision === 'absorb'
      ? 'absorbed by the pool'
      : `assigned to ${row.payee} (${row.node_type}, ${row.region})`;
  const at = row.decided_at === null ? '' : ` at ${new Date(row.decided_at).toISOString()}`;
  const words = `${job} was ${what}${at}: ${row.reason}`;
  throw new PoolError('JOB_ALREADY_DECIDED', words, { job });
}

function isAlike(row: FateRow, assignee: Assignee | null): boolean {
  if (assignee === null) return row.decision === 'absorb';
  const { payee, nodeType, region } = assignee;
  return (
    row.payee === payee &&
    (nodeType === null || nodeType === row.node_type) &&
    (region === null || region === row.region)
  );
}

/** What one run has decided so far, whichever of its attempts it was. */
export interface CommandTotals {
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  readonly shown: readonly CommandJob[];
}

export interface CommandJob {
  readonly job: string;
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  readonly payee: Address | null;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
}

/** Its sums, and the first of its jobs. */
export async function readCommand(
  reader: Reader,
  commandId: string,
  limit: number,
): Promise<CommandTotals> {
  const [sums] = await query<{ jobs: number; gross: string; commission: string }>(
    reader,
    sql`SELECT count(*)::int AS jobs, coalesce(sum(gross_wei), 0) AS gross,
               coalesce(sum(commission_wei), 0) AS commission
          FROM decided_job WHERE command_id = ${commandId}`,
  );
  const rows = await query<{
    source_id: string;
    dt: string;
    event_id: string;
    gross_wei: string;
    commission_wei: string;
    payee: Address | null;
    node_type: NodeType | null;
    region: string | null;
  }>(
    reader,
    sql`SELECT d.source_id, d.dt, d.event_id, d.gross_wei, d.commission_wei,
               w.payee, w.node_type, w.region
          FROM decided_job d LEFT JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE d.command_id = ${commandId} ORDER BY d.dt, d.source_id, d.event_id LIMIT ${limit}`,
  );
  const shown = rows.map((row) => ({
    job: formatJobHandle({
      ...{ sourceId: row.source_id, dtMs: Date.parse(row.dt), eventId: row.event_id },
    }),
    grossWei: BigInt(row.gross_wei),
    commissionWei: BigInt(row.commission_wei),
    payee: row.payee,
    nodeType: row.node_type,
    region: row.region,
  }));
  return {
    jobs: sums?.jobs ?? 0,
    grossWei: BigInt(sums?.gross ?? 0),
    commissionWei: BigInt(sums?.commission ?? 0),
    shown,
  };
}
