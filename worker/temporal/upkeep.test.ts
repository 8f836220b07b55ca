/** Tests that schedules come back although the terms changed while Temporal had lost them. */
import { NativeConnection } from '@temporalio/worker';
import { expect, inject, it } from 'vitest';
import { transact } from '../../core/db/transact.js';
import { changeTerms } from '../../core/terms/store/recorded-terms.js';
import { createLog } from '../../start/log.js';
import type { ServiceContext } from '../../start/service.js';
import { createTestDatabase } from '../../test/harness/database.js';
import { createTestNamespace } from '../../test/harness/namespace.js';
import { recordTerms } from '../../test/harness/terms.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { createUpkeep } from './upkeep.js';

it('puts schedules back that were lost, though other terms want the policy asked meanwhile', async () => {
  const database = await createTestDatabase();
  const { db } = database;
  await recordTerms(db, { commissionBps: 2_500, thresholdWei: 5n, minIntervalMs: 0 });
  const space = await createTestNamespace();
  const address = inject('temporalAddress');
  const connection = await NativeConnection.connect({ address });
  const pool = poolOf(db);
  const temporal = { ...pool.config.temporal, address, namespace: space.namespace, retentionMs: 1 };
  const context = {
    ...pool,
    config: { ...pool.config, sources: [], temporal },
    log: createLog({ level: 'error' }),
    signal: new AbortController().signal,
    ledger: { poolId: 'north', isUpgraded: false },
  } as unknown as ServiceContext;
  const { schedule } = space.workerClient;
  const listed = async () => {
    const ids: string[] = [];
    for await (const { scheduleId } of schedule.list()) ids.push(scheduleId);
    return ids.sort();
  };
  const upkeep = createUpkeep(context, { connection, client: space.workerClient });
  await upkeep.putBack();
  await expect.poll(listed, { timeout: 20_000 }).toContain('north/policies');
  const before = await listed();
  for (const id of before) await schedule.getHandle(id).delete();
  await expect.poll(listed, { timeout: 20_000 }).toEqual([]);
  const order = { actor: 'test', reason: 'while Temporal was away' };
  await transact(db, (tx) =>
    changeTerms(tx, { changes: { minIntervalMs: 1 }, from: null, ...order }),
  );
  const stop = upkeep.keep();
  await expect.poll(listed, { timeout: 60_000, interval: 500 }).toEqual(before);
  stop();
  await connection.close();
  await space.close();
  await database.close();
}, 120_000);
