/**
 * The dated terms in the ledger. Every change is an act that names its time, stored in one transaction with its line
 * in the audit log. Times are compared with the database's clock, because with a worker's clock that is an hour off
 * terms could apply to the past or start late.
 */
import { asc, inArray, type SQLWrapper, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Rounding } from '../../base/money.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { writeNotices } from '../../notices/store/outbox.js';
import { sharesRevenue } from '../rules/policy-terms.js';
import {
  beginningOf,
  changeWords,
  freeMoment,
  judgeFile,
  sameTerms,
  type Terms,
  type TermsFile,
  type TermsValues,
  type TermsVersion,
  termsAt,
  termsWords,
} from '../rules/terms.js';
import { terms } from './tables.js';

// A time before any event. The year 1 would not do, because JavaScript parses Postgres' text for it as 2001.
const BEGINNING_MS = 0;
/** The actor of an act that a configuration file asks for. */
const FILE = 'configuration';

/** All versions of the terms, and the one in force now. */
export interface TermsHistory {
  /** At least one, in the order in which they begin, including withdrawn ones. */
  readonly versions: readonly TermsVersion[];
  readonly inForce: TermsVersion;
  readonly now: Date;
}

/** The result of an act. */
export interface TermsChange {
  /** False when nothing changed, because these terms already hold from that time on. */
  readonly changed: boolean;
  readonly before: TermsVersion;
  readonly after: TermsVersion;
  /** Versions that had been announced and now never come into force. */
  readonly withdrawn: readonly TermsVersion[];
}

/** The change that a person asks for. Values that are left out stay as they are at that time. */
export interface TermsOrder extends Decision {
  readonly changes: Partial<TermsValues>;
  /** When the change takes effect; null means from now on. */
  readonly from: Date | null;
}

/**
 * Opens the ledger's terms for a worker with this file. The first file's terms hold from the beginning. After that a
 * file changes nothing unless it contains an act, `pool.termsFrom`, that is later than every earlier one. Throws
 * TERMS_FROM_TAKEN when other terms are recorded under its time. `recorded` is the version that the file's act has made.
 *
 * @param process which process read the file, for the audit log
 */
export async function openTerms(db: Database, file: TermsFile, process: string) {
  return transact(db, async (tx) => {
    const nowMs = await lockTerms(tx);
    if ((await readVersions(tx)).length === 0) await begin(tx, file, nowMs);
    const versions = await readVersions(tx);
    const verdict = judgeFile(file, versions, nowMs);
    if (verdict.kind === 'conflict') throw taken(verdict.version, file.values, 'pool.termsFrom');
    if (verdict.kind !== 'act') return { ...history(versions, nowMs), verdict, recorded: null };
    const { namedMs, fromMs } = verdict;
    const reason = `pool.termsFrom: ${iso(namedMs)} in the configuration of ${process}`;
    const recorded = await insertVersion(tx, file.values, { namedMs, fromMs, nowMs });
    const before = termsAt(versions, fromMs);
    await recordAct(tx, { actor: FILE, reason, before, after: recorded, withdrawn: [] });
    return { ...history(await readVersions(tx), nowMs), verdict, recorded };
  });
}

/**
 * Carries out a person's act: the new terms hold from its time on, and all versions announced for later are
 * withdrawn. Throws TERMS_FROM_PAST and TERMS_FROM_TAKEN, and TERMS_UNKNOWN before the first start.
 */
