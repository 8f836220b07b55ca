/** How the policy is asked in a pool: by the real workflow on a real Temporal server, at its turns and as soon as there are other terms. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { createPolicyActivities } from '../../activities/policies.js';
import type { Address } from '../../core/base/address.js';
import { transact } from '../../core/db/transact.js';
import { PLAIN_TERMS } from '../../core/policies/rules/pool-terms.js';
import { lookAtSources } from '../../core/sentinel/looking.js';
import { listFindings } from '../../core/sentinel/store/finding-reads.js';
import { rateAt } from '../../core/terms/rules/worker-rates.js';
import { changeTerms } from '../../core/terms/store/recorded-terms.js';
import { ratesOf } from '../../core/terms/store/worker-rates.js';
import { createLog } from '../../start/log.js';
import type { ServiceContext } from '../../start/service.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { createTestNamespace, type TestNamespace } from '../../test/harness/namespace.js';
import { connectTestTemporal, type TestTemporal } from '../../test/harness/temporal.js';
import { recordTerms } from '../../test/harness/terms.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { TEST_SENTINEL } from '../../test/kit/test-pool.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { createUpkeep } from './upkeep.js';

const ANN: Address = '0x00000000000000000000000000000000000000aa';
const WORKER = { payee: ANN, nodeType: 'ai', region: 'eu' } as const;
const POOL_ID = 'north';
/** The upkeep looks every ten seconds, and the policy's own turn is in five minutes. */
const SOON = { timeout: 40_000, interval: 200 };

let database: TestDatabase;
let namespace: TestNamespace;
let temporal: TestTemporal;
let native: NativeConnection;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-asking-'));
  database = await createTestDatabase();
  await recordTerms(database.db, { commissionBps: 2_500, thresholdWei: 5n, minIntervalMs: 0 });
  await database.db.$client.query(`INSERT INTO payee (address) VALUES ('${ANN}');
    INSERT INTO remote_worker (payee, node_type, region, jobs) VALUES ('${ANN}', 'ai', 'eu', 1)`);
  namespace = await createTestNamespace();
  temporal = await connectTestTemporal(taskQueueOf(POOL_ID));
  native = await NativeConnection.connect({ address: inject('temporalAddress') });
});
afterEach(async () => {
  await temporal.close();
  await native.close();
  await namespace.close();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const module = () => join(dir, 'mine.mjs');
const write = (terms: string) =>
  writeFile(module(), `export default { name: 'mine', version: '1', terms: ${terms} };`);
const commission = async () => {
  const rates = await ratesOf(database.db, [WORKER]);
  return rateAt(rates.get(`${ANN}/ai/eu`) ?? [], Date.now())?.commissionBps;
};
/** What the sentinel finds wrong with the policy now. */
async function failing() {
  const { db } = database;
  const settings = TEST_SENTINEL;
  await lookAtSources({
    db,
    settings,
    sources: [],
    roundIntervalMs: null,
    onLook: () => undefined,
  });
  const page = { limit: 100, cursor: null };
  const { items } = await listFindings(db, { all: false }, page);
  return items.filter(({ code }) => code === 'POLICY_FAILED').map(({ words }) => words);
}
const change = (minIntervalMs: number) =>
  transact(database.db, (tx) =>
    changeTerms(tx, { changes: { minIntervalMs }, from: null, actor: 'test', reason: 'a test' }),
  );

it('keeps the last good answers while the policy throws, says so until it is mended, and is asked soon after other terms', async () => {
  const { db } = database;
  await write("() => ({ commissionBps: 500, reason: 'mine' })");
  const activities = createPolicyActivities({
    db,
    choiceOf: () => ({ module: module(), options: {}, baseDir: dir, timeLimitMs: 5_000 }),
    thresholdBounds: PLAIN_TERMS.thresholdBounds,
    bonusOf: () => null,
  });
  await temporal.startWorker(activities, { namespace: namespace.namespace });
  const pool = poolOf(db);
  const address = inject('temporalAddress');
  const there = { address, namespace: namespace.namespace, retentionMs: 1 };
  const context = {
    ...pool,
    config: { ...pool.config, sources: [], temporal: { ...pool.config.temporal, ...there } },
    log: createLog({ level: 'error' }),
    signal: new AbortController().signal,
    ledger: { poolId: POOL_ID, isUpgraded: false },
  } as unknown as ServiceContext;
  const upkeep = createUpkeep(context, { connection: native, client: namespace.workerClient });
  await upkeep.putBack();
  await expect.poll(commission, SOON).toBe(500);
  expect(await failing()).toEqual([]);

  const stop = upkeep.keep();
  try {
    await write("() => { throw new Error('the table is gone'); }");
    await change(1_000);
    await expect.poll(failing, SOON).toEqual([expect.stringContaining('the table is gone')]);
    expect(await commission()).toBe(500);

    await write("() => ({ commissionBps: 300, reason: 'mine' })");
    await change(2_000);
    await expect.poll(commission, SOON).toBe(300);
    await expect.poll(failing, SOON).toEqual([]);
  } finally {
    stop();
  }
  const query = 'WorkflowType = "policies" AND ExecutionStatus = "Completed"';
  await expect
    .poll(async () => (await namespace.client.workflow.count(query)).count, SOON)
    .toBeGreaterThanOrEqual(3);
}, 150_000);
