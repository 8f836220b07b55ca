/** Starts and stops the Temporal worker. The start opens its connections in the order in which its steps need them. */
import { Client } from '@temporalio/client';
import type { NativeConnection, Worker } from '@temporalio/worker';
import {
  createCheckActivities,
  createSentinelActivities,
  createShadowActivities,
} from '../activities/checks.js';
import { createGuardActivities } from '../activities/guard.js';
import { createHistoryActivities } from '../activities/history.js';
import { createNoticeActivities, type NoticeDeps } from '../activities/notices.js';
import { createDecisionActivities } from '../activities/orders.js';
import { createPayoutActivities, createRoundActivities } from '../activities/payouts.js';
import { createPolicyActivities, createRevenueActivities } from '../activities/policies.js';
import { tellSagas } from '../activities/sagas.js';
import { createSyncActivities } from '../activities/sync.js';
import { roundConfigOf } from '../config/config.js';
import { guardSettingsOf } from '../config/sections/guard.js';
import { solvencySettingsOf } from '../config/sections/solvency.js';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import type { EventSource } from '../core/events/sources/event-source.js';
import { createEventSource } from '../core/events/sources/registry.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import type { SyncDeps } from '../core/events/sync/source-reading.js';
import type { GuardDeps } from '../core/guard/judging.js';
import { statesBy } from '../core/guard/standings.js';
import { openShadow } from '../core/moving/store/shadows.js';
import type { ReadyTarget } from '../core/notices/delivering.js';
import { createNotifier } from '../core/notices/notifiers/registry.js';
import { BACK_OFF } from '../core/notices/rules/back-off.js';
import { createSender, type Sender } from '../core/payouts/sending/sending.js';
import { Settler } from '../core/payouts/settling/settler.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import { policyChoice } from '../core/policies/asking.js';
import { bonusOf } from '../core/policies/bonuses/booking.js';
import { askForEverybody, type ResolvingDeps, resolveUnknown } from '../core/policies/resolving.js';
import type { SentinelDeps } from '../core/sentinel/looking.js';
import type { TermsVersion } from '../core/terms/rules/terms.js';
import { untilDatabaseAnswers } from '../start/await-database.js';
import { installRuntime } from '../start/log.js';
import { createProcessMetrics } from '../start/process-metrics.js';
import type { Service, ServiceContext } from '../start/service.js';
import { connectTemporal, untilTemporalAnswers } from '../start/temporal-connection.js';
import type { Activities } from '../workflows/activity-types.js';
import { type StuckSaga, taskQueueOf } from '../workflows/contract.js';
import { createLanes, runLanes, stopLanes } from './temporal/lanes.js';
import { guardPool } from './temporal/pool-guard.js';
import { createUpkeep } from './temporal/upkeep.js';
import { exportMetrics } from './temporal/worker-metrics.js';
import { readWorkflowCode } from './temporal/workflow-code.js';
import { prepareTerms } from './terms-file.js';
import { startWallet, startWithoutWallet } from './wallet-start.js';

/** At most this many connections to Postgres serve orders, payouts and scheduled work. */
export const WORKER_CONNECTIONS = 10;
/** At most this many serve syncs, of which a hundred may want one at a time, and work on the whole history. */
const BULK_CONNECTIONS = 10;
/** A sync waits up to this many ms for a connection: while many others read it is slow, which is no failure. */
const BULK_PATIENCE_MS = 60_000;

/** Runs the worker as one of a process's services. */
export async function serveWorker(context: ServiceContext): Promise<Service> {
  const { log, config, db, ledger } = context;
  const hasMetrics = installRuntime(log, config.metrics.workerAddress);
  const worker = await startWorker(context);
  if (hasMetrics) await exportMetrics(createProcessMetrics(db), ledger.poolId);
  process.stdout.write('openpool worker ready\n');
  return worker;
}

/** Starts the worker; resolves when it polls for work. */
export async function startWorker(context: ServiceContext): Promise<Service> {
  const { config } = context;
  const sources = await prepareSources(context);
  const notices = await prepareNotices(context);
  const terms = await untilDatabaseAnswers(context, () => prepareTerms(context));
  await untilDatabaseAnswers(context, () => askForEverybody(resolvingDeps(context, context.db)));
  const shadow = await untilDatabaseAnswers(context, () =>
    openShadow(context.db, config.shadow !== null),
  );
  const wallet = shadow ? startWithoutWallet(context) : await startWallet(context);
  const connection = await connectTemporal(context);
  // A pool of its own, so that bulk reading never takes a connection from orders and payouts.
  const bulk = openDatabase({
    url: context.databaseUrl,
    maxConnections: BULK_CONNECTIONS,
    connectionTimeoutMs: BULK_PATIENCE_MS,
  });
  const close = async () => {
    await terms.stop();
    await connection.close();
    await closeDatabase(bulk);
  };
  try {
    const client = new Client({ connection, namespace: config.temporal.namespace });
    const upkeep = createUpkeep(context, { connection, client });
    await untilTemporalAnswers(context, upkeep.putBack);
    const { money, refused } = wallet;
    const { settler, sender } = createSettler(money, { client, poolId: context.ledger.poolId });
    const parts = { connection, client, sources, notices, money, sender, bulk, isShadow: shadow };
    const workers = await createWorkers(context, parts);
    const stopKeeping = upkeep.keep();
    settler.start();
    return runWorkers(workers, refused, async () => {
      stopKeeping();
      await settler.stop();
      await upkeep.leave();
      await close();
    });
  } catch (error) {
    // Do not add a step that can fail between making the workers and running them: this would close their connection
    // under them.
    await close();
    throw error;
  }
}

