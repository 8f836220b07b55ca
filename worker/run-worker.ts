/** Starts and stops the Temporal worker. The start opens its connections in the order in which its steps need them. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import type { NativeConnection, Worker, WorkerOptions } from '@temporalio/worker';
import { tellSagas } from '../activities/sagas.js';
import { findWorkflowBundle } from '../config/reading/program.js';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import type { EventSource } from '../core/events/sources/event-source.js';
import { createEventSource } from '../core/events/sources/registry.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { registerSources, retireSources } from '../core/events/store/sources/source-register.js';
import {
  forgetWorker,
  noteWorker,
  sourcesOfWorkers,
} from '../core/ledger/store/worker-processes.js';
import { createSender, type Sender } from '../core/payouts/sending/sending.js';
import { Settler } from '../core/payouts/settling/settler.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import { turns, UNHEALTHY_SHARE } from '../core/processes/turns.js';
import type { SentinelDeps } from '../core/sentinel/looking.js';
import { untilDatabaseAnswers } from '../start/await-database.js';
import { installRuntime } from '../start/log.js';
import type { Service, ServiceContext } from '../start/service.js';
import { connectTemporal, untilTemporalAnswers } from '../start/temporal-connection.js';
import { taskQueueOf } from '../workflows/contract.js';
import { createActivities } from './activities.js';
import { isEarlierVersionThere, takeOver } from './earlier-version.js';
import { workflowsPath } from './temporal/bundle.js';
import { createLanes, runLanes, stopLanes } from './temporal/lanes.js';
import { guardPool } from './temporal/pool-guard.js';
import { keepSchedules } from './temporal/schedule-keeping.js';
import {
  applySchedules,
  areSchedulesThere,
  deleteRemovedSources,
  triggerStartChecks,
} from './temporal/schedules.js';
import { registerSearchAttributes } from './temporal/search-attributes.js';
import { prepareTerms } from './terms-file.js';
import { startWallet } from './wallet-start.js';

/**
 * At most this many connections to Postgres serve orders, payouts and scheduled work. Further queries wait for a free
 * one.
 */
export const WORKER_CONNECTIONS = 10;
/**
 * At most this many connections serve syncs and work on the whole history; up to a hundred syncs may want one at a
 * time.
 */
const BULK_CONNECTIONS = 10;
/** A sync waits up to this many ms for a connection: while many others read it is slow, which is no failure. */
const BULK_PATIENCE_MS = 60_000;

/** Runs the worker as one of a process's services. */
export async function serveWorker(context: ServiceContext): Promise<Service> {
  installRuntime(context.log);
  const worker = await startWorker(context);
  process.stdout.write('openpool worker ready\n');
  return worker;
}

/** Starts the worker; resolves when it polls for work. */
export async function startWorker(context: ServiceContext): Promise<Service> {
  const { config } = context;
  const sources = await prepareSources(context);
  const terms = await untilDatabaseAnswers(context, () => prepareTerms(context));
  const wallet = await startWallet(context);
  const connection = await connectTemporal(context);
  const bulk = openBulkDatabase(context);
  try {
    const client = new Client({ connection, namespace: config.temporal.namespace });
    const order = temporalOrder(context, { connection, client });
    await untilTemporalAnswers(context, order.putBack);
    const { money } = wallet;
    const { settler, sender } = createSettler(money, { client, poolId: context.ledger.poolId });
    const parts = { connection, client, sources, money, sender, bulk };
    const workers = await createWorkers(context, parts);
    const stopKeeping = keepSchedules({ ...order, ...context });
    settler.start();
    return runWorkers(workers, wallet.refused, async () => {
      stopKeeping();
      await settler.stop();
      await order.leave();
      await terms.stop();
      await connection.close();
      await closeDatabase(bulk);
    });
  } catch (error) {
    // Do not add a step that can fail between making the workers and running them: this would close their connection
    // under them.
    await terms.stop();
    await connection.close();
    await closeDatabase(bulk);
    throw error;
  }
}

/** Opens a second pool of connections, so that bulk reading never takes a connection from orders and payouts. */
function openBulkDatabase({ databaseUrl }: ServiceContext): Database {
  return openDatabase({
    url: databaseUrl,
    maxConnections: BULK_CONNECTIONS,
    connectionTimeoutMs: BULK_PATIENCE_MS,
  });
}

const EARLIER_VERSION_RUNS =
  'a worker of an earlier version still runs on this pool and has put its schedules back: stop it; what it began is taken over';
const SCHEDULES_MISSING = 'schedules are missing, Temporal was wiped or changed: they are put back';

/**
 * Returns how to put into Temporal what this pool needs there (search attributes, schedules), and how to find out what
 * is missing.
 */
