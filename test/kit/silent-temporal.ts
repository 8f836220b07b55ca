import { Client } from '@temporalio/client';
import type { RunningPool } from '../../client/running-pool.js';
import { openTemporal } from '../../client/workflow-calls.js';
import type { Database } from '../../core/db/database.js';
import { TEST_POOL_ID } from '../harness/database.js';
import { testConfig } from './test-pool.js';

/** A client of a Temporal that nobody runs: nothing listens on port 1. */
export const silentTemporal = (): Client =>
  new Client({
    connection: openTemporal({
      ...testConfig().temporal,
      connection: { address: '127.0.0.1:1' },
    }),
  });

/** The pool of a test that needs Postgres alone. */
export const poolOf = <Changes extends Partial<RunningPool>>(db: Database, changes?: Changes) => ({
  db,
  poolId: TEST_POOL_ID,
  client: silentTemporal(),
  config: testConfig(),
  version: '1',
  ...changes,
});
