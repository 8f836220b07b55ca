/** Tests that an orchestrator that obeys the list is told apart from one that ignores it, by who then got the jobs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { judgeHours } from '../../core/guard/rules/effect.js';
import { keepEffects, readEffects } from '../../core/guard/store/effects.js';
import { createRandom } from '../../dev/kit/random.js';
import { SimulatedRouting } from '../../dev/simulator/simulator-routing.js';
import { createLog } from '../../start/log.js';
import {
  createTestDatabase,
  TEST_POOL_ID,
  type TestDatabase,
} from '../../test/harness/database.js';
import { ingestSaid, openWorld, payeeOf, type Said } from '../../test/harness/event-world.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { startPreferred } from './serve.js';

const HOUR_MS = 3_600_000;
const FIRST_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 5 * HOUR_MS;
const WORKERS = Array.from({ length: 5 }, (_, n) => payeeOf(n));
const SLOW = payeeOf(0);
const MODEL = { pipeline: 'llm', modelID: 'own/er' };
let database: TestDatabase;
let preferred: Awaited<ReturnType<typeof startPreferred>>;
let ids = 0;

beforeEach(async () => {
  database = await createTestDatabase();
  await openWorld(database.db);
  const config = testConfig();
  const preferredWorkers = { host: '127.0.0.1', port: 0, refreshMs: 100 };
  preferred = await startPreferred({
    config: { ...config, guard: { ...config.guard, mode: 'exclude', preferredWorkers } },
    db: database.db,
    ledger: { poolId: TEST_POOL_ID },
    log: createLog({ level: 'fatal' }),
    signal: new AbortController().signal,
  });
});
afterEach(async () => {
  await preferred.stop();
  await database.close();
});

/** Hands out jobs in the hour that begins at `hourMs`, as the orchestrator's routing picks their workers. */
async function handOut(hourMs: number, jobs: number, obeys: boolean): Promise<void> {
  const webhook = `${preferred.url}/preferred-workers`;
  const routing = new SimulatedRouting({ webhook, random: createRandom(jobs), obeys });
  const said: Said[] = [];
  for (let n = 0; n < jobs; n += 1) {
    ids += 1;
    const ethAddress = await routing.pick(WORKERS, MODEL);
    const fields = { ...MODEL, ethAddress, requestID: `r${ids}` };
    said.push({ id: ids, atMs: hourMs + 60_000 + n * 1_000, type: 'job-received', fields });
  }
  await ingestSaid(database.db, 'a', said);
}

async function lengthOf(url: string): Promise<number> {
  const list = (await (await fetch(url)).json()) as readonly unknown[];
  return list.length;
}

it('tells by the jobs received who obeys and who ignores, in turn', async () => {
  const { db } = database;
  await ingestSaid(
    db,
    'a',
    WORKERS.map((ethAddress, n) => ({
      id: 90_000 + n,
      atMs: FIRST_MS,
      type: 'worker-connected',
      fields: { ethAddress, connection: `10.0.0.${n}:1` },
    })),
  );
  await expect.poll(() => lengthOf(preferred.url)).toBe(5);
  await handOut(FIRST_MS, 240, true);
  const excludedAt = new Date(FIRST_MS + HOUR_MS).toISOString();
  await db.$client.query(`
    INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, figures, decided_by, judged_at)
    SELECT id, 'llm', 'own/er', 'excluded', '${excludedAt}', 'slow', 'null', 'guard', now() FROM remote_worker WHERE payee = '${SLOW}';
    INSERT INTO worker_state_change (remote_worker_id, pipeline, model_id, changed_at, state, reason, figures, decided_by)
    SELECT remote_worker_id, pipeline, model_id, since, state, reason, figures, decided_by FROM worker_state`);
  const asked = `${preferred.url}/preferred-workers?pipeline=llm&modelID=own/er`;
  await expect.poll(() => lengthOf(asked)).toBe(4);
  await handOut(FIRST_MS + HOUR_MS, 220, true);
  await handOut(FIRST_MS + 2 * HOUR_MS, 230, false);
  await keepEffects(db, FIRST_MS + 3 * HOUR_MS - 1);
  const hours = judgeHours(await readEffects(db, new Date(FIRST_MS)));
  expect(hours).toMatchObject([
    { hourMs: FIRST_MS + 2 * HOUR_MS, jobs: 230, verdict: 'ignored' },
    { hourMs: FIRST_MS + HOUR_MS, jobs: 220, toExcluded: 0, verdict: 'obeyed' },
  ]);
  expect(hours[1]?.expected).toBeGreaterThan(20);
  // Working the hours out again changes nothing.
  await keepEffects(db, FIRST_MS + 3 * HOUR_MS - 1);
  expect(judgeHours(await readEffects(db, new Date(FIRST_MS)))).toEqual(hours);
});
