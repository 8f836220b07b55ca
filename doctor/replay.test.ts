/** `openpool doctor --replay` before a deploy: a saga of the build that runs, the build at hand, a real Temporal server. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { stringify } from 'yaml';
import type { SendResult } from '../core/payouts/rules/payout.js';
import { scriptPath } from '../dev/kit/script.js';
import { until } from '../dev/kit/until.js';
import { createManagerNamespace } from '../test/faults/manager.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { makeKeystore, PASSPHRASE } from '../test/harness/money.js';
import type { TestNamespace } from '../test/harness/namespace.js';
import { connectTestTemporal } from '../test/harness/temporal.js';
import { bundleWorkflows } from '../worker/temporal/bundle.js';
import { readWorkflowCode } from '../worker/temporal/workflow-code.js';
import {
  laneQueue,
  payoutStatusQuery,
  payoutWorkflowId,
  poolIdKey,
  taskQueueOf,
} from '../workflows/contract.js';
import { examine } from './doctor.js';

const HELD: SendResult = {
  kind: 'waiting',
  wait: { code: 'PAYOUT_HELD', reason: 'held by ann: checking the address' },
};

let database: TestDatabase;
let space: TestNamespace;
let dir: string;
let configPath: string;
/** Bundles: of this build, of this build made once more, and of one whose saga has another order of steps. */
let bundles: { readonly same: string; readonly again: string; readonly other: string };

beforeAll(async () => {
  [database, space, dir] = await Promise.all([
    createTestDatabase(),
    createManagerNamespace(),
    mkdtemp(join(tmpdir(), 'openpool-replay-')),
  ]);
  const write = async (name: string, text: string) => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  bundles = {
    same: inject('workflowBundlePath'),
    again: await write('again.js', await bundleWorkflows()),
    other: await write(
      'other.js',
      await bundleWorkflows(scriptPath('test/fixtures/other-order.ts')),
    ),
  };
  await write('keystore.json', (await makeKeystore()).json);
  await write('passphrase', PASSPHRASE);
  const source = { id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning' };
  configPath = await write(
    'openpool.yaml',
    stringify({
      sources: [{ ...source, options: { endpoint: 'http://127.0.0.1:9' } }],
      database: { url: database.url },
      temporal: { address: inject('temporalAddress'), namespace: space.namespace },
      chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:9'] },
      wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
    }),
  );
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await Promise.all([database.close(), space.close()]);
  await rm(dir, { recursive: true, force: true });
});

/** Runs the doctor as the program of this bundle would. */
function replayWith(bundle: string) {
  vi.stubEnv('OPENPOOL_WORKFLOW_BUNDLE', bundle);
  return examine({ configPath, replayOnly: true });
}

/** Starts a saga with the released build, lets it come to a wait, and stops the worker as for a deploy. */
async function startHeldSaga(): Promise<string> {
  const mainQueue = taskQueueOf(TEST_POOL_ID);
  const temporal = await connectTestTemporal(mainQueue);
  const { namespace } = space;
  await temporal.startWorker({ sendPayout: async () => HELD }, { namespace });
  const payoutId = randomUUID();
  const workflowId = payoutWorkflowId(TEST_POOL_ID, payoutId);
  const handle = await space.client.workflow.start('payout', {
    taskQueue: laneQueue(mainQueue, 'payouts'),
    workflowId,
    args: [{ poolId: TEST_POOL_ID, payoutId }],
    typedSearchAttributes: [{ key: poolIdKey, value: TEST_POOL_ID }],
  });
  await until('the saga waits', async () => {
    const { wait } = await handle.query(payoutStatusQuery);
    return wait?.code === 'PAYOUT_HELD';
  });
  await temporal.close();
  const query = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
  await until('it is listed', async () => (await space.client.workflow.count(query)).count === 1);
  return workflowId;
}

describe('the open sagas of the running namespace', () => {
  it('are replayed in the build at hand, before it is started, and those that would stand still are named', async () => {
    const workflowIds = [await startHeldSaga(), await startHeldSaga()].sort();

    const well = await replayWith(bundles.same);
    expect(well.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    const { buildId } = await readWorkflowCode();
    expect(well.at(-1)?.what).toBe(`2 running workflows replay in this build (${buildId})`);

    const rows = await replayWith(bundles.other);
    const failed = rows
      .filter(({ verdict }) => verdict !== 'pass')
      .sort((a, b) => String(a.subject).localeCompare(String(b.subject)));
    expect(failed.map(({ code, subject }) => [code, subject])).toEqual(
      workflowIds.map((workflowId) => ['REPLAY_FAILED', workflowId]),
    );
    const { buildId: otherId } = await readWorkflowCode();
    for (const [index, { what, todo }] of failed.entries()) {
      expect(what).toContain(`does not replay in this build (${otherId})`);
      expect(what).toContain(`--workflow-id ${workflowIds[index]}`);
      expect(todo).toMatch(/^Do not start workers of this build/);
    }
    // Nothing was started and nothing was ended by looking.
    for (const workflowId of workflowIds) {
      const { status } = await space.client.workflow.getHandle(workflowId).describe();
      expect(status.name).toBe('RUNNING');
    }
  });

  it('are replayed while the tables are those of the version before, as they are before an upgrade', async () => {
    const newest = '(SELECT max(created_at) FROM drizzle.__drizzle_migrations)';
    await database.db.$client.query(
      `DELETE FROM drizzle.__drizzle_migrations WHERE created_at = ${newest}`,
    );
    // A column of the ledger that only the new version knows.
    await database.db.$client.query('ALTER TABLE ledger DROP COLUMN upgraded');
    const rows = await replayWith(bundles.same);
    expect(rows.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
    expect(rows.map(({ check }) => check)).toContain('temporal.replay');
  });
});

describe('the id of a build', () => {
  it('is the same for the same workflows, wherever they were bundled, and another for others', async () => {
    const idOf = async (bundle: string) => {
      vi.stubEnv('OPENPOOL_WORKFLOW_BUNDLE', bundle);
      return (await readWorkflowCode()).buildId;
    };
    const id = await idOf(bundles.same);
    expect(id).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
    expect(await idOf(bundles.again)).toBe(id);
    expect(await idOf(bundles.other)).not.toBe(id);
  });
});
