/**
 * Tests reads whose cost strangers could drive up, by connecting again and again or by giving many jobs the same id.
 */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { addConnection } from '../../../test/kit/test-pool.js';
import { closeDatabase, type Database, openDatabase } from '../../db/database.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';
import { connectedWorkers } from '../../events/store/sources/source-reads.js';
import { countWorkersByPlace } from '../../standing/store/overview-reads.js';
import { readPoolTotals } from '../../standing/store/pool-reads.js';
import { allRemoteWorkers, listRemoteWorkers } from './remote-worker-reads.js';

const WORKERS = 4_000;
const CONNECTS = 50_000;
const HALVES = 40_000;
const FIRST = { limit: 200, cursor: null };
const ALL = { nodeType: null, online: false, connections: false };

describe('reads of rows that strangers can create in great numbers', () => {
  let database: TestDatabase;
  /** A connection whose statements end after two seconds. Reading all of the crowd's rows for each worker or job would take longer. */
  let db: Database;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = openDatabase({ url: database.url, statementTimeoutMs: 2_000 });
    const owner = database.db;
    await owner.execute(sql`INSERT INTO source (id, kind, reads_from, region, node_type)
      VALUES ('one', 'orchestrator-http', 'http://one', 'eu', 'ai'),
             ('two', 'orchestrator-http', 'http://two', NULL, NULL)`);
    await owner.execute(sql`INSERT INTO payee (address)
      SELECT '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, ${WORKERS}::int) n`);
    await owner.execute(sql`INSERT INTO remote_worker (payee, node_type, region)
      SELECT address, 'ai', 'eu' FROM payee ORDER BY address`);
    await owner.execute(sql`
      INSERT INTO connection (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
      SELECT 'one', (SELECT min(id) FROM remote_worker), 'host-' || n, true, now(), n
        FROM generate_series(1, ${CONNECTS}::int) n`);
    await owner.execute(sql`
      INSERT INTO unmatched_job (source_id, dt, event_id, role, request_id, gross_wei, reason)
      SELECT 'one', '2026-01-01Z'::timestamptz + n * interval '1 second', role || n, role, 'the-same',
             CASE role WHEN 'processed' THEN 1 END, 'ambiguous'
        FROM (VALUES ('received', ${HALVES}::int), ('processed', 200)) v (role, many),
             generate_series(1, many) n`);
    // With these statistics the planner expects every worker to have that many connections.
    await owner.execute(sql`VACUUM ANALYZE connection, unmatched_job`);
  });
  afterAll(async () => {
    await closeDatabase(db);
    await database.close();
  });

  it('count who is online although one worker has connected 50,000 times', async () => {
    expect(await readPoolTotals(db)).toMatchObject({ workers: WORKERS, workersOnline: 1 });
    expect(await connectedWorkers(db)).toEqual(new Map([['one', 1]]));
    const place = { region: 'eu', nodeType: 'ai', workers: WORKERS, online: 1 };
    expect(await countWorkersByPlace(db)).toEqual([place]);
  });

  it('list the workers anyway, and count at most a hundred connections of a source', async () => {
    const page = await listRemoteWorkers(db, {}, FIRST);
    const [first, second] = page.items;
    expect(first).toMatchObject({ online: true, connections: 100, connection: 'host-50000' });
    expect(second).toMatchObject({ online: false, connections: 0, connection: null });
    let listed = 0;
    for await (const part of allRemoteWorkers(db, ALL)) listed += part.length;
    expect(listed).toBe(WORKERS);
  });

  it('list jobs that share their request with tens of thousands of halves', async () => {
    const filter = { role: 'processed', sourceId: 'one' } as const;
    const { items } = await listUnmatchedJobs(db, filter, FIRST);
    expect(items).toHaveLength(200);
    expect(items.every(({ candidates }) => candidates.length === 5)).toBe(true);
  });

  it('show all connections offline after one reset, and a later connection online', async () => {
    await database.db.execute(sql`
      INSERT INTO source_reset (source_id, region, node_type, reset_dt, reset_seq)
      VALUES ('one', 'eu', 'ai', now() + interval '1 minute', ${CONNECTS + 1})`);
    expect(await readPoolTotals(db)).toMatchObject({ workersOnline: 0 });
    const [worker] = (await listRemoteWorkers(db, {}, FIRST)).items;
    const workerId = Number(worker?.id);
    const at = new Date(Date.now() + 120_000);
    const seq = CONNECTS + 2;
    await addConnection(database.db, { sourceId: 'one', workerId, connection: 'back', at, seq });
    const { items } = await listRemoteWorkers(db, { online: true }, FIRST);
    expect(items).toMatchObject([{ id: worker?.id, connections: 1, connection: 'back' }]);
    expect(await connectedWorkers(db)).toEqual(new Map([['one', 1]]));
  });
});
