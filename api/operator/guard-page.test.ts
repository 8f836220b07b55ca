/** Tests that an operator sees how workers stand, and decides instead of the guard after seeing what that comes to. */
import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toChecksum } from '../../core/chain/checksums.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { FormBrowser } from '../../test/kit/form-browser.js';
import { fillOperatorScene } from '../../test/kit/operator-scene.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addressOf, TEST_TOKEN } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

const PAYEE = toChecksum(addressOf(4));
const OVERRIDE = '/operator/act/guard.override';
const WITHDRAW = '/operator/act/guard.withdraw';
let database: TestDatabase;
let app: Hono;
let browser: FormBrowser;

beforeAll(async () => {
  database = await createTestDatabase();
  await fillOperatorScene(database.db);
  await database.db.$client.query(`
    INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, lifts, figures, decided_by, judged_at)
    SELECT id, 'llm', 'm <b>', 'excluded', now(), 'too slow', 'being quicker', 'null', 'guard', now()
      FROM remote_worker WHERE payee = '${addressOf(4)}'`);
  await database.db.$client.query(
    `INSERT INTO guard_effect (hour, pipeline, model_id, jobs, to_excluded, expected_micro)
     SELECT date_trunc('hour', now()), 'llm', 'm', 400, 80, 80000000`,
  );
  app = createApp(poolOf(database.db));
  browser = new FormBrowser(app);
  await browser.signIn(TEST_TOKEN);
});
afterAll(() => database.close());

const excluded = async () => (await browser.get('/operator/guard/excluded.txt')).text;

it('shows state, reason, what lifts it, and whether orchestrators obey', async () => {
  const { status, text } = await browser.get('/operator/guard');
  expect(status).toBe(200);
  for (const said of [PAYEE, 'excluded', 'too slow', 'being quicker', 'ignored']) {
    expect(text).toContain(said);
  }
  expect(text).toContain('m &lt;b&gt;');
  expect(text).toContain('Published orchestrators fetch the list, do not use it');
  expect(await excluded()).toBe(PAYEE);
});

it('decides instead of the guard after a dry run, until it is ended', async () => {
  const ask = await browser.submit(await browser.get('/operator/guard'), OVERRIDE);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const inputs = { payee: PAYEE, state: 'good', until };
  const wrong = await browser.submit(ask, OVERRIDE, { ...inputs, state: 'fine' });
  expect([wrong.status, wrong.text.includes('good, warned, probation, excluded')]).toEqual([
    400,
    true,
  ]);
  const look = await browser.submit(ask, OVERRIDE, inputs);
  expect(look.text).toContain(`${PAYEE}: good until`);
  expect(await excluded()).toBe(PAYEE);
  expect((await browser.submit(look, OVERRIDE, { reason: 'a new card' })).status).toBe(200);
  expect(await excluded()).toBe('');
  const page = await browser.get('/operator/guard');
  expect(page.text).toContain('a new card');
  const ending = await browser.submit(page, WITHDRAW);
  expect((await browser.submit(ending, WITHDRAW, { reason: 'it broke' })).status).toBe(200);
  expect(await excluded()).toBe(PAYEE);
});
