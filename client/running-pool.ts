import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import type { Database } from '../core/db/database.js';

/** A running pool as API and command line use it: its database, its Temporal and its configuration. */
export interface RunningPool {
  readonly db: Database;
  /** The id of the pool that owns this database's ledger; every id in Temporal begins with it. */
  readonly poolId: string;
  readonly client: Client;
  readonly config: Config;
  /** The version of this program. */
  readonly version: string;
  /** Returns the current time. @default the system's clock */
  readonly now?: () => Date;
  /** @default the queue of the pool's workers */
  readonly taskQueue?: string;
  /** How many ms a request waits for a worker's answer. @default 15000 */
  readonly answerTimeoutMs?: number;
}

export const nowOf = (pool: RunningPool): Date => pool.now?.() ?? new Date();

export const answerTimeoutOf = (pool: RunningPool): number => pool.answerTimeoutMs ?? 15_000;

/** How many ms a person waits for a repair or a check, which then goes on by itself. */
export const REPAIR_TIMEOUT_MS = 300_000;
