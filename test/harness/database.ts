import { inject } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../../store/database.js';
import { copyTemplate } from './template.js';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  close(): Promise<void>;
}

/** A migrated, empty database of the caller's own on the shared server. */
export async function createTestDatabase(maxConnections = 10): Promise<TestDatabase> {
  const url = await copyTemplate(inject('postgresUrl'));
  const db = openDatabase({ url, maxConnections });
  return { url, db, close: () => closeDatabase(db) };
}
