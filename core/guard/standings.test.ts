/** Tests how policies learn of the guard: by the worst worker, by what an operator decided, and not at all while it is off. */
import { expect, it } from 'vitest';
import { createTestDatabase } from '../../test/harness/database.js';
import { credit } from '../../test/harness/money.js';
import { transact } from '../db/transact.js';
import { statesBy } from './standings.js';
import { addOverride } from './store/overrides.js';

it('tells the worst state of each payee, an override in place of the guard, and nothing while the guard is off', async () => {
  const database = await createTestDatabase();
  const { db } = database;
  const [ann, bob] = [await credit(db, [1n, 2n]), await credit(db, [1n])];
  const judge = (region: string, state: string) =>
    db.$client.query(
      `INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, figures, decided_by, judged_at)
       SELECT id, '', $1, $2, now(), 'slow', '{}', 'guard', now() FROM remote_worker WHERE payee = $3 AND region = $1`,
      [region, state, ann],
    );
  await judge('r0', 'warned');
  await judge('r1', 'excluded');
  const states = async (mode: 'warn' | 'off') => [...(await statesBy({ mode })(db, [ann, bob]))];
  expect(await states('warn')).toEqual([[ann, 'excluded']]);
  expect(await states('off')).toEqual([]);
  const place = { nodeType: null, pipeline: null, modelId: null };
  const override = {
    ...place,
    ...({ payee: ann, region: 'r1', state: 'good', from: null } as const),
    until: new Date(Date.now() + 60_000),
    actor: 'ann',
    reason: 'mended',
  };
  await transact(db, (tx) => addOverride(tx, override));
  expect(await states('warn')).toEqual([[ann, 'warned']]);
  await db.$client.query('UPDATE guard_override SET withdrawn_at = now()');
  expect(await states('warn')).toEqual([[ann, 'excluded']]);
  await database.close();
});
