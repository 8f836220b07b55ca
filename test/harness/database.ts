import { inject } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../../store/database.js';
import { openLedger } from '../../store/ledger.js';
import { copyTemplate } from './template.js';

/** Of every test's ledger, unless the test has its own. */
export const TEST_POOL_ID = 'test-pool';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  close(): Promise<void>;
}

/** A migrated database of the caller's own on the shared server: a ledger, by default of anvil's chain, and empty. */
export async function createTestDatabase(
  maxConnections = 10,
  chainId = 31_337,
): Promise<TestDatabase> {
  const database = await createEmptyDatabase(maxConnections);
  await openLedger(database.db, { poolId: null, chainId, newPoolId: TEST_POOL_ID });
  return database;
}

/** The same before any start. */
export async function createEmptyDatabase(maxConnections = 10): Promise<TestDatabase> {
  const url = await copyTemplate(inject('postgresUrl'));
  const db = openDatabase({ url, maxConnections });
  return { url, db, close: () => closeDatabase(db) };
}
