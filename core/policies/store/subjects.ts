/** Reads whom a policy is asked about, for many payees at once: a few statements for a thousand of them. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { listOf } from '../../base/lists.js';
import { type RemoteWorker, remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { balance, payee, remoteWorker } from '../../ledger/store/tables.js';
import { DAY_MS, dayOf } from '../../payees/rules/earned-days.js';
import { readConnected } from '../../payees/store/presence.js';
import {
  NO_VERDICTS,
  type PayeeVerdicts,
  type PayoutTerms,
  type ThresholdBounds,
  termsOfPayee,
} from '../../payouts/rules/payee-rule.js';
import { ownGasOf } from '../../payouts/store/payees/payee-gas.js';
import { payeeVerdicts } from '../../payouts/store/payees/payee-verdicts.js';
import type { DayFigures, PolicyStanding, PolicyWorker, WorkerState } from '../rules/questions.js';

/** The days of which a policy gets the figures. */
const DAYS = 90;

export interface Subjects {
  /** In the order of the addresses that were given. */
  readonly payees: readonly PolicyStanding[];
  /** Remote workers of these payees. */
  readonly workers: readonly PolicyWorker[];
}

/** Says in which state the worst worker of each payee is; a payee that is absent has none but good ones. */
export type StatesOf = (
  reader: Reader,
  payees: readonly Address[],
) => Promise<ReadonlyMap<Address, WorkerState>>;

export interface SubjectOptions {
  readonly now: Date;
  /** False: the policy does not look at figures, and they are left out. */
  readonly withFigures: boolean;
  /** False: the share of each day on which a worker was connected is left out. */
  readonly withPresence: boolean;
  /** By which terms it is told since when enough is pending; null or absent: nobody looks at that, and it is left out. */
  /** Absent: everybody is good, as while no guard judges. */
  readonly statesOf?: StatesOf | undefined;
  readonly dueBy?: { readonly terms: PayoutTerms; readonly bounds: ThresholdBounds } | null;
}

/** Lists the addresses of payees in their order, from after `after` on. */
export async function listPayees(
  reader: Reader,
  after: Address | null,
  limit: number,
): Promise<readonly Address[]> {
  const found = await reader
    .select({ address: payee.address })
    .from(payee)
    .where(sql`${payee.address} > ${after ?? ''}`)
    .orderBy(payee.address)
    .limit(limit);
  return found.map(({ address }) => address);
}

/** Reads the payees with their remote workers. A payee that the ledger does not know has no workers. */
export async function readSubjects(
  reader: Reader,
  payees: readonly Address[],
  options: SubjectOptions,
): Promise<Subjects> {
  const states = (await options.statesOf?.(reader, payees)) ?? new Map<Address, WorkerState>();
  const [standings, known, figures] = [
    await withDueSince(reader, await readStandings(reader, payees), options),
    await readWorkers(reader, payees),
    options.withFigures ? await readFigures(reader, payees, options) : new Figures(),
  ];
  const daysBefore = dayOf(options.now.getTime());
  const ofPayee = new Map(
    standings.map((standing): [Address, PolicyStanding] => {
      const days = figures.ofPayee(standing.address);
      const none = { nodeType: null, region: null, daysBefore, lastDays: days, payeeDays: days };
      const state = states.get(standing.address) ?? 'good';
      return [standing.address, { ...standing, ...none, state }];
    }),
  );
  const workers = known.flatMap(({ firstSeenAt, ...worker }): readonly PolicyWorker[] => {
    const standing = ofPayee.get(worker.payee);
    if (standing === undefined) return [];
    const seen = firstSeenAt.toISOString();
    return [workerOf(standing, worker, { firstSeenAt: seen, lastDays: figures.ofWorker(worker) })];
  });
  return { payees: payees.flatMap((address) => ofPayee.get(address) ?? []), workers };
}

/** Makes the question about a remote worker of what is known of its payee. */
export function workerOf(
  standing: PolicyStanding,
  { nodeType, region }: RemoteWorker,
  own: Pick<PolicyWorker, 'firstSeenAt' | 'lastDays'>,
): PolicyWorker {
  const { address, nickname, isInvited, daysBefore, payeeDays } = standing;
  return { address, nodeType, region, nickname, isInvited, daysBefore, payeeDays, ...own };
}

/** Returns the remote workers that the ledger does not know. */
export async function withoutKnown<Worker extends RemoteWorker>(
  reader: Reader,
  workers: readonly Worker[],
): Promise<readonly Worker[]> {
  const { payee: address, nodeType, region } = remoteWorker;
  const known = await rows(
    reader,
    { payee: address, nodeType, region },
    sql`SELECT payee, node_type AS "nodeType", region FROM remote_worker
         WHERE payee = ANY(${list(workers.map((worker) => worker.payee))}::text[])`,
  );
  const keys = new Set(known.map(remoteWorkerKey));
  return workers.filter((worker) => !keys.has(remoteWorkerKey(worker)));
}

const isoOrNull = orNull((text: string) => new Date(text).toISOString());