function temporalOrder(
  context: ServiceContext,
  { connection, client }: { readonly connection: NativeConnection; readonly client: Client },
) {
  const { config, db, ledger, log, version } = context;
  const { poolId, isUpgraded } = ledger;
  const { address, namespace } = config.temporal;
  const sourceIds = config.sources.map(({ id }) => id);
  const presence = { id: randomUUID(), version, sources: sourceIds, host: hostname() };
  const isTurning = () => turns.standing(UNHEALTHY_SHARE).length === 0;
  const settings = { ...config, poolId };
  return {
    async putBack() {
      await untilDatabaseAnswers(context, () => noteWorker(db, presence));
      await registerSearchAttributes({ connection, address, namespace, log });
      if (isUpgraded) await takeOver({ ...context, client, poolId, sources: config.sources });
      await applySchedules(client.schedule, settings);
      await triggerStartChecks(client.schedule, poolId);
    },
    /**
     * Returns what is wrong: schedules are missing, or an earlier version has put its own back. Null when nothing is.
     */
    async findFault() {
      await noteWorker(db, presence, { isTurning: isTurning() });
      await retireSources(db, sourceIds);
      const read = await sourcesOfWorkers(db);
      await deleteRemovedSources(client.schedule, poolId, (id) => read.has(id), log);
      if (isUpgraded && (await isEarlierVersionThere({ client }))) return EARLIER_VERSION_RUNS;
      return (await areSchedulesThere(client.schedule, settings)) ? null : SCHEDULES_MISSING;
    },
    async leave() {
      // The worker must be able to stop while Postgres is away.
      await forgetWorker(db, presence.id).catch(() => undefined);
    },
  };
}

interface WorkerParts {
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly sources: Awaited<ReturnType<typeof prepareSources>>;
  readonly money: MoneyDeps;
  readonly sender: Sender;
  readonly bulk: Database;
}

/** Makes the sender, with which sagas sign and broadcast, and the settler, which follows every signed transfer. */
function createSettler(
  money: MoneyDeps,
  sagas: { readonly client: Client; readonly poolId: string },
) {
  const sender = createSender(money, () => settler.nudge());
  const tell = (payoutIds: readonly string[]) => tellSagas(sagas, payoutIds);
  const settler: Settler = new Settler(money, { sender, tell });
  return { settler, sender };
}

function createWorkers(context: ServiceContext, parts: WorkerParts): Promise<readonly Worker[]> {
  const { config, ledger, log, version } = context;
  const { connection, client, sources, money, sender, bulk } = parts;
  const { poolId } = ledger;
  const { jobMatchWindowMs, maxJobFeeWei, maxOrderedPerDayWei } = config.pool;
  const sync = { db: bulk, sources, version, jobMatchWindowMs, maxJobFeeWei };
  const sentinel = { ...sentinelDeps(context), money };
  const history = { db: bulk, retention: config.retention };
  const activities = createActivities({
    poolId,
    client,
    maxOrderedPerDayWei,
    money,
    sender,
    sync,
    sentinel,
    history,
    onStuckSaga({ workflowId, failure }) {
      log.error({ code: 'SAGA_STUCK', workflowId, failure }, 'a saga fails and is started anew');
    },
  });
  const { namespace } = config.temporal;
  return createLanes({
    connection,
    namespace,
    activities,
    workflows: workflows(),
    mainQueue: taskQueueOf(poolId),
    more: { interceptors: { activity: [() => ({ inbound: guardPool(poolId) })] } },
  });
}

function workflows(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = findWorkflowBundle();
  return codePath === null ? { workflowsPath } : { workflowBundle: { codePath } };
}

async function prepareSources(context: ServiceContext) {
  const { config, db } = context;
  const sources = new Map<string, { config: SourceConfig; source: EventSource }>();
  for (const one of config.sources) {
    sources.set(one.id, { config: one, source: await createEventSource(one) });
  }
  const registered = [...sources.values()].map((one) => ({
    ...one.config,
    readsFrom: one.source.readsFrom,
  }));
  await untilDatabaseAnswers(context, () => registerSources(db, registered));
  return sources;
}

/** Makes what the sentinel needs. Findings are logged when they open, get worse or end. */
function sentinelDeps({ config, db, log }: ServiceContext): SentinelDeps {
  return {
    db,
    settings: config.sentinel,
    sources: config.sources,
    roundIntervalMs: config.pool.payoutsEnabled ? config.pool.payoutIntervalMs : null,
    onLook({ opened, worse, resolved }) {
      for (const { code, sourceId, words } of [...opened, ...worse]) {
        log.warn({ finding: code, source: sourceId }, words);
      }
      for (const { code, sourceId, subject } of resolved) {
        log.info({ finding: code, source: sourceId, subject }, 'this finding has ended');
      }
    },
  };
}

function runWorkers(
  workers: readonly Worker[],
  refused: Promise<never>,
  onStopped: () => Promise<void>,
): Service {
  const ended = runLanes(workers);
  const done = Promise.race([ended, refused]);
  // Keeps a failure from counting as an unhandled rejection: our caller gets it from `done`.
  done.catch(() => undefined);
  return {
    done,
    async stop() {
      stopLanes(workers);
      await ended.catch(() => undefined);
      await onStopped();
    },
  };
}
