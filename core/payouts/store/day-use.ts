/** Reads what counts against the limit of a day. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import type { DayUse } from '../rules/payout-limits.js';
import { isSigned, payout } from './tables.js';

/**
 * Adds up what may have left the wallet in the last 24 hours by the database's clock. A signed payout's money can go
 * at any moment until it is settled, so it counts from its signature until a day after its settlement. Each payout is
 * one row and counts once, however often it was sent; a payout that ended without paying does not count. Callers that
 * decide by this must hold the wallet's lock.
 */
export async function readDayUse(reader: Reader): Promise<DayUse> {
  const [use] = await rows(
    reader,
    { usedWei: payout.amountWei, nextFreeAt: payout.closedAt },
    sql`SELECT coalesce(sum(amount_wei), 0) AS "usedWei",
               min(closed_at) + interval '24 hours' AS "nextFreeAt"
          FROM (SELECT amount_wei, NULL::timestamptz AS closed_at FROM payout
                 WHERE ${isSigned()}
                 UNION ALL
                SELECT amount_wei, closed_at FROM payout
                 WHERE state = 'paid' AND signed_at IS NOT NULL
                   AND closed_at > now() - interval '24 hours') counted`,
  );
  return use ?? { usedWei: 0n, nextFreeAt: null };
}
