/** Reads and writes how remote workers stand. */
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { Keyset, type Page, type PageRequest, rowsToAskFor } from '../../db/paging.js';
import { orNull, rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { writeNotices } from '../../notices/store/outbox.js';
import type { WorkerFigures } from '../rules/figures.js';
import type { GuardState, Standing } from '../rules/states.js';
import { workerState, workerStateChange } from './tables.js';

/** A remote worker in one pipeline and model. */
export interface StatePlace {
  readonly remoteWorkerId: number;
  readonly pipeline: string;
  readonly modelId: string;
}

export interface KeptStanding extends StatePlace {
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly standing: Standing;
  readonly figures: WorkerFigures | null;
  readonly decidedBy: string;
}

export interface JudgedStanding extends KeptStanding {
  /** The state before; null when it is the same. */
  readonly before: GuardState | null;
}

/** Takes the lock of whoever judges, so that two that run at once do not write the same change twice. */
export async function lockStates(tx: Transaction): Promise<void> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.guard})`);
}

/** Reads how everybody stands who was ever judged; with `payee` only this one. */
export async function readStandings(
  reader: Reader,
  { payee, payees }: { readonly payee?: Address; readonly payees?: readonly Address[] } = {},
): Promise<readonly KeptStanding[]> {
  const isOne = payees === undefined ? undefined : inArray(remoteWorker.payee, [...payees]);
  const found = await selectStandings(reader)
    .where(and(isOf(payee), isOne))
    .orderBy(BY_PLACE.order);
  return found.map(standingOf);
}

const BY_PLACE = new Keyset('ASC', {
  remoteWorkerId: { column: workerState.remoteWorkerId, kind: 'integer' },
  pipeline: { column: workerState.pipeline, kind: 'text' },
  modelId: { column: workerState.modelId, kind: 'text' },
});

/** Lists how everybody stands who was ever judged, in the order in which workers were first seen. Throws CURSOR_MALFORMED. */
export async function listStandings(
  reader: Reader,
  { payee }: { readonly payee?: Address | undefined },
  page: PageRequest,
): Promise<Page<KeptStanding>> {
  const found = await selectStandings(reader)
    .where(and(isOf(payee), BY_PLACE.after(page)))
    .orderBy(BY_PLACE.order)
    .limit(rowsToAskFor(page));
  return BY_PLACE.page(found.map(standingOf), page, (one) => one);
}

const isOf = (payee: Address | undefined) =>
  payee === undefined ? undefined : eq(remoteWorker.payee, payee);

const selectStandings = (reader: Reader) =>
  reader
    .select({ state: workerState, worker: remoteWorker })
    .from(workerState)
    .innerJoin(remoteWorker, eq(remoteWorker.id, workerState.remoteWorkerId));

type SelectedStanding = Awaited<ReturnType<typeof selectStandings>>[number];

function standingOf({ state, worker }: SelectedStanding): KeptStanding {
  return {
    remoteWorkerId: state.remoteWorkerId,
    pipeline: state.pipeline,
    modelId: state.modelId,
    payee: worker.payee,
    nodeType: worker.nodeType,
    region: worker.region,
    figures: state.figures,
    decidedBy: state.decidedBy,
    standing: {
      state: state.state,
      sinceMs: state.since.getTime(),
      reason: state.reason,
      lifts: state.lifts,
      leaning: state.leaning,
      leaningSinceMs: state.leaningSince?.getTime() ?? null,
      exclusions: state.exclusions,
    },
  };
}

/**
 * Keeps what was judged; whoever has another state than before is told, with the reason and what lifts it.
 * `paidAsBefore` says whether it is known that no state keeps a payout back.
 */
export async function keepStandings(
  tx: Transaction,
  judged: readonly JudgedStanding[],
  { atMs, paidAsBefore }: { readonly atMs: number; readonly paidAsBefore: boolean },
): Promise<void> {
  for (const one of judged) await keepStanding(tx, one, atMs);
  const changed = judged.filter(({ before }) => before !== null);
  if (changed.length === 0) return;
  await tx.insert(workerStateChange).values(
    changed.map(({ standing, ...one }) => ({
      remoteWorkerId: one.remoteWorkerId,
      pipeline: one.pipeline,
      modelId: one.modelId,
      figures: one.figures,
      decidedBy: one.decidedBy,
      changedAt: new Date(standing.sinceMs),
      state: standing.state,
      reason: standing.reason,
      lifts: standing.lifts,
    })),
  );
  await writeNotices(
    tx,
    changed.map(({ standing, before, ...one }) => {
      const { payee, nodeType, region, pipeline, modelId } = one;
      const since = new Date(standing.sinceMs).toISOString();
      const { state, reason, lifts } = standing;
      return {
        key: `worker-state/${payee}/${nodeType}/${region}/${pipeline}/${modelId}/${since}`,
        kind: 'worker-state' as const,
        payee,
        facts: {
          payee,
          nodeType,
          region,
          pipeline,
          modelId,
          state,
          before: before ?? state,
          reason,
          lifts,
          paidAsBefore,
        },
      };
    }),
  );
}

async function keepStanding(tx: Transaction, one: JudgedStanding, atMs: number): Promise<void> {
  const { standing } = one;
  const { leaningSinceMs } = standing;
  const said = {
    state: standing.state,
    reason: standing.reason,
    lifts: standing.lifts,
    leaning: standing.leaning,
    exclusions: standing.exclusions,
    since: new Date(standing.sinceMs),
    leaningSince: leaningSinceMs === null ? null : new Date(leaningSinceMs),
    figures: one.figures,
    decidedBy: one.decidedBy,
    judgedAt: new Date(atMs),
  };
  const place = {
    remoteWorkerId: one.remoteWorkerId,
    pipeline: one.pipeline,
    modelId: one.modelId,
  };
  await tx
    .insert(workerState)
    .values({ ...place, ...said })
    .onConflictDoUpdate({
      target: [workerState.remoteWorkerId, workerState.pipeline, workerState.modelId],
      set: said,
    });
}

/** Forgets somebody who is good and had no jobs for so long that there is nothing to judge by. */
export async function forgetStanding(tx: Transaction, place: StatePlace): Promise<void> {
  await tx
    .delete(workerState)
    .where(
      and(
        eq(workerState.remoteWorkerId, place.remoteWorkerId),
        eq(workerState.pipeline, place.pipeline),
        eq(workerState.modelId, place.modelId),
      ),
    );
}

/** Reads who the remote workers with these ids are. */
export async function readWorkers(reader: Reader, ids: readonly number[]) {
  const { id, payee, nodeType, region } = remoteWorker;
  const found = await rows(
    reader,
    { id, payee, nodeType, region, firstSeenAt: orNull(remoteWorker.createdAt) },
    sql`SELECT id, payee, node_type AS "nodeType", region, created_at AS "firstSeenAt"
          FROM remote_worker WHERE id = ANY (${sql.param(ids)}::bigint[])`,
  );
  return new Map(found.map((worker) => [worker.id, worker]));
}
