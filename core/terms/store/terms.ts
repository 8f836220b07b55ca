/**
 * The dated terms in the ledger. Every change is an act that names its time, made in one transaction with its line in
 * the audit log. The clock is the database's: that of a worker, an hour off, would let terms reach back or come late.
 */
import { type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Rounding } from '../../base/money.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { list, query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import {
  changeWords,
  type FileVerdict,
  freeMoment,
  judgeFile,
  sameTerms,
  type TermsFile,
  type TermsValues,
  type TermsVersion,
  termsAt,
  termsWords,
} from '../rules/terms.js';
import { terms } from './tables.js';

// Before any event there can be. Not the year 1: JavaScript reads Postgres' text of it as 2001.
const BEGINNING_MS = 0;
/** The actor of an act that stands in a file. */
const FILE = 'configuration';

/** All versions, and what holds now. */
export interface TermsHistory {
  /** Ascending by their beginning; withdrawn ones too. At least one. */
  readonly versions: readonly TermsVersion[];
  readonly inForce: TermsVersion;
  readonly now: Date;
}

/** What a start found its file to be, once that was carried out. */
export interface OpenedTerms extends TermsHistory {
  readonly verdict: FileVerdict;
  /** What the file's act has made, when it had one. */
  readonly recorded: TermsVersion | null;
}

/** What an act came to. */
export interface TermsChange {
  /** False: these terms hold from that time on already. */
  readonly changed: boolean;
  readonly before: TermsVersion;
  readonly after: TermsVersion;
  /** Announced before, and never to come into force now. */
  readonly withdrawn: readonly TermsVersion[];
}

/** What a person asks for; what is left out stays as it is at that time. */
export interface TermsOrder extends Decision {
  readonly changes: Partial<TermsValues>;
  /** Null: from now on. */
  readonly from: Date | null;
}

/**
 * Opens the ledger's terms for a worker with this file. The first file's terms hold from the beginning; after that a
 * file changes nothing unless it carries an act, `pool.termsFrom`, that is later than every one before it. Throws
 * TERMS_FROM_TAKEN when other terms are recorded under its time.
 *
 * @param process where the file was read, for the audit log
 */
export async function openTerms(
  db: Database,
  file: TermsFile,
  process: string,
): Promise<OpenedTerms> {
  return transact(db, async (tx) => {
    const nowMs = await lockTerms(tx);
    if ((await readVersions(tx)).length === 0) await begin(tx, file, nowMs);
    const versions = await readVersions(tx);
    const verdict = judgeFile(file, versions, nowMs);
    if (verdict.kind === 'conflict') throw taken(verdict.version, file.values, 'pool.termsFrom');
    if (verdict.kind !== 'act') return { ...history(versions, nowMs), verdict, recorded: null };
    const { namedMs, fromMs } = verdict;
    const at = { namedMs, fromMs, nowMs };
    const reason = `pool.termsFrom: ${iso(namedMs)} in the configuration of ${process}`;
    const recorded = await insertVersion(tx, file.values, at);
    await recordAct(tx, {
      ...{ actor: FILE, reason, before: termsAt(versions, fromMs), after: recorded },
      withdrawn: [],
    });
    return { ...history(await readVersions(tx), nowMs), verdict, recorded };
  });
}

/**
 * Carries out a person's act: from its time on these terms hold, and what had been announced for later is withdrawn.
 * Throws TERMS_FROM_PAST and TERMS_FROM_TAKEN; TERMS_UNKNOWN before the first start.
 */
export async function changeTerms(tx: Transaction, order: TermsOrder): Promise<TermsChange> {
  const nowMs = await lockTerms(tx);
  const versions = await readVersions(tx);
  requireSome(versions);
  if (order.from !== null && order.from.getTime() < nowMs) throw past(order.from, nowMs);
  const askedMs = order.from?.getTime() ?? freeMoment(versions, nowMs);
  const before = termsAt(versions, askedMs);
  const values = { ...valuesOf(before), ...order.changes };
  const later = versions.filter((one) => !one.isWithdrawn && one.fromMs > askedMs);
  const isSame = sameTerms(before, values);
  if (isSame && later.length === 0) {
    return { changed: false, before, after: before, withdrawn: [] };
  }
  const fromMs = order.from === null ? askedMs : freeMoment(versions, askedMs);
  const known = versions.find((one) => one.namedMs === askedMs || one.fromMs === askedMs);
  if (known !== undefined) throw taken(known, values, 'the time');
  const withdrawn = later.filter((one) => one.fromMs > fromMs);
  await withdraw(tx, withdrawn);
  const after = await insertVersion(tx, values, { namedMs: askedMs, fromMs, nowMs });
  const { actor, reason } = order;
  await recordAct(tx, { actor, reason, before, after, withdrawn });
  return { changed: true, before, after, withdrawn };
}

