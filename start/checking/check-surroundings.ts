/** Checks what a start needs from the machine, from Postgres and from Temporal, without starting or changing anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { Config } from '../../config/config.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { refuseUnfitDatabase } from '../../core/db/database-fit.js';
import { lookAtDirectory } from '../../core/db/embedded/state-directory.js';
import { readSchemaState } from '../../core/db/migrate.js';
import { openingFailure } from '../../core/db/statement-error.js';
import { requireLedger } from '../../core/ledger/store/identity.js';
import { describeFailure } from '../temporal-connection.js';
import { tryListening } from './listening.js';

/** What a check has found so far. */
export class Found {
  /** Why a start would be refused; empty when it would go on. */
  readonly refusals: PoolError[] = [];
  /** What a start would wait for, and settings that are allowed but probably not intended. */
  readonly warnings: string[] = [];

  /** Runs one step of the check. When it throws a PoolError, notes that as a refusal and returns undefined. */
  async tried<T>(make: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      this.refusals.push(error);
      return undefined;
    }
  }
}

/** How long Postgres and Temporal may each take, in ms: a person waits for the result, so a slower server counts as away. */
const PATIENCE_MS = 3_000;

export async function checkSurroundings(config: Config, found: Found): Promise<void> {
  const { database, retention, api } = config;
  if ('url' in database) await checkPostgres(database.url, config, found);
  else await found.tried(() => lookAtDirectory(database.embeddedDir));
  if (retention.keepMonths !== null) {
    await found.tried(() => lookAtDirectory(retention.archiveDir));
  }
  await found.tried(async () => {
    try {
      await tryListening(api);
    } catch (error) {
      if (!(error instanceof PoolError) || error.detail['why'] !== 'EADDRINUSE') throw error;
      found.warnings.push(`${error.message}; unless it is this pool's, a start would be refused`);
    }
  });
}

async function checkPostgres(url: string, config: Config, found: Found): Promise<void> {
  const db = openDatabase({ url, maxConnections: 2 });
  const judged = found.tried(() => judge(db, config, found));
  const patience = new AbortController();
  const late = sleep(PATIENCE_MS, 'late', { signal: patience.signal }).catch(() => undefined);
  if ((await Promise.race([judged, late])) === 'late') {
    found.warnings.push(`${UNCHECKED}: nothing came within ${PATIENCE_MS / 1_000} s`);
  }
  patience.abort();
  void closeDatabase(db);
}

const UNCHECKED = 'Postgres does not answer, and is not checked; a start waits for it';

async function judge(db: Database, { pool, chain }: Config, found: Found): Promise<void> {
  try {
    await refuseUnfitDatabase(db, { isWorkers: true });
    if ((await readSchemaState(db)) !== 'ready') return;
    await requireLedger(db, { poolId: pool.id, chainId: chain.chainId });
  } catch (error) {
    if (error instanceof PoolError && error.code === 'LEDGER_UNKNOWN') return;
    if (error instanceof PoolError) throw error;
    const user = decodeURIComponent(new URL(db.$client.options.connectionString ?? '').username);
    const failure = openingFailure(error, user);
    if (failure.code !== 'DATABASE_UNREACHABLE') throw failure;
    found.warnings.push(`${UNCHECKED}: ${failure.message}`);
  }
}

/**
 * Asks Temporal once for the namespace. When the server or the namespace is missing, that is only a warning, because a
 * start waits for both.
 */
export async function checkTemporal({ temporal }: Config, found: Found): Promise<void> {
  try {
    const connection = await Connection.connect({
      ...temporal.connection,
      connectTimeout: PATIENCE_MS,
    });
    try {
      const { namespace } = temporal;
      await connection.withDeadline(Date.now() + PATIENCE_MS, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    } finally {
      await connection.close();
    }
  } catch (error) {
    const words = `TEMPORAL_UNREACHABLE: ${describeFailure(temporal, error)}`;
    found.warnings.push(`${words}; a start waits for it`);
  }
}
