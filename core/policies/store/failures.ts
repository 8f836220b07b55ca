/** Keeps what was wrong with the policy when it was last asked. */
import { asc, sql } from 'drizzle-orm';
import type { Reader, Transaction } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import type { PolicyFailure } from '../rules/resolving-report.js';
import { policyFailure } from './tables.js';

const OF_THE_PASS = ['load', 'terms', 'due', 'admit', 'show'] as const;

/**
 * Puts the failures about what was asked in place of those of the last time. What fails since then keeps the time at which it
 * began. The guard asks about states, and the pass over the policy about all else: neither ends what the other found.
 */
export async function recordFailures(
  tx: Transaction,
  found: readonly PolicyFailure[],
  asked: readonly PolicyFailure['about'][] = OF_THE_PASS,
): Promise<void> {
  const failures = found.filter(({ about }) => asked.includes(about));
  const abouts = failures.map(({ about }) => about);
  await tx
    .delete(policyFailure)
    .where(sql`about = ANY(${list(asked)}::text[]) AND NOT about = ANY(${list(abouts)}::text[])`);
  if (failures.length === 0) return;
  const { about, policy, policyVersion, payee, payees, wrong } = policyFailure;
  const fresh = Object.fromEntries(
    Object.entries({ policy, policyVersion, payee, payees, wrong }).map(([key, column]) => [
      key,
      sql.raw(`excluded.${column.name}`),
    ]),
  );
  await tx
    .insert(policyFailure)
    .values([...failures])
    .onConflictDoUpdate({ target: about, set: { ...fresh, seenAt: sql`now()` } });
}

/** Whether anything that a policy answered was ever recorded. */
export async function hasAnswers(reader: Reader): Promise<boolean> {
  const found = await query(
    reader,
    sql`SELECT WHERE EXISTS (SELECT FROM payee_admission) OR EXISTS (SELECT FROM payee_rule)
                  OR EXISTS (SELECT FROM worker_rate)`,
  );
  return found.length > 0;
}

/** Reads what is wrong with the policy; nothing while it answers well. */
export async function readFailures(reader: Reader) {
  return reader.select().from(policyFailure).orderBy(asc(policyFailure.about));
}
