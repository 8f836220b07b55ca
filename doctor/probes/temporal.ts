/** Asks Temporal what a pool needs of it. */
import { Client, Connection } from '@temporalio/client';
import type { Config } from '../../config/config.js';
import { readVersion } from '../../config/reading/program.js';
import { counted } from '../../core/base/counted.js';
import { duration } from '../../core/base/duration.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';
import type { Database } from '../../core/db/database.js';
import { unpolledQueues } from '../../core/diagnosis/rules/queues.js';
import { runningWorkers } from '../../core/ledger/store/worker-processes.js';
import { isWorkerSilent } from '../../core/standing/rules/pool-standing.js';
import { describeFailure, isNamespaceMissing } from '../../start/temporal-connection.js';
import { polledQueues } from '../../worker/temporal/lanes.js';
import { pollersOf } from '../../worker/temporal/pollers.js';
import {
  compareSearchAttributes,
  createCommands,
  refuseWrongTypes,
  WANTED_WORDS,
} from '../../worker/temporal/register-search-attributes.js';
import { readRetentionMs, retentionCommand, tooShort } from '../../worker/temporal/retention.js';
import { surveySchedules } from '../../worker/temporal/schedules.js';
import { taskQueueOf } from '../../workflows/contract.js';
import { type Findings, Unusable } from '../examination.js';

const CONNECT_TIMEOUT_MS = 3_000;

/** What a probe of the pool in Temporal needs. */
export interface InTemporal {
  readonly connection: Connection;
  readonly config: Config;
  readonly poolId: string;
}

