/** Reads under which version a policy has answered last. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';

/** When the terms in force came into force. */
const SINCE_TERMS = sql`(
  SELECT max(from_dt) FROM terms WHERE withdrawn_at IS NULL AND from_dt <= now())`;

/**
 * Returns the versions of this policy in its newest row of each kind that holds already and was recorded under the terms in force.
 * What is planned for announced terms, and what was answered under earlier ones, keeps nobody from being asked: a person who
 * dates other terms decides which code answers.
 */
export async function lastVersionsOf(reader: Reader, policy: string): Promise<readonly string[]> {
  const last = (table: string) => sql`
    SELECT version FROM (SELECT policy_version AS version FROM ${sql.raw(table)}
                          WHERE policy = ${policy} AND from_dt <= now() AND recorded_at >= ${SINCE_TERMS}
                          ORDER BY id DESC LIMIT 1) newest`;
  const found = await rows(
    reader,
    { version: String },
    sql`${last('worker_rate')} UNION ${last('payee_rule')} UNION ${last('payee_admission')}
        UNION (SELECT policy_version FROM payee_look 
                WHERE policy = ${policy} AND updated_at >= ${SINCE_TERMS} ORDER BY updated_at DESC LIMIT 1)`,
  );
  return found.map(({ version }) => version);
}
