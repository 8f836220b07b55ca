import { sql } from 'drizzle-orm';
import { inject } from 'vitest';
import {
  closeDatabase,
  type Database,
  openDatabase,
  type Transaction,
} from '../../core/db/database.js';
import { openLedger } from '../../core/ledger/store/identity.js';
import { copyTemplate } from './template.js';

/** The pool id of every test's ledger, unless the test gives another. */
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

/** A migrated database that no process has started on, so that it has no ledger yet. */
export async function createEmptyDatabase(maxConnections = 10): Promise<TestDatabase> {
  const url = await copyTemplate(inject('postgresUrl'));
  const db = openDatabase({ url, maxConnections });
  return { url, db, close: () => closeDatabase(db) };
}

/** Lets a test write payouts and slots that the triggers would refuse: past ones, damaged ones. */
export async function forgePayouts<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`ALTER TABLE payout DISABLE TRIGGER payout_moves_one_way`);
    await tx.execute(sql`ALTER TABLE nonce_slot DISABLE TRIGGER nonce_slot_is_the_only_one`);
    const result = await work(tx);
    await tx.execute(sql`ALTER TABLE nonce_slot ENABLE TRIGGER nonce_slot_is_the_only_one`);
    await tx.execute(sql`ALTER TABLE payout ENABLE TRIGGER payout_moves_one_way`);
    return result;
  });
}
