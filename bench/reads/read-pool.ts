/** Runs a whole pool that is read while events come in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { until } from '../../dev/kit/until.js';
import { COMMISSION_BPS } from '../../dev/stack/pool/stack-config.js';
import { startUntil } from '../children.js';
import { type EventPlan, writeAnswer } from '../ingest/ingest-events.js';
import { startApi, startPoolServers, startWorker, writeBenchConfig } from '../pool-servers.js';
import type { Say, Scratch } from '../scratch.js';

interface ReadPoolOptions {
  /** Number of events that come in while the pool is read. */
  readonly events: number;
  readonly payees: number;
  /** True when worker and API are started apart; otherwise `main.ts` starts both, as `npm start` does. */
  readonly services: 'apart' | 'whole';
  readonly say: Say;
}

const FROM_MS = Date.UTC(2025, 0, 25);
const A_MONTH_MS = 30 * 86_400_000;
/** With this many events for each payee, every worker has been seen. */
export const EVENTS_BEFORE_PER_PAYEE = 30;
const INGEST_TIMEOUT_MS = 1_800_000;

/** Starts everything. The orchestrator gives its long answer once somebody has posted to its `/open`. */
export async function startReadPool(options: ReadPoolOptions, scratch: Scratch) {
  const { events, payees, services, say } = options;
  const { dir, stops } = scratch;
  const plan = { events, payees, fromMs: FROM_MS, earlierFromMs: FROM_MS - A_MONTH_MS };
  const { orchestrator, written } = await startAnswering(plan, scratch, say);
  say('starting Postgres, Temporal, the chain, a worker and the API');
  const servers = await startPoolServers(scratch);
  const endpoint = `${orchestrator.said}/live`;
  const configPath = writeBenchConfig(dir, { servers, endpoint, pace: { syncInterval: '2s' } });
  if (services === 'apart') await startWorker(scratch, { configPath });
  const script = services === 'apart' ? 'api/main.ts' : 'main.ts';
  const apiUrl = await startApi(scratch, { configPath, script });
  const db = openDatabase({ url: servers.databaseUrl, maxConnections: 2 });
  stops.push(() => closeDatabase(db));
  const { distinct } = written.expected;
  return { db, distinct, apiUrl, orchestratorUrl: orchestrator.said };
}

/**
 * Starts an orchestrator that has a few events of each payee, and a long answer of `events` more once somebody has posted to its
 * `/open`.
 */
export async function startAnswering(
  given: Pick<EventPlan, 'events' | 'payees' | 'fromMs'> & { readonly earlierFromMs: number },
  { dir, stops }: Scratch,
  say: Say,
) {
  const { events, payees, fromMs, earlierFromMs } = given;
  say(`writing an answer of ${events} events`);
  const [answer = '', tail = '', earlier = ''] = ['answer', 'tail', 'earlier'].map((name) =>
    join(dir, `${name}.json`),
  );
  const plan: EventPlan = { events, payees, commissionBps: COMMISSION_BPS, seed: 1, fromMs };
  const written = await writeAnswer(answer, plan);
  writeFileSync(tail, JSON.stringify(written.tail));
  await writeAnswer(earlier, {
    ...plan,
    events: payees * EVENTS_BEFORE_PER_PAYEE,
    seed: 2,
    fromMs: earlierFromMs,
  });
  const orchestrator = await startUntil({
    script: 'bench/ingest/ingest-server.ts',
    args: [answer, tail, earlier],
    mark: 'listening on ',
  });
  stops.push(() => orchestrator.process.stop());
  return { orchestrator, written };
}

/** Reads the source's own counter, because counting a million rows would be a load of its own. */
export async function countEvents(db: Database): Promise<number> {
  const [row] = await query<{ n: string }>(
    db,
    sql`SELECT coalesce(max(next_seq), 1) - 1 AS n FROM source`,
  );
  return Number(row?.n);
}

export async function countWorkers(db: Database): Promise<number> {
  const [row] = await query<{ n: string }>(db, sql`SELECT count(*) AS n FROM remote_worker`);
  return Number(row?.n);
}

export function untilAtLeast(read: () => Promise<number>, least: number): Promise<void> {
  const withinMs = INGEST_TIMEOUT_MS;
  return until(`a count of ${least}`, async () => (await read()) >= least, { withinMs });
}
