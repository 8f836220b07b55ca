/** The checks of `openpool doctor`, and what each of them may find besides errors of the catalogue. */

/** Every check, in the order in which people read them. */
export const CHECKS = [
  'configuration',
  'postgres.connection',
  'postgres.server',
  'postgres.sessions',
  'postgres.rights',
  'postgres.schema',
  'postgres.ledger',
  'temporal.connection',
  'temporal.namespace',
  'temporal.retention',
  'temporal.search-attributes',
  'temporal.schedules',
  'temporal.workers',
  'temporal.replay',
  'endpoints.connection',
  'endpoints.chain',
  'endpoints.answers',
  'endpoints.lag',
  'endpoints.agreement',
  'wallet.key',
  'wallet.ledger',
  'wallet.halts',
  'wallet.balance',
  'sources.options',
  'sources.reading',
  'sources.standing',
  'directories',
  'clocks',
] as const;

export type CheckId = (typeof CHECKS)[number];

/** `warn`: the pool works, and something is not as it should be. `unchecked`: it depends on a check that failed. */
export type CheckVerdict = 'pass' | 'warn' | 'fail' | 'unchecked';

/** One line of the doctor's report. */
export interface CheckRow {
  readonly check: CheckId;
  /** The endpoint, source, schedule, queue or workflow that it is about; null for the whole. */
  readonly subject: string | null;
  readonly verdict: CheckVerdict;
  /** What was found; null when nothing is wrong or nothing was checked. */
  readonly code: string | null;
  /** What is true, in a sentence without secrets. */
  readonly what: string;
  /** What to do about it; null when nothing needs to be done. */
  readonly todo: string | null;
}

// biome-ignore format: one line for each
const ALL = {
  CHECK_TIMED_OUT: 'It took longer than this check may take: see whether what it asks is overloaded or far away, then run `openpool doctor` again.',
  CHECK_FAILED: 'The check itself failed in a way that it does not know: the message says how. Run `openpool doctor` again; if it stays, report it.',
  DATABASE_SCHEMA_OLDER: 'Start a worker of this build: its start brings the tables to its version. While workers of an earlier build run, stop those first.',
  API_ROLE_RIGHTS: 'Restart a worker: its start gives the API’s role in Postgres the rights of its version.',
  TEMPORAL_NAMESPACE_MISSING: 'Create the namespace with the command that is named, or correct `temporal.namespace`.',
  TEMPORAL_RETENTION_SHORT: 'Restart a worker, which raises the retention where it may, or raise it with the command that is named; or lower `temporal.retention`. Nothing about money hangs on it.',
  SEARCH_ATTRIBUTE_MISSING: 'Restart a worker, which adds it, or add it with the command that is named: until then sagas that set it get stuck.',
  SCHEDULE_MISSING: 'A running worker puts its schedules back within ten seconds: see its log when it does not, or start one.',
  SCHEDULE_PAUSED: 'When nobody wants the pause any more, end it with the command that is named; a restart does not end it.',
  SCHEDULE_DIFFERS: 'Restart the workers: their start brings the schedules to what the configuration says.',
  WORKER_MISSING: 'Start a worker: `npm run worker -- --config <file>`, or `docker compose up -d worker`.',
  WORKER_VERSIONS: 'Finish the upgrade: stop the workers of the other version, or run the `openpool` of theirs.',
  QUEUE_UNPOLLED: 'Restart the workers: each polls every queue of its pool. See their log for why this one ended.',
  REPLAY_FAILED: 'Do not start workers of this build while the workflow runs; or terminate it with the command that is named, which is always safe: the sweep starts a saga anew, a schedule the rest, and what a person ordered is ordered again.',
  ENDPOINT_SILENT: 'See its plan, its key and the network, or name another one in `chain.rpcUrls` and restart the workers.',
  ENDPOINT_OF_ANOTHER_CHAIN: 'Correct it in `chain.rpcUrls` and restart the workers; a worker counts no answer of it.',
  ENDPOINT_LAGS: 'Wait for it to catch up, or name another one in `chain.rpcUrls`: a worker counts no answer of it.',
  ENDPOINT_BATCHES_SMALL: 'Nothing, unless the plan counts requests: a worker asks in smaller posts. A bigger plan takes bigger ones.',
  ENDPOINT_REFUSES: 'Ask the provider for the method that is named, or name another endpoint in `chain.rpcUrls`.',
  ENDPOINT_WITHOUT_HISTORY: 'Name an endpoint with an archive in `chain.rpcUrls` for `openpool reconcile` and `wallet adopt`; payouts do not need it.',
  ENDPOINTS_DISAGREE: 'Compare them with an explorer of the chain, and take the wrong one out of `chain.rpcUrls`. Until they agree, nothing is decided that cannot be undone.',
  ENDPOINTS_TOO_FEW: 'Name three endpoints of different hosts in `chain.rpcUrls`: two must agree before anything that cannot be undone.',
  CHAIN_STANDS: 'See in an explorer whether the chain makes blocks; payouts wait meanwhile and go on by themselves.',
  WALLET_SHORT: 'Top the wallet up: payouts that it does not cover wait and go on by themselves.',
  SOURCE_EXAMPLE: 'Put the address of your orchestrator in its place: nobody answers at the one of the example.',
  SOURCE_GARBLED: 'See what stands behind the address: what it gives are no pool events of a known form. What cannot be read is kept, `openpool set-aside list`.',
  SOURCE_UNREAD: 'Restart the workers: none of those that run has this source in its configuration.',
  CLOCK_OFF: 'Set that machine’s clock by NTP (`timedatectl set-ntp true`). Money follows the clock of Postgres; ages, schedules and signatures for a bucket suffer.',
} as const;

/** What the doctor finds and no error of the catalogue says: each with what to do. */
export const AILMENTS: Readonly<Record<AilmentCode, string>> = ALL;
export type AilmentCode = keyof typeof ALL;

/** Whether the pool is healthy: nothing failed. Warnings do not count. */
export function isHealthy(rows: readonly CheckRow[]): boolean {
  return rows.every(({ verdict }) => verdict === 'pass' || verdict === 'warn');
}

/** Sorts the rows by their check. Rows of one check stay in their order. */
export function inOrder(rows: readonly CheckRow[]): readonly CheckRow[] {
  const place = ({ check }: CheckRow) => CHECKS.indexOf(check);
  return [...rows].sort((a, b) => place(a) - place(b));
}
