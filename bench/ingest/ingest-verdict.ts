/** Compares the ledger with the tally that was kept while the events were written. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import type { Expected } from './ingest-tally.js';

export interface IngestVerdict {
  /** Events that were sent and are not stored, and jobs that were credited to nobody. */
  readonly lost: number;
  /** Events that are stored more than once, and jobs that were credited more than once. */
  readonly duplicated: number;
  /** Sum of the absolute differences over payees, commission and unattributed. */
  readonly driftWei: string;
}

export async function judge(db: Reader, expected: Expected): Promise<IngestVerdict> {
  const [stored] = await query<{ rows: string; ids: string }>(
    db,
    sql`SELECT count(*) AS rows, count(DISTINCT event_id) AS ids FROM pool_event`,
  );
  const ids = Number(stored?.ids);
  const balances = await query<{ who: string; wei: string }>(
    db,
    sql`SELECT coalesce(w.payee, b.account) AS who, sum(b.amount_wei) AS wei
          FROM balance b LEFT JOIN remote_worker w ON w.id = b.remote_worker_id
         WHERE b.account <> 'revenue' GROUP BY 1`,
  );
  const jobs = await query<{ payee: string; jobs: string }>(
    db,
    sql`SELECT payee, sum(jobs) AS jobs FROM remote_worker GROUP BY payee`,
  );
  const jobsDrift = differences(
    new Map(jobs.map((row) => [row.payee, BigInt(row.jobs)])),
    Object.entries(expected.jobsOf).map(([payee, n]) => [payee, BigInt(n)]),
  );
  const weiDrift = differences(new Map(balances.map((row) => [row.who, BigInt(row.wei)])), [
    ...Object.entries(expected.netWei).map(([payee, wei]) => [payee, BigInt(wei)] as const),
    ['commission', BigInt(expected.commissionWei)],
    ['unattributed', BigInt(expected.unattributedWei)],
  ]);
  return {
    lost: expected.distinct - ids + Number(jobsDrift.missing),
    duplicated: Number(stored?.rows) - ids + Number(jobsDrift.surplus),
    driftWei: (weiDrift.missing + weiDrift.surplus).toString(),
  };
}

function differences(
  found: ReadonlyMap<string, bigint>,
  expected: readonly (readonly [string, bigint])[],
): { readonly missing: bigint; readonly surplus: bigint } {
  const left = new Map(found);
  let missing = 0n;
  let surplus = 0n;
  for (const [key, wanted] of expected) {
    const difference = (left.get(key) ?? 0n) - wanted;
    if (difference < 0n) missing -= difference;
    else surplus += difference;
    left.delete(key);
  }
  for (const unexpected of left.values()) surplus += unexpected;
  return { missing, surplus };
}
