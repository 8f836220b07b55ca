/** The second opinion on a job's commission: the plain share of a pool without terms of its own, or the rates that a pool announced. */
import pg from 'pg';

export interface JudgedJob {
  /** Lower case. */
  readonly payee: string;
  readonly nodeType: 'ai' | 'transcode';
  readonly region: string;
  readonly atMs: number;
  readonly grossWei: bigint;
}

/** Returns the pool's share of a job in wei. */
export type CommissionOf = (job: JudgedJob) => bigint;

/** A rate as `worker_rate` has it, or the commission of a version of the terms. */
export interface AnnouncedRate {
  readonly fromMs: number;
  readonly bps: number;
}

interface AnnouncedTerms extends AnnouncedRate {
  readonly rounding: string;
}

/** Everything that the pool said about commissions: its dated terms, and the dated rates of its workers. */
export interface Announced {
  /** Ascending by time, without withdrawn ones. */
  readonly terms: readonly AnnouncedTerms[];
  /** By `payee nodeType region`, in the order in which they were recorded. */
  readonly rates: ReadonlyMap<string, readonly AnnouncedRate[]>;
}

/** The same share of every job, rounded down. */
export function plainShare(bps: number): CommissionOf {
  // BigInt division rounds towards zero, which is the floor because fees are never negative.
  return ({ grossWei }) => (grossWei * BigInt(bps)) / 10_000n;
}

/** The share that was announced for the worker at the time of the job, whenever the job was counted. */
export function announcedShare({ terms, rates }: Announced): CommissionOf {
  return ({ payee, nodeType, region, atMs, grossWei }) => {
    const version = terms.findLast(({ fromMs }) => fromMs <= atMs);
    if (version === undefined) throw new Error(`no terms at ${new Date(atMs).toISOString()}`);
    const own = rates.get(`${payee} ${nodeType} ${region}`) ?? [];
    const bps = BigInt((own.findLast(({ fromMs }) => fromMs <= atMs) ?? version).bps);
    if (version.rounding === 'net-floor') return grossWei - (grossWei * (10_000n - bps)) / 10_000n;
    return (grossWei * bps) / 10_000n;
  };
}

/** Reads what the pool announced. */
export async function readAnnounced(databaseUrl: string): Promise<Announced> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'compare' });
  await client.connect();
  try {
    const terms = await client.query<{ from: Date; bps: number; rounding: string }>(`
      SELECT from_dt AS from, commission_bps AS bps, rounding FROM terms
       WHERE withdrawn_at IS NULL ORDER BY from_dt`);
    const rows = await client.query<{ worker: string; from: Date; bps: number }>(`
      SELECT concat_ws(' ', payee, node_type, region) AS worker, from_dt AS from, commission_bps AS bps
        FROM worker_rate ORDER BY id`);
    const rates = new Map<string, AnnouncedRate[]>();
    for (const { worker, from, bps } of rows.rows) {
      rates.set(worker, [...(rates.get(worker) ?? []), { fromMs: from.getTime(), bps }]);
    }
    return {
      terms: terms.rows.map(({ from, bps, rounding }) => ({
        fromMs: from.getTime(),
        bps,
        rounding,
      })),
      rates,
    };
  } finally {
    await client.end();
  }
}