/** Undefined before the first start. */
export async function findTermsHistory(reader: Reader): Promise<TermsHistory | undefined> {
  const versions = await readVersions(reader);
  return versions.length === 0 ? undefined : history(versions, await databaseNow(reader));
}

/** Throws TERMS_UNKNOWN before the first start. */
export async function readTermsHistory(reader: Reader): Promise<TermsHistory> {
  const versions = await readVersions(reader);
  requireSome(versions);
  return history(versions, await databaseNow(reader));
}

function history(versions: readonly TermsVersion[], nowMs: number): TermsHistory {
  return { versions, inForce: termsAt(versions, nowMs), now: new Date(nowMs) };
}

function requireSome(versions: readonly TermsVersion[]): void {
  if (versions.length > 0) return;
  throw new PoolError('TERMS_UNKNOWN', 'no terms have been recorded yet');
}

async function lockTerms(tx: Transaction): Promise<number> {
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.terms})`);
  return databaseNow(tx);
}

/** The millisecond that begins next: nothing that happened until now is at or after it. */
async function databaseNow(reader: Reader): Promise<number> {
  const [row] = await query<{ ms: string }>(
    reader,
    sql`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 1 AS ms`,
  );
  if (row === undefined) throw new Error('the database does not tell its time');
  return Number(row.ms);
}

interface VersionRow {
  readonly id: number;
  readonly from_ms: string;
  readonly named_ms: string;
  readonly recorded_ms: string;
  readonly commission_bps: number;
  readonly threshold_wei: string;
  readonly min_interval_ms: string;
  readonly rounding: Rounding;
  readonly withdrawn: boolean;
}

const msOf = (time: SQL): SQL => sql`round(extract(epoch FROM ${time}) * 1000)::bigint`;

async function readVersions(reader: Reader): Promise<readonly TermsVersion[]> {
  const rows = await query<VersionRow>(
    reader,
    sql`SELECT id, ${msOf(sql`from_dt`)} AS from_ms, ${msOf(sql`coalesce(named_from, from_dt)`)} AS named_ms,
               ${msOf(sql`created_at`)} AS recorded_ms, commission_bps, threshold_wei, min_interval_ms,
               rounding, withdrawn_at IS NOT NULL AS withdrawn
          FROM terms ORDER BY from_dt`,
  );
  return rows.map((row) => ({
    id: row.id,
    fromMs: Number(row.from_ms),
    namedMs: Number(row.named_ms),
    recordedMs: Number(row.recorded_ms),
    commissionBps: row.commission_bps,
    thresholdWei: BigInt(row.threshold_wei),
    minIntervalMs: Number(row.min_interval_ms),
    rounding: row.rounding,
    isWithdrawn: row.withdrawn,
  }));
}

/** An act of the first file that is still to come follows as one of its own. */
async function begin(tx: Transaction, file: TermsFile, nowMs: number): Promise<void> {
  const { values, namedMs } = file;
  const isPast = namedMs !== null && namedMs <= nowMs;
  const at = { namedMs: isPast ? namedMs : BEGINNING_MS, fromMs: BEGINNING_MS, nowMs };
  await insertVersion(tx, values, at);
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
  await tx.execute(sql`
    UPDATE terms SET withdrawn_at = clock_timestamp()
     WHERE id = ANY(${list(versions.map(({ id }) => id))}::int[])`);
}

async function recordAct(tx: Transaction, act: Omit<TermsChange, 'changed'> & Decision) {
  const { actor, reason, before, after, withdrawn } = act;
  await recordDecision(tx, {
    ...{ actor, reason, action: 'terms.change', subject: String(after.id) },
    detail: {
      from: iso(after.fromMs),
      ...(after.namedMs === after.fromMs ? {} : { named: iso(after.namedMs) }),
      change: changeWords(before, after),
      old: termsWords(before),
      new: termsWords(after),
      ...(withdrawn.length === 0
        ? {}
        : {
            withdrawn: withdrawn.map((one) => `${iso(one.fromMs)}: ${termsWords(one)}`).join('; '),
          }),
    },
  });
}

function taken(known: TermsVersion, asked: TermsValues, what: string): PoolError {
  const was = `${termsWords(known)}${known.isWithdrawn ? ' (withdrawn)' : ''}`;
  const words = `${what} ${iso(known.namedMs)} belongs to an act already: recorded are ${was}; asked for are ${termsWords(asked)}`;
  return new PoolError('TERMS_FROM_TAKEN', words);
}

function past(from: Date, nowMs: number): PoolError {
  const words = `${from.toISOString()} has gone by: the database's clock says ${iso(nowMs)}`;
  return new PoolError('TERMS_FROM_PAST', words);
}

function valuesOf(values: TermsValues): TermsValues {
  const { commissionBps, thresholdWei, minIntervalMs, rounding } = values;
  return { commissionBps, thresholdWei, minIntervalMs, rounding };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