async function readStandings(reader: Reader, payees: readonly Address[]) {
  return rows(
    reader,
    {
      address: payee.address,
      firstSeenAt: isoOrNull,
      nickname: orNull(String),
      isInvited: Boolean,
      pendingWei: balance.amountWei,
      lastPaidAt: isoOrNull,
    },
    sql`SELECT asked.address, known.created_at AS "firstSeenAt",
               (SELECT nickname FROM payee_wish WHERE payee = asked.address AND kind = 'nickname'
                 ORDER BY nonce DESC LIMIT 1) AS nickname,
               EXISTS (SELECT FROM invitation WHERE payee = asked.address AND withdrawn_at IS NULL) AS "isInvited",
               coalesce((SELECT sum(b.amount_wei) FROM balance b JOIN remote_worker w ON w.id = b.remote_worker_id
                          WHERE w.payee = asked.address AND b.account = 'pending'), 0) AS "pendingWei",
               (SELECT max(closed_at) FROM payout WHERE payee = asked.address AND state = 'paid') AS "lastPaidAt"
          FROM unnest(${list(payees)}::text[]) AS asked (address)
          LEFT JOIN payee known ON known.address = asked.address`,
  );
}

/** Adds since when the pending amounts have been at the payees' own thresholds. */
async function withDueSince<Standing extends Pick<PolicyStanding, 'address' | 'pendingWei'>>(
  reader: Reader,
  standings: readonly Standing[],
  { dueBy = null }: SubjectOptions,
): Promise<readonly (Standing & Pick<PolicyStanding, 'dueSince'>)[]> {
  const verdicts =
    dueBy === null
      ? new Map<Address, PayeeVerdicts>()
      : await payeeVerdicts(
          reader,
          standings.map(({ address }) => address),
        );
  const asked = standings.flatMap(({ address, pendingWei }) => {
    if (dueBy === null) return [];
    const said = verdicts.get(address) ?? NO_VERDICTS;
    const { thresholdWei } = termsOfPayee(said, dueBy.terms, dueBy.bounds);
    return pendingWei > 0n && pendingWei >= thresholdWei
      ? [{ payee: address, pendingWei, thresholdWei }]
      : [];
  });
  const found = await ownGasOf(reader, asked);
  return standings.map((one) => {
    const since = found.get(one.address)?.ripeSince ?? null;
    return { ...one, dueSince: since?.toISOString() ?? null };
  });
}

async function readWorkers(reader: Reader, payees: readonly Address[]) {
  const { payee: address, nodeType, region, createdAt } = remoteWorker;
  return reader
    .select({ payee: address, nodeType, region, firstSeenAt: createdAt })
    .from(remoteWorker)
    .where(sql`${address} = ANY(${list(payees)}::text[])`)
    .orderBy(remoteWorker.id);
}

/** Adds up the days of several remote workers of a payee; the newest first. */
export function addDays(all: readonly DayFigures[]): readonly DayFigures[] {
  const days = new Map<string, DayFigures>();
  for (const one of all) {
    const known = days.get(one.day);
    const sum = known && {
      ...known,
      jobs: known.jobs + one.jobs,
      computeUnits: known.computeUnits + one.computeUnits,
      grossWei: known.grossWei + one.grossWei,
    };
    days.set(one.day, sum ?? one);
  }
  return [...days.values()].sort((a, b) => (a.day > b.day ? -1 : 1));
}

/** What was earned by day, by remote worker and by payee; the newest day first. */
class Figures {
  private readonly workers = new Map<string, DayFigures[]>();
  private readonly payees = new Map<Address, DayFigures[]>();

  /** Takes a worker's day in. Days come in their order, the newest first. */
  add(worker: RemoteWorker, day: DayFigures): void {
    listOf(this.workers, remoteWorkerKey(worker)).push(day);
    listOf(this.payees, worker.payee).push(day);
  }

  ofWorker(worker: RemoteWorker): readonly DayFigures[] {
    return this.workers.get(remoteWorkerKey(worker)) ?? [];
  }

  ofPayee(address: Address): readonly DayFigures[] {
    return addDays(this.payees.get(address) ?? []);
  }
}

async function readFigures(
  reader: Reader,
  payees: readonly Address[],
  { now, withPresence }: SubjectOptions,
): Promise<Figures> {
  const nowMs = now.getTime();
  const span = { from: dayOf(nowMs - DAYS * DAY_MS), to: dayOf(nowMs - DAY_MS) };
  const found = await rows(
    reader,
    {
      payee: remoteWorker.payee,
      nodeType: remoteWorker.nodeType,
      region: remoteWorker.region,
      day: String,
      jobs: Number,
      computeUnits: balance.amountWei,
      grossWei: balance.amountWei,
      isSeen: Boolean,
    },
    sql`SELECT w.payee, w.node_type AS "nodeType", w.region, d.day::text AS day, sum(d.jobs) AS jobs,
               sum(d.compute_units) AS "computeUnits", sum(d.gross_wei) AS "grossWei",
               EXISTS (SELECT FROM source_day seen JOIN source s ON s.id = seen.source_id
                        WHERE seen.day = d.day AND seen.good_hours <> 0
                          AND (s.region IS NULL OR s.region = w.region)
                          AND (s.node_type IS NULL OR s.node_type = w.node_type)) AS "isSeen"
          FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE w.payee = ANY(${list(payees)}::text[]) AND d.day BETWEEN ${span.from}::date AND ${span.to}::date
         GROUP BY w.payee, w.node_type, w.region, d.day
         ORDER BY d.day DESC`,
  );
  const connected = withPresence ? await readConnected(reader, payees, { ...span, nowMs }) : null;
  const figures = new Figures();
  for (const { payee: address, nodeType, region, isSeen, ...day } of found) {
    const connectedMs = connected?.get(`${address} ${day.day}`)?.connectedMs;
    const isKnown = connected !== null && (connectedMs !== undefined || isSeen);
    const share = Math.min(Math.round(((connectedMs ?? 0) * 10_000) / DAY_MS), 10_000);
    const onlineShareBps = isKnown ? share : null;
    figures.add({ payee: address, nodeType, region }, { ...day, onlineShareBps });
  }
  return figures;
}
