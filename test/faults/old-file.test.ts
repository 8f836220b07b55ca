/** Two replicas whose files say different terms, restarted in turn: an older file turns nothing back. */

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { listFindings } from '../../core/sentinel/store/finding-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { singleWorkflowId } from '../../workflows/contract.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../harness/database.js';
import { createTestWallet } from '../harness/money.js';
import { createTestNamespace, type TestNamespace } from '../harness/namespace.js';
import { startManagerProcess } from './worker-process.js';

describe('a replica that starts with an older file', () => {
  let chain: LocalChain;
  let orchestrator: TestOrchestrator;
  let database: TestDatabase;
  let elsewhere: TestDatabase;
  let space: TestNamespace;
  beforeAll(async () => {
    [chain, orchestrator, database, elsewhere, space] = await Promise.all([
      startChain({ blockTimeSeconds: 0.1 }),
      startTestOrchestrator(),
      createTestDatabase(),
      createTestDatabase(),
      createTestNamespace(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([database.close(), elsewhere.close(), space.close()]);
    await Promise.all([chain.stop(), orchestrator.stop()]);
  });

  const commission = async () => (await findTermsInForce(database.db))?.commissionBps;
  const openCodes = async () =>
    (await listFindings(database.db, {}, { limit: 50, cursor: null })).items
      .filter(({ code }) => code.startsWith('TERMS_'))
      .map(({ code }) => code)
      .sort();

  it('changes nothing, says so in its log, and is a finding until it stops', async () => {
    const { keystore } = await createTestWallet(elsewhere.db, chain);
    const start = async (pool: object) => {
      const manager = await startManagerProcess({
        databaseUrl: database.url,
        temporalAddress: inject('temporalAddress'),
        namespace: space.namespace,
        chain,
        keystore,
        endpoint: orchestrator.url,
        pool,
      });
      await manager.says('openpool worker ready');
      return manager;
    };
    const look = async (codes: readonly string[]) => {
      const isSo = async () => {
        await space.client.schedule.getHandle(singleWorkflowId(TEST_POOL_ID, 'sentinel')).trigger();
        return (await openCodes()).join() === codes.join();
      };
      await until(`findings ${codes}`, isSo, { withinMs: 30_000, everyMs: 500 });
    };
    const old = { commission: '25%' };
    const first = await start(old);
    expect(await commission()).toBe(2_500);
    const second = await start({ commission: '5%', termsFrom: '2026-01-01T00:00:00Z' });
    expect(await commission()).toBe(500);
    await first.stop();
    const again = await start(old);
    try {
      await again.says('the terms of the configuration are not in force');
      expect(await commission()).toBe(500);
      await look(['TERMS_CHANGED', 'TERMS_DIFFER']);
      await again.stop();
      await look(['TERMS_CHANGED']);
    } finally {
      await again.stop();
      await second.stop();
    }
  }, 180_000);
});
