import type { Client } from '@temporalio/client';
import type { Config } from '../config/config.js';
import type { Database } from '../core/db/database.js';

/** The pool that API and command line read and ask: its database, its Temporal and its configuration. */
export interface RunningPool {
  readonly db: Database;
  /** The pool that owns the ledger of this database; every id in Temporal begins with it. */
  readonly poolId: string;
  readonly client: Client;
  readonly config: Config;
  /** The version of this program. */
  readonly version: string;
  /** @default the clock */
  readonly now?: () => Date;
  /** @default the queue of the pool's workers */
  readonly taskQueue?: string;
  /** How long a request waits for a worker's answer. @default 15000 */
  readonly answerTimeoutMs?: number;
  /** How long to wait for a repair or a check, which goes on by itself afterwards. @default 300000 */
  readonly repairTimeoutMs?: number;
}

export const nowOf = (pool: RunningPool): Date => pool.now?.() ?? new Date();

export const answerTimeoutOf = (pool: RunningPool): number => pool.answerTimeoutMs ?? 15_000;

export const repairTimeoutOf = (pool: RunningPool): number => pool.repairTimeoutMs ?? 300_000;
