import type { Client } from '@temporalio/client';
import type { Config } from '../config.js';
import type { Database } from '../store/database.js';

/** What the routes work with. */
export interface ApiDeps {
  readonly db: Database;
  /** What is read over, with the token and without, once answers are kept. @default db */
  readonly reads?: Database;
  /** How long an answer to those without a token is given again; 0: each is made anew. @default 0 */
  readonly answersKeptMs?: number;
  /** What the answers that are kept may take. @default 64 MiB */
  readonly mostKeptBytes?: number;
  /** Whose ledger the database is; everything in Temporal is called by it. */
  readonly poolId: string;
  readonly client: Client;
  readonly config: Config;
  readonly version: string;
  /** @default the clock */
  readonly now?: () => Date;
  /** @default the queue of the manager's workers */
  readonly taskQueue?: string;
  /** How long a request waits for a worker's answer. @default 15000 */
  readonly answerTimeoutMs?: number;
  /** How long a repair is waited for; it goes on by itself. @default 300000 */
  readonly repairTimeoutMs?: number;
  /** Told of faults that clients only see as INTERNAL. @default console.error */
  readonly onFault?: (error: unknown, request: string) => void;
  /** Told of an address that has tried too many wrong tokens, at most every ten seconds. */
  readonly onWrongTokens?: (address: string, total: number) => void;
}

export const nowOf = (deps: ApiDeps): Date => deps.now?.() ?? new Date();

const ANSWER_TIMEOUT_MS = 15_000;

/** How long somebody who asks waits for a worker's answer; what was started goes on. */
export const answerTimeoutOf = (deps: ApiDeps): number => deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
