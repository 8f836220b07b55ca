/** Reads under which version a policy has answered last. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';

/** Returns the versions of this policy in its newest row of each kind. */
export async function lastVersionsOf(reader: Reader, policy: string): Promise<readonly string[]> {
  const last = (table: string) => sql`
    SELECT version FROM (SELECT policy_version AS version FROM ${sql.raw(table)}
                          WHERE policy = ${policy} ORDER BY id DESC LIMIT 1) newest`;
  const found = await rows(
    reader,
    { version: String },
    sql`${last('worker_rate')} UNION ${last('payee_rule')} UNION ${last('payee_admission')}
        UNION (SELECT policy_version FROM payee_look WHERE policy = ${policy} ORDER BY updated_at DESC LIMIT 1)`,
  );
  return found.map(({ version }) => version);
}
