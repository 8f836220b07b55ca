/** Tests that the API lists how workers stand a page at a time, each once, with what an operator decided instead of the guard. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addOverride } from '../core/guard/store/overrides.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { poolOf } from '../test/kit/silent-temporal.js';
import { addressOf, addWorker, TEST_TOKEN } from '../test/kit/test-pool.js';
import { createApp } from './app.js';

const HOUR_MS = 3_600_000;
const MODELS = ['', '10%', 'a/b', 'Ä', "it's"];
const PAYEES = [addressOf(1), addressOf(2)];
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const payee of PAYEES) await addWorker(database.db, { payee });
  for (const model of MODELS) {
    await database.db.$client.query(
      `INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, figures, decided_by, judged_at)
       SELECT id, 'llm', $1, 'warned', now(), 'slow', 'null', 'guard', now() FROM remote_worker`,
      [model],
    );
  }
});
afterAll(() => database.close());

interface Answer {
  readonly mode: string;
  readonly workers: readonly {
    readonly ethAddress: string;
    readonly modelId: string;
    readonly state: string;
    readonly decidedBy: string;
  }[];
  readonly nextCursor: string | null;
}

async function ask(query: string, status = 200): Promise<Answer> {
  const headers = { authorization: `Bearer ${TEST_TOKEN}` };
  const answer = await createApp(poolOf(database.db)).request(`/v1/guard${query}`, { headers });
  expect(answer.status).toBe(status);
  return (await answer.json()) as Answer;
}

async function pages(filter = ''): Promise<readonly Answer[]> {
  const found = [await ask(`?limit=3${filter}`)];
  for (let next = found[0]?.nextCursor; next; next = found.at(-1)?.nextCursor) {
    found.push(await ask(`?limit=3${filter}&cursor=${next}`));
  }
  return found;
}

const idOf = ({ ethAddress, modelId }: Answer['workers'][number]) =>
  `${ethAddress.toLowerCase()} ${modelId}`;

it('names each worker, pipeline and model once over all pages, also of one payee', async () => {
  const found = await pages();
  expect(found.map(({ workers }) => workers.length)).toEqual([3, 3, 3, 1]);
  const all = PAYEES.flatMap((payee) => MODELS.map((model) => `${payee} ${model}`));
  const listed = found.flatMap(({ workers }) => workers.map(idOf));
  expect(listed.toSorted()).toEqual(all.toSorted());
  expect((await ask('')).workers.map(idOf)).toEqual(listed);
  const ofOne = (await pages(`&payee=${PAYEES[1]}`)).flatMap(({ workers }) => workers);
  expect(ofOne.map(idOf).toSorted()).toEqual(
    MODELS.map((model) => `${PAYEES[1]} ${model}`).toSorted(),
  );
  await ask('?cursor=nonsense', 400);
});

it('says on every page what an operator decided instead', async () => {
  await addOverride(database.db, {
    payee: addressOf(2),
    nodeType: null,
    region: null,
    pipeline: null,
    modelId: null,
    state: 'excluded',
    from: null,
    until: new Date(Date.now() + HOUR_MS),
    actor: 'ann',
    reason: 'a look at it',
  });
  const workers = (await pages()).flatMap((page) => page.workers);
  const excluded = workers.filter(({ state }) => state === 'excluded');
  expect(excluded).toHaveLength(MODELS.length);
  expect(new Set(excluded.map(({ decidedBy }) => decidedBy))).toEqual(new Set(['ann']));
});
