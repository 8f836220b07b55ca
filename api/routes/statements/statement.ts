/** The statement of a payee: what was credited and paid in a period, as JSON and as CSV. */
import { z } from 'zod';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { periodOf, statementCsv, statementJson } from '../../../client/statements/statement.js';
import { parseAddress } from '../../../core/chain/checksums.js';
import { findPayee } from '../../../core/payees/store/payee-reads.js';
import type { StatementLine } from '../../../core/statements/rules/statement-lines.js';
import { statementParts } from '../../../core/statements/statement.js';
import { publicRegion } from '../../outside.js';
import type { Routes } from '../../request.js';
import { STATEMENTS } from '../../schemas/statements.js';
import { streamed } from '../../streamed.js';
import { dayText } from '../earnings/days.js';
import { unknownPayee } from '../payees.js';

const statementQuery = z.strictObject({
  from: dayText.optional(),
  to: dayText.optional(),
  format: z.enum(['json', 'csv']).default('json'),
});

export function statementRoutes(routes: Routes, pool: RunningPool): void {
  const { db } = pool;
  const path = '/v1/payees/:address/statement';
  routes.get(path, statementQuery, STATEMENTS.statement, async (asked, { c, id, shows }) => {
    const { format, ...named } = asked;
    const payee = parseAddress(id);
    if ((await findPayee(db, payee)) === undefined) throw unknownPayee(payee);
    const shown = shows.words ? (line: StatementLine) => line : outward;
    const order = { payee, named: { from: named.from, to: named.to }, now: nowOf(pool), shown };
    const parts = statementParts(db, { payee, period: periodOf(order.named) });
    if (format === 'json') {
      return streamed({ c, shows }, statementJson(parts, order), {
        'content-type': 'application/json',
      });
    }
    const days = [named.from, named.to].filter((day) => day !== undefined).map((day) => `-${day}`);
    return streamed({ c, shows }, statementCsv(parts, order), {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="statement-${payee}${days.join('')}.csv"`,
    });
  });
}

/** Takes out of a line what only a token shows: what a person wrote, and a region's name that is none. */
function outward(line: StatementLine): StatementLine {
  const region = line.region === null ? null : publicRegion(line.region);
  return { ...line, region, reference: null, reason: null };
}
