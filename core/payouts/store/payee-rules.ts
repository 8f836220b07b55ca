/**
 * Records what the policy says about payees, as dated rows that are never changed. Rounds, payouts and pages read the
 * rows and never ask the policy.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Transaction } from '../../db/database.js';
import { rows } from '../../db/query.js';
import type { Admission, PayeeRule } from '../rules/payee-rule.js';

/** Which answer of which policy a row is. */
interface Answer {
  /** Null: everybody of whom the policy was not asked yet. A payee that is first seen between two askings has this answer. */
  readonly payee: Address | null;
  /** From when it holds. It decides nothing about what was reserved before. */
  readonly from: Date;
  readonly policy: string;
  readonly policyVersion: string;
  readonly optionsHash: string;
}

export type RecordedRule = PayeeRule & Answer;
export type RecordedAdmission = Admission &
  Answer & {
    /** What the policy was told: whether the payee has an invitation. */
    readonly invited: boolean;
  };

/**
 * Records what the policy said about when these payees are paid, and returns how many rows that made. An answer that
 * equals the one in force at its time makes none, whatever its reason and version; a payee without a row is paid as the
 * terms say. At most one answer for each payee, that for everybody else among them or before them.
 */
export async function recordPayeeRules(
  tx: Transaction,
  rules: readonly RecordedRule[],
): Promise<number> {
  return recordEach(rules, (some) => insertRules(tx, some));
}

/**
 * Records whom the policy admits, and returns how many rows that made; as `recordPayeeRules`. A payee without a row is
 * admitted.
 */
export async function recordAdmissions(
  tx: Transaction,
  admissions: readonly RecordedAdmission[],
): Promise<number> {
  return recordEach(admissions, (some) => insertAdmissions(tx, some));
}

/** Records the answer for everybody else first, because the others are compared with it. */
async function recordEach<T extends Answer>(
  answers: readonly T[],
  insert: (some: readonly T[]) => Promise<number>,
): Promise<number> {
  const rest = answers.filter(({ payee }) => payee === null);
  const named = answers.filter(({ payee }) => payee !== null);
  const made = rest.length === 0 ? 0 : await insert(rest);
  return named.length === 0 ? made : made + (await insert(named));
}

/** What both tables say of an answer, as columns and as fields of the JSON that they are filled from. */
const ANSWER = sql.raw('payee, from_dt, policy, policy_version, options_hash, reason');
const NEW_ANSWER = sql.raw(
  'payee text, from_dt timestamptz, policy text, policy_version text, options_hash text, reason text',
);

const answerOf = (answer: Answer & { readonly reason: string }) => ({
  payee: answer.payee,
  from_dt: answer.from.toISOString(),
  policy: answer.policy,
  policy_version: answer.policyVersion,
  options_hash: answer.optionsHash,
  reason: answer.reason,
});

/**
 * Selects the row of a table of answers that holds for a payee at a time: its own, or else that of everybody. Answers that
 * were recorded ahead, for announced terms, hold never when these terms were withdrawn.
 */
export const inForce = (
  table: 'payee_rule' | 'payee_admission',
  payee: SQL,
  at: SQL = sql`now()`,
): SQL => {
  const last = (whose: SQL) => sql`
    (SELECT * FROM ${sql.raw(table)} said WHERE ${whose} AND said.from_dt <= ${at}
        AND NOT EXISTS (SELECT FROM terms WHERE terms.from_dt = said.from_dt AND terms.withdrawn_at > said.recorded_at)
      ORDER BY said.id DESC LIMIT 1)`;
  return sql`
    SELECT * FROM (${last(sql`said.payee = ${payee}`)} UNION ALL ${last(sql`said.payee IS NULL`)}) both_rows
     ORDER BY payee NULLS LAST LIMIT 1`;
};

async function insertRules(tx: Transaction, rules: readonly RecordedRule[]): Promise<number> {
  const given = rules.map((rule) => ({
    ...answerOf(rule),
    threshold_wei: rule.thresholdWei?.toString() ?? null,
    min_interval_ms: rule.minIntervalMs,
    max_gas_share_bps: rule.maxGasShareBps,
    latest_after_ms: rule.latestAfterMs,
    hold_reason: rule.holdReason,
  }));
  const made = await rows(
    tx,
    { id: Number },
    sql`INSERT INTO payee_rule (${ANSWER}, threshold_wei, min_interval_ms, max_gas_share_bps,
                                latest_after_ms, hold_reason)
        SELECT new.*
          FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS new (${NEW_ANSWER},
                 threshold_wei numeric, min_interval_ms bigint, max_gas_share_bps integer,
                 latest_after_ms bigint, hold_reason text)
          LEFT JOIN LATERAL (${inForce('payee_rule', sql`new.payee`, sql`new.from_dt`)}) old ON true
         WHERE (new.threshold_wei, new.min_interval_ms, new.max_gas_share_bps, new.latest_after_ms, new.hold_reason)
               IS DISTINCT FROM (old.threshold_wei, old.min_interval_ms, old.max_gas_share_bps, old.latest_after_ms,
                                 old.hold_reason)
        RETURNING id`,
  );
  return made.length;
}

async function insertAdmissions(
  tx: Transaction,
  admissions: readonly RecordedAdmission[],
): Promise<number> {
  const given = admissions.map((admission) => ({
    ...answerOf(admission),
    admitted: admission.admitted,
    invited: admission.invited,
    code: admission.admitted ? null : admission.code,
    lifted_by: admission.admitted ? null : admission.liftedBy,
  }));
  const made = await rows(
    tx,
    { id: Number },
    sql`INSERT INTO payee_admission (${ANSWER}, admitted, invited, code, lifted_by)
        SELECT new.*
          FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS new (${NEW_ANSWER},
                 admitted boolean, invited boolean, code text, lifted_by text)
          LEFT JOIN LATERAL (${inForce('payee_admission', sql`new.payee`, sql`new.from_dt`)}) old ON true
         WHERE (new.admitted, new.invited, new.code, new.lifted_by)
               IS DISTINCT FROM (coalesce(old.admitted, true), coalesce(old.invited, false), old.code, old.lifted_by)
        RETURNING id`,
  );
  return made.length;
}