export async function probeServer({ temporal }: Config, findings: Findings): Promise<Connection> {
  try {
    const connection = await Connection.connect({
      ...temporal.connection,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    findings.pass(`Temporal ${serverVersion ?? ''} answers at ${temporal.address}`);
    return connection;
  } catch (error) {
    throw new PoolError('TEMPORAL_UNREACHABLE', describeFailure(temporal, error));
  }
}

export async function probeNamespace(
  connection: Connection,
  { temporal }: Config,
  findings: Findings,
): Promise<void> {
  const { namespace } = temporal;
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (!isNamespaceMissing(error)) throw error;
    findings.fail('TEMPORAL_NAMESPACE_MISSING', { what: describeFailure(temporal, error) });
    throw new Unusable();
  }
  findings.pass(`the namespace "${namespace}" is there`);
}

export async function probeRetention(
  connection: Connection,
  { temporal }: Config,
  findings: Findings,
): Promise<void> {
  const isMs = await readRetentionMs({ connection, temporal });
  if (isMs === null) return findings.pass('the server does not say how long it keeps workflows');
  if (isMs >= temporal.retentionMs) {
    return findings.pass(`closed workflows are kept for ${duration(isMs)}`);
  }
  const what = `${tooShort(temporal, isMs)}: ${retentionCommand(temporal)}`;
  findings.warn('TEMPORAL_RETENTION_SHORT', { what });
}

/** Returns true when `PoolId` is there, by which workflows are found. */
export async function probeAttributes(
  connection: Connection,
  { temporal }: Config,
  findings: Findings,
): Promise<void> {
  const { address, namespace } = temporal;
  const options = { connection, namespace, address };
  const found = await compareSearchAttributes(options);
  if (found === undefined) {
    return findings.pass(`they cannot be read here; these must be there: ${WANTED_WORDS}`);
  }
  if (found.missing.length > 0) {
    const names = found.missing.map(({ name }) => name).join(', ');
    const what = `missing: ${names}: \`${createCommands(options, found.missing)}\``;
    findings.fail('SEARCH_ATTRIBUTE_MISSING', { what });
  }
  refuseWrongTypes(options, found.wrong);
  if (found.missing.length > 0) throw new Unusable();
  findings.pass('all that sagas set are there, with their types');
}

/** What schedules show of Temporal's clock. */
export interface ScheduleTimes {
  /** When a schedule last started a workflow. */
  readonly lastMs: number | null;
  /** When the next one is due to. */
  readonly nextMs: number | null;
}

export async function probeSchedules(
  { connection, config, poolId }: InTemporal,
  findings: Findings,
): Promise<ScheduleTimes> {
  const { namespace, address } = config.temporal;
  const client = new Client({ connection, namespace });
  const schedules = await surveySchedules(client.schedule, { ...config, poolId });
  let wellCount = 0;
  for (const { id, everyMs, isDisabled, isThere, summary } of schedules) {
    const subject = id;
    if (!isThere) {
      findings.fail('SCHEDULE_MISSING', { subject, what: `the schedule ${id} is missing` });
      continue;
    }
    const { paused = isDisabled, note = '' } = summary?.state ?? {};
    const isEvery = summary?.spec?.intervals?.[0]?.every ?? everyMs;
    if (paused && !isDisabled) {
      const command = `temporal schedule toggle --unpause --address ${address} --namespace ${namespace} --schedule-id ${id} --reason "…"`;
      const what = `the schedule ${id} is paused${note === '' ? '' : ` (${foreignText(note)})`}: \`${command}\``;
      findings.fail('SCHEDULE_PAUSED', { subject, what });
    } else if (paused !== isDisabled || isEvery !== everyMs) {
      const what = `the schedule ${id} is another one than the configuration says`;
      findings.warn('SCHEDULE_DIFFERS', { subject, what });
    } else {
      wellCount += 1;
    }
  }
  if (wellCount > 0) findings.pass(`${counted(wellCount, 'schedule')} as the configuration says`);
  const seen = schedules.flatMap(({ summary }) => summary ?? []);
  const lasts = seen.flatMap(({ info }) => info.recentActions.map((one) => one.takenAt.getTime()));
  const nexts = seen
    .filter(({ state }) => !state.paused)
    .flatMap(({ info }) => info.nextActionTimes[0]?.getTime() ?? []);
  return {
    lastMs: lasts.length === 0 ? null : Math.max(...lasts),
    nextMs: nexts.length === 0 ? null : Math.min(...nexts),
  };
}

/** Looks for running workers in the ledger, and for a poller of every queue in Temporal. */
export async function probeWorkers(
  { connection, config, poolId }: InTemporal,
  db: Database,
  findings: Findings,
): Promise<void> {
  const workers = await runningWorkers(db);
  const [first] = workers;
  if (first === undefined) {
    const what = 'no worker of this pool runs: nothing is counted, signed or sent';
    findings.fail('WORKER_MISSING', { what });
    throw new Unusable();
  }
  const turnedMs = Math.min(...workers.map(({ turnedAgeMs }) => turnedAgeMs));
  if (isWorkerSilent(turnedMs)) {
    const what = `a worker runs, and its loops have not turned for ${duration(turnedMs)}`;
    findings.error(new PoolError('WORKER_SILENT', what));
  }
  const version = readVersion();
  const others = new Set(workers.map((one) => one.version).filter((one) => one !== version));
  if (others.size > 0) {
    const what = `this is version ${version}, and workers run of ${[...others].join(', ')}`;
    findings.warn('WORKER_VERSIONS', { what });
  }
  const { namespace } = config.temporal;
  const seen = await Promise.all(
    polledQueues(taskQueueOf(poolId)).flatMap(({ queue, kinds }) =>
      kinds.map(async (kind) => {
        const pollers = await pollersOf(connection, { namespace, queue, kind });
        const times = pollers.map(({ polledMs }) => polledMs);
        return { queue, kind, polledMs: times.length === 0 ? null : Math.max(...times) };
      }),
    ),
  );
  const unpolled = unpolledQueues(seen);
  for (const { queue, kind } of unpolled) {
    const what = `nobody polls the queue ${queue} for ${kind} tasks: what waits there waits on`;
    findings.fail('QUEUE_UNPOLLED', { subject: queue, what });
  }
  if (unpolled.length > 0) return;
  findings.pass(
    `${counted(workers.length, 'worker')} of version ${first.version}; every queue is polled`,
  );
}