export async function changeTerms(tx: Transaction, order: TermsOrder): Promise<TermsChange> {
  const nowMs = await lockTerms(tx);
  const versions = await readVersions(tx);
  if (versions.length === 0) throw unknown();
  if (order.from !== null && order.from.getTime() < nowMs) {
    const words = `${order.from.toISOString()} has gone by: the database's clock says ${iso(nowMs)}`;
    throw new PoolError('TERMS_FROM_PAST', words);
  }
  const askedMs = order.from?.getTime() ?? freeMoment(versions, nowMs);
  const before = termsAt(versions, askedMs);
  const values = { ...valuesOf(before), ...order.changes };
  refuseContradiction(values);
  const later = versions.filter((one) => !one.isWithdrawn && one.fromMs > askedMs);
  const isSame = sameTerms(before, values);
  if (isSame && later.length === 0) {
    return { changed: false, before, after: before, withdrawn: [] };
  }
  const fromMs = beginningOf(values, versions, { askedMs, nowMs });
  const known = versions.find((one) => one.namedMs === askedMs || one.fromMs === askedMs);
  if (known !== undefined) throw taken(known, values, 'the time');
  const withdrawn = later.filter((one) => one.fromMs > fromMs);
  await withdraw(tx, withdrawn);
  const after = await insertVersion(tx, values, { namedMs: askedMs, fromMs, nowMs });
  const { actor, reason } = order;
  await recordAct(tx, { actor, reason, before, after, withdrawn });
  return { changed: true, before, after, withdrawn };
}

/** Reads all terms; undefined before the first start. */
export async function findTermsHistory(reader: Reader): Promise<TermsHistory | undefined> {
  const versions = await readVersions(reader);
  return versions.length === 0 ? undefined : history(versions, await databaseNow(reader));
}

/** Returns a text that changes whenever terms are recorded or withdrawn. */
export async function termsMark(reader: Reader): Promise<string> {
  const [found] = await rows(
    reader,
    { mark: String },
    sql`SELECT count(*) || '/' || count(withdrawn_at) AS mark FROM terms`,
  );
  return found?.mark ?? '';
}

/** Reads all terms; throws TERMS_UNKNOWN before the first start. */
export async function readTermsHistory(reader: Reader): Promise<TermsHistory> {
  const found = await findTermsHistory(reader);
  if (found === undefined) throw unknown();
  return found;
}

/** Reads only the terms in force now, by the database's clock; undefined before the first start. */
export async function findTermsInForce(reader: Reader): Promise<TermsValues | undefined> {
  return (await findTermsHistory(reader))?.inForce;
}

function history(versions: readonly TermsVersion[], nowMs: number): TermsHistory {
  return { versions, inForce: termsAt(versions, nowMs), now: new Date(nowMs) };
}

function unknown(): PoolError {
  return new PoolError('TERMS_UNKNOWN', 'no terms have been recorded yet');
}

