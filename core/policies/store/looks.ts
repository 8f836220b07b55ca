/** Keeps how payees are shown: nickname, tier and badge, as the policy last said. */
import { eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader, Transaction } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { payeeLook } from './tables.js';

export interface PayeeLook {
  readonly payee: Address;
  readonly nickname: string | null;
  readonly tier: string | null;
  readonly badge: string | null;
}

/** Reads how the payee is shown; undefined when there is nothing to show. */
export async function findLook(reader: Reader, address: Address): Promise<PayeeLook | undefined> {
  const { payee, nickname, tier, badge } = payeeLook;
  const [found] = await reader
    .select({ payee, nickname, tier, badge })
    .from(payeeLook)
    .where(eq(payee, address));
  return found;
}

/** Writes the looks that differ from what is kept. Returns how many there were. */
export async function recordLooks(
  tx: Transaction,
  looks: readonly PayeeLook[],
  { name, version }: { readonly name: string; readonly version: string },
): Promise<number> {
  const made = await rows(
    tx,
    { payee: String },
    sql`INSERT INTO payee_look AS old (payee, nickname, tier, badge, policy, policy_version)
        SELECT new.*, ${name}::text, ${version}::text
          FROM jsonb_to_recordset(${JSON.stringify(looks)}::jsonb) AS new (payee text, nickname text, tier text, badge text)
         -- A payee without a look has no row, as long as nothing was ever shown for it.
         WHERE num_nonnulls(new.nickname, new.tier, new.badge) > 0
            OR EXISTS (SELECT FROM payee_look known WHERE known.payee = new.payee)
        ON CONFLICT (payee) DO UPDATE
          SET nickname = excluded.nickname, tier = excluded.tier, badge = excluded.badge, policy = excluded.policy,
              policy_version = excluded.policy_version, updated_at = now()
        WHERE (old.nickname, old.tier, old.badge) IS DISTINCT FROM (excluded.nickname, excluded.tier, excluded.badge)
        RETURNING payee`,
  );
  return made.length;
}
