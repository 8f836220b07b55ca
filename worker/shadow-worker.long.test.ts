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
  const openpool = async (...words: readonly string[]) => {
    const { code, out, err } = await runOpenpool(['--config', worker.config, ...words]);
    return { code, text: `${out}${err}` };
  };
  const table = await openpool('shadow', 'report');
  expect(table.text).toMatch(
    /a11ce +0\.000000000000001 +0\.000000000000003 +- +pools-share 2000 wei/i,
  );
  expect(await openpool('shadow', 'compare')).toMatchObject({ code: 0 });
  expect(await openpool('shadow', 'compare', '--file', manager.path)).toMatchObject({ code: 0 });
  const promote = ['shadow', 'promote', manager.path, '--reason', 'cut-over'];
  const dry = await openpool(...promote, '--dry-run');
  expect(dry).toMatchObject({ code: 0 });
  const plan = /^plan +([0-9a-f]{16})$/m.exec(dry.text)?.[1] ?? '';
  const early = await openpool(...promote, '--plan', plan);
  expect(early.text).toContain('MANAGER_STILL_RUNS');
  await manager.stopAnswering();
  const done = await openpool(...promote, '--plan', plan);
  expect(done).toMatchObject({ code: 0 });
  expect(done.text).toContain('take the section `shadow` out of the configuration');
  expect(await query('SELECT promote_reason FROM shadow')).toEqual([
    { promote_reason: 'cut-over' },
  ]);
  expect((await openpool('config', 'check')).text).not.toContain('KEYSTORE');
  // Every schedule that needs a wallet is at rest, and the others do not fail.
  expect(worker.lines.filter((line) => /"level":50/.test(line))).toEqual([]);
}, 200_000);
