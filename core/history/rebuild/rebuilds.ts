/** What rebuilds came to, kept for whoever asks later. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Reader } from '../../db/database.js';
import { toDate } from '../../db/paging.js';
import { query } from '../../db/query.js';
import type { RebuildFinding } from '../rules/rebuild.js';

export interface RebuildRecord {
  /** Raw events read, those in files included. */
  readonly events: number;
  readonly archivedEvents: number;
  readonly tookMs: number;
  /** Nothing differs, or everything was corrected. */
  readonly ok: boolean;
  /** The first of each kind. */
  readonly findings: readonly RebuildFinding[];
  readonly findingsTotal: number;
  readonly applied: boolean;
  readonly actor: string;
  readonly reason: string | null;
}

/** The number of the next rebuild. */
export async function nextRebuildId(client: PoolClient): Promise<string> {
  const { rows } = await client.query(
    `SELECT nextval(pg_get_serial_sequence('rebuild', 'id')) AS id`,
  );
  return rows[0]?.id;
}

export async function keepRebuild(
  client: PoolClient,
  id: string,
  record: RebuildRecord,
): Promise<void> {
  const { events, archivedEvents, tookMs, ok, findings, findingsTotal, applied } = record;
  await client.query(
    `INSERT INTO rebuild (id, events, archived_events, took_ms, ok, findings, findings_total, applied,
       actor, reason) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[id, events, archivedEvents, tookMs, ok, JSON.stringify(findings), findingsTotal],
      ...[applied, record.actor, record.reason],
    ],
  );
}

export interface KeptRebuild extends RebuildRecord {
  readonly id: string;
  readonly at: Date;
}

/** The newest first. */
export async function listRebuilds(db: Reader, limit: number): Promise<readonly KeptRebuild[]> {
  const rows = await query<{
    id: string;
    events: string;
    archived_events: string;
    took_ms: string;
    ok: boolean;
    findings: RebuildFinding[];
    findings_total: string;
    applied: boolean;
    actor: string;
    reason: string | null;
    created_at: string;
  }>(db, sql`SELECT * FROM rebuild ORDER BY id DESC LIMIT ${limit}`);
  return rows.map((row) => ({
    id: row.id,
    at: toDate(row.created_at),
    events: Number(row.events),
    archivedEvents: Number(row.archived_events),
    tookMs: Number(row.took_ms),
    ok: row.ok,
    findings: row.findings,
    findingsTotal: Number(row.findings_total),
    applied: row.applied,
    actor: row.actor,
    reason: row.reason,
  }));
}
