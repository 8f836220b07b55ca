/** A whole worker beside another manager: without key files, without a wallet, without rounds. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../core/events/sources/testing/test-orchestrator.js';
import { payloadText } from '../dev/kit/event-element.js';
import { until } from '../dev/kit/until.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { type ManagerProcess, startManagerProcess } from '../test/faults/worker-process.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { type FirstManager, startFirstManager } from '../test/harness/first-manager.js';
import { createTestNamespace } from '../test/harness/namespace.js';

const ALICE = '0x00000000000000000000000000000000000a11ce';
let chain: LocalChain;
let orchestrator: TestOrchestrator;
let database: TestDatabase;
let manager: FirstManager;
let space: Awaited<ReturnType<typeof createTestNamespace>>;
let worker: ManagerProcess;
beforeAll(async () => {
  [chain, orchestrator, database, manager, space] = await Promise.all([
    startChain(),
    startTestOrchestrator(),
    createTestDatabase(),
    startFirstManager({ region: 'eu', nodeType: 'ai' }),
    createTestNamespace(),
  ]);
  const payload = payloadText('job-processed', {
    ethAddress: ALICE,
    fees: 4_000n,
    computeUnits: 5,
  });
  const dt = '2026-03-01T12:00:00Z';
  orchestrator.rows.push({ id: 1, dt, payload });
  manager.take([{ payload, dt }]);
  worker = await startManagerProcess({
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    namespace: space.namespace,
    chain,
    keystore: 'no keystore at all',
    wallet: { keystoreFile: 'nowhere.json', passphraseFile: 'nowhere' },
    endpoint: orchestrator.url,
    shadow: { url: manager.url, commission: '25%', every: '1m' },
  });
}, 120_000);
afterAll(async () => {
  await worker.stop();
  await Promise.all([
    chain.stop(),
    orchestrator.stop(),
    database.close(),
    manager.stop(),
    space.close(),
  ]);
});

it('starts without key files, counts, compares by its schedule, and opens no wallet', async () => {
  await worker.says('openpool worker ready');
  await worker.says('it counts, and pays nobody');
  const query = async (text: string) => (await database.db.$client.query(text)).rows;
  await until(
    'a comparison that explains everything',
    async () =>
      (
        await query(
          'SELECT FROM shadow_comparison WHERE failure IS NULL AND workers = 1 AND unexplained = 0',
        )
      ).length > 0,
    { withinMs: 150_000, everyMs: 500 },
  );
  expect(await query('SELECT FROM wallet')).toEqual([]);
  expect(await query('SELECT FROM paying_wallet')).toEqual([]);
  const said = await runOpenpool(['--config', worker.config, '--json', 'shadow', 'report']);
  expect(JSON.parse(said.out)).toMatchObject({
    fault: null,
    payees: [{ statedWei: '1000', creditedWei: '3000', causes: { 'pools-share': '2000' } }],
  });
  // Every schedule that needs a wallet is at rest, and the others do not fail.
  expect(worker.lines.filter((line) => /"level":50/.test(line))).toEqual([]);
}, 200_000);