async function lockTerms(tx: Transaction): Promise<number> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.terms})`);
  return databaseNow(tx);
}

/** Reads the database's clock, rounded up to the next whole millisecond, so nothing has happened at or after it yet. */
async function databaseNow(reader: Reader): Promise<number> {
  const [clock] = await rows(
    reader,
    { ms: Number },
    sql`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1 AS ms`,
  );
  if (clock === undefined) throw new Error('the database does not tell its time');
  return clock.ms;
}

const msOf = (time: SQLWrapper) =>
  sql`round(extract(epoch FROM ${time}) * 1000)::bigint`.mapWith(Number);

async function readVersions(reader: Reader): Promise<readonly TermsVersion[]> {
  const { id, fromDt, namedFrom, createdAt, withdrawnAt } = terms;
  const { commissionBps, thresholdWei, minIntervalMs, rounding, policy } = terms;
  return reader
    .select({
      id,
      fromMs: msOf(fromDt),
      namedMs: msOf(sql`coalesce(${namedFrom}, ${fromDt})`),
      recordedMs: msOf(createdAt),
      commissionBps,
      thresholdWei,
      minIntervalMs,
      rounding,
      policy,
      isWithdrawn: sql<boolean>`${withdrawnAt} IS NOT NULL`,
    })
    .from(terms)
    .orderBy(asc(fromDt));
}

/** Records the first file's terms from the beginning on. An act that is still to come makes a second version. */
async function begin(tx: Transaction, file: TermsFile, nowMs: number): Promise<void> {
  const { values, namedMs } = file;
  const isPast = namedMs !== null && namedMs <= nowMs;
  const fromMs = BEGINNING_MS;
  await insertVersion(tx, values, { namedMs: isPast ? namedMs : fromMs, fromMs, nowMs });
}

function refuseContradiction({ policy, commissionBps }: TermsValues): void {
  if (!sharesRevenue(policy) || commissionBps === 10_000) return;
  const words =
    'this pool shares what it redeems, and so its commission of the single job is 100 %';
  throw new PoolError('TERMS_SHARE_REVENUE', words);
}

async function insertVersion(
  tx: Transaction,
  values: TermsValues,
  at: { readonly namedMs: number; readonly fromMs: number; readonly nowMs: number },
): Promise<TermsVersion> {
  const { namedMs, fromMs, nowMs } = at;
  const [row] = await tx
    .insert(terms)
    .values({
      ...valuesOf(values),
      fromDt: new Date(fromMs),
      namedFrom: namedMs === fromMs ? null : new Date(namedMs),
      createdAt: new Date(nowMs),
    })
    .returning({ id: terms.id });
  const id = row?.id ?? 0;
  return { ...valuesOf(values), id, fromMs, namedMs, recordedMs: nowMs, isWithdrawn: false };
}

async function withdraw(tx: Transaction, versions: readonly TermsVersion[]): Promise<void> {
  const ids = versions.map(({ id }) => id);
  await tx.update(terms).set({ withdrawnAt: sql`clock_timestamp()` }).where(inArray(terms.id, ids));
}

async function recordAct(tx: Transaction, act: Omit<TermsChange, 'changed'> & Decision) {
  const { actor, reason, before, after, withdrawn } = act;
  const change = changeWords(before, after);
  const told = { change, from: iso(after.fromMs), withdrawn: withdrawn.length };
  const key = `terms-change/${after.namedMs}/${after.recordedMs}`;
  await writeNotices(tx, [{ key, kind: 'terms-change', facts: told }]);
  const gone = withdrawn.map((one) => `${iso(one.fromMs)}: ${termsWords(one)}`);
  await recordDecision(tx, {
    actor,
    reason,
    action: 'terms.change',
    subject: String(after.id),
    detail: {
      from: iso(after.fromMs),
      ...(after.namedMs === after.fromMs ? {} : { named: iso(after.namedMs) }),
      change,
      old: termsWords(before),
      new: termsWords(after),
      ...(withdrawn.length === 0 ? {} : { withdrawn: gone.join('; ') }),
    },
  });
}

function taken(known: TermsVersion, asked: TermsValues, what: string): PoolError {
  const was = `${termsWords(known)}${known.isWithdrawn ? ' (withdrawn)' : ''}`;
  const words = `${what} ${iso(known.namedMs)} belongs to an act already: recorded are ${was}; asked for are ${termsWords(asked)}`;
  return new PoolError('TERMS_FROM_TAKEN', words);
}

/** Picks the values of the terms. */
function valuesOf(from: TermsValues) {
  const { commissionBps, thresholdWei, minIntervalMs, rounding, policy = null } = from;
  return { commissionBps, thresholdWei, minIntervalMs, rounding, policy };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * The statement by which crediting and rebuilding read all versions, together with others in one round trip. It includes
 * withdrawn ones, because a job from a clock that was ahead may have been credited under one.
 */
export const READ_TERMS = `SELECT id, extract(epoch FROM from_dt) * 1000 AS from_ms, commission_bps, rounding,
  withdrawn_at IS NOT NULL AS withdrawn FROM terms ORDER BY from_dt`;

export interface TermsRow {
  readonly id: number;
  readonly from_ms: string;
  readonly commission_bps: number;
  readonly rounding: Rounding;
  readonly withdrawn: boolean;
}

export function toTerms(row: TermsRow): Terms {
  const { id, commission_bps: commissionBps, rounding, withdrawn: isWithdrawn } = row;
  return { id, fromMs: Number(row.from_ms), commissionBps, rounding, isWithdrawn };
}
