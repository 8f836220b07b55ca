/** Tests that a worker sees on its page how it is judged, why, and what lifts it, and no words of a person. */
import { expect, it } from 'vitest';
import { stateOfWorkers } from '../../../core/guard/standings.js';
import { addOverride } from '../../../core/guard/store/overrides.js';
import { ingestSaid, payeeOf } from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { testConfig } from '../../../test/kit/test-pool.js';
import { OwnStates } from './payee-guard.js';
import type { PayeeStatus } from './payee-status.js';

const { world } = useHistory();
const ANN = payeeOf(1);

async function shown(mode: 'off' | 'exclude'): Promise<string> {
  const config = testConfig();
  const status: Pick<PayeeStatus, 'config' | 'standings'> = {
    config: { ...config, guard: { ...config.guard, mode } },
    standings: await stateOfWorkers(world.db, { payee: ANN }),
  };
  return String(OwnStates({ status }));
}

it('shows state, reason and what lifts it, and of an override only that there is one', async () => {
  const connection = { ethAddress: ANN, connection: 'h:1' };
  await ingestSaid(world.db, 'a', [
    {
      id: 1,
      atMs: Date.parse('2026-03-10T00:00:00Z'),
      type: 'worker-connected',
      fields: connection,
    },
  ]);
  await world.db.$client.query(`
    INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, lifts, figures, decided_by, judged_at)
    SELECT id, 'llm', '10.0.0.1:80', 'warned', now(), 'success 50 % by 40 jobs', 'success at least 95 %', 'null', 'guard', now() FROM remote_worker`);
  const page = await shown('exclude');
  expect(page).toContain('warned');
  expect(page).toContain('success 50 % by 40 jobs. What lifts it: success at least 95 %.');
  expect(page).toContain('another model');
  expect(page).not.toContain('10.0.0.1');
  expect(await shown('off')).not.toContain('warned');
  const who = { payee: ANN, nodeType: null, region: null, pipeline: null, modelId: null };
  const decision = { actor: 'ann', reason: 'a secret reason', from: null };
  const until = new Date(Date.now() + 3_600_000);
  await addOverride(world.db, { ...who, ...decision, state: 'excluded', until });
  const overridden = await shown('exclude');
  expect(overridden).toContain('excluded from new jobs');
  expect(overridden).not.toContain('secret');
});