interface WorkerParts {
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly sources: Awaited<ReturnType<typeof prepareSources>>;
  readonly notices: NoticeDeps;
  readonly money: MoneyDeps;
  readonly sender: Sender;
  readonly bulk: Database;
  /** True while the pool runs beside another manager, and signs nothing. */
  readonly isShadow: boolean;
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

async function createWorkers(
  context: ServiceContext,
  parts: WorkerParts,
): Promise<readonly Worker[]> {
  const { config, ledger, version } = context;
  const { connection, client, sources, notices, money, sender, bulk, isShadow } = parts;
  const { poolId } = ledger;
  const { jobMatchWindowMs, maxJobFeeWei, maxOrderedPerDayWei } = config.pool;
  const resolving = resolvingDeps(context, bulk);
  const sync: SyncDeps = {
    db: bulk,
    sources,
    version,
    jobMatchWindowMs,
    maxJobFeeWei,
    resolveUnknown: (workers) => resolveUnknown(resolving, workers),
  };
  const onStuckSaga = ({ workflowId, failure }: StuckSaga) => {
    const fields = { code: 'SAGA_STUCK', workflowId, failure };
    context.log.error(fields, 'a saga fails and is started anew');
  };
  const activities: Activities = {
    ...createSyncActivities(sync),
    ...createSentinelActivities(
      isShadow
        ? { ...sentinelDeps(context), roundIntervalMs: null }
        : { ...sentinelDeps(context), money },
    ),
    ...createShadowActivities(bulk, config.shadow),
    ...createGuardActivities(guardDeps(context)),
    ...createDecisionActivities({ db: money.db, maxOrderedPerDayWei }),
    ...createRoundActivities({
      ...money,
      client,
      poolId,
      onStuckSaga,
      ...config.selfService,
    }),
    ...createPayoutActivities(sender),
    ...createCheckActivities(money),
    ...createNoticeActivities({ ...notices, db: bulk }),
    ...createPolicyActivities({
      ...resolving,
      bonusOf: (version) => bonusOf(version, config.pool.terms.bonus),
    }),
    ...createRevenueActivities({ ...money, ...config.revenue, db: bulk }),
    ...createHistoryActivities({ db: bulk, retention: config.retention }),
  };
  const { workflows, buildId } = await readWorkflowCode();
  context.log.info({ build: buildId }, 'the workflows of this build are loaded');
  return createLanes({
    connection,
    namespace: config.temporal.namespace,
    activities,
    workflows,
    buildId,
    mainQueue: taskQueueOf(poolId),
    more: { interceptors: { activity: [() => ({ inbound: guardPool(poolId) })] } },
  });
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

/** Makes a notifier for each target. It tells what happens from now on, and nothing of before it was configured. */
async function prepareNotices({ config, db, ledger }: ServiceContext): Promise<NoticeDeps> {
  const { publicUrl, giveUpAfterMs, targets: configured } = config.notices;
  const targets = new Map<string, ReadyTarget>();
  for (const target of configured) {
    targets.set(target.id, { target, notifier: await createNotifier(target) });
  }
  const { explorerUrl, keepInWalletWei } = config.chain;
  const pool = { id: ledger.poolId, name: config.pool.name, publicUrl, explorerUrl };
  const round = roundConfigOf(config);
  return { db, targets, pool, keepInWalletWei, round, backOff: { ...BACK_OFF, giveUpAfterMs } };
}

/** Makes what judging the remote workers needs. */
function guardDeps({ config, db }: ServiceContext): GuardDeps {
  const settings = guardSettingsOf(config.guard);
  const choiceOf = (version: TermsVersion) => policyChoice(config, version);
  const answerMs = config.pool.jobMatchWindowMs;
  return { db, settings, choiceOf, answerMs, now: () => new Date() };
}

function resolvingDeps({ config }: ServiceContext, db: Database): ResolvingDeps {
  const choiceOf = (version: TermsVersion) => policyChoice(config, version);
  const { thresholdBounds } = config.pool.terms;
  return { db, choiceOf, thresholdBounds, statesOf: statesBy(config.guard) };
}

/** Makes what the sentinel needs. Findings are logged when they open, get worse or end. */
function sentinelDeps({ config, db, log }: ServiceContext): SentinelDeps {
  return {
    db,
    settings: config.sentinel,
    sources: config.sources,
    solvency: solvencySettingsOf(config.solvency, config.chain),
    seesRedemptions: config.revenue.ticketBroker !== null,
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
