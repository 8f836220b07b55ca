/** With thousands of open payouts, a sweep counts their sagas and lists them only when it must. */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { query } from '../core/db/query.js';
import { createSuspectRounds } from '../core/sentinel/sweeping.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { payoutWorkflowId } from '../workflows/contract.js';
import { sweepSagas } from './sweep.js';

const OPEN = 1_001;
let database: TestDatabase;
let ids: readonly string[];

beforeAll(async () => {
  database = await createTestDatabase();
  const made = await query<{ id: string }>(
    database.db,
    sql`WITH who AS (INSERT INTO payee (address)
                     SELECT '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, ${OPEN}::int) n RETURNING address)
        INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
        SELECT gen_random_uuid(), address, address, 1, 'reserved', 'manual' FROM who RETURNING id`,
  );
  ids = made.map(({ id }) => id);
});
afterAll(() => database.close());

/** Temporal as far as a sweep asks it: which of the sagas run. It keeps what was asked. */
function temporalWith(running: readonly string[]) {
  const asked: string[] = [];
  const client = {
    workflow: {
      async count() {
        asked.push('count');
        return { count: running.length };
      },
      async *list() {
        asked.push('list');
        for (const id of running) yield { workflowId: payoutWorkflowId(TEST_POOL_ID, id) };
      },
      async start(_type: string, { workflowId }: { readonly workflowId: string }) {
        asked.push(`start ${workflowId}`);
      },
    },
  };
  return { asked, client: client as never };
}

it('counts the sagas, and lists them after ten sweeps all the same', async () => {
  const { asked, client } = temporalWith(ids);
  const rounds = createSuspectRounds();
  for (let sweep = 1; sweep <= 12; sweep += 1) {
    await sweepSagas({ client, poolId: TEST_POOL_ID, db: database.db, rounds });
  }
  expect(asked).toEqual(['list', ...Array.from({ length: 10 }, () => 'count'), 'list']);
});

it('lists them at once when their number is wrong, and starts the one that is missing', async () => {
  const [missing, ...running] = ids;
  const { asked, client } = temporalWith(running);
  const rounds = { ...createSuspectRounds(), countsLeft: 3 };
  const report = await sweepSagas({ client, poolId: TEST_POOL_ID, db: database.db, rounds });
  expect(asked.slice(0, 2)).toEqual(['count', 'list']);
  expect(report.started).toBe(1);
  expect(asked.slice(2)).toEqual([`start ${payoutWorkflowId(TEST_POOL_ID, missing ?? '')}`]);
});
