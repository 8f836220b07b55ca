/** Shows and changes the dated terms. A change is one audited transaction and needs no Temporal. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { RunningPool } from '../../../client/running-pool.js';
import {
  namedTerms,
  viewTermsChange,
  viewTermsHistory,
  viewTermsValues,
} from '../../../client/views/terms-view.js';
import { LONGEST_MS } from '../../../config/reading/quantity.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { isPossibleWei, ROUNDINGS } from '../../../core/base/money.js';
import { rehearse, transact } from '../../../core/db/transact.js';
import { listActs } from '../../../core/ledger/store/audit-log-reads.js';
import { differenceWords } from '../../../core/terms/rules/terms.js';
import {
  changeTerms,
  readTermsHistory,
  type TermsHistory,
} from '../../../core/terms/store/recorded-terms.js';
import { type RunningFile, runningFiles } from '../../../core/terms/store/worker-terms.js';
import type { Access } from '../../access.js';
import { ACTOR, eventTimeText, readOrder, refuseQuery, rehearsableBody } from '../../request.js';

const changeBody = rehearsableBody.extend({
  commissionBps: z.number().int().min(0).max(10_000).optional(),
  payoutThresholdWei: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'a whole number of wei')
    .transform(BigInt)
    .refine(isPossibleWei, 'more wei than there are')
    .optional(),
  minPayoutIntervalMs: z.number().int().min(0).max(LONGEST_MS).optional(),
  rounding: z.enum(ROUNDINGS).optional(),
  from: eventTimeText.nullable().default(null),
});

export function termsRoutes({ db }: RunningPool, access: Access): Hono {
  const app = new Hono();
  app.get('/', async (c) => {
    refuseQuery(c);
    const isTrusted = access.bringsToken(c);
    const [history, acts, files] = await Promise.all([
      readTermsHistory(db),
      listActs(db, 'terms.change'),
      runningFiles(db),
    ]);
    return c.json({
      ...viewTermsHistory(history, isTrusted ? acts : null),
      files: files.map((file) => viewFile(file, history, isTrusted)),
    });
  });
  app.post('/', async (c) => {
    const { reason, dryRun, from, ...body } = await readOrder(access, c, changeBody);
    const changes = namedTerms({
      commissionBps: body.commissionBps,
      thresholdWei: body.payoutThresholdWei,
      minIntervalMs: body.minPayoutIntervalMs,
      rounding: body.rounding,
    });
    if (Object.keys(changes).length === 0) {
      const fields = 'commissionBps, payoutThresholdWei, minPayoutIntervalMs, rounding';
      throw new PoolError('REQUEST_INVALID', `The body says nothing of the terms: ${fields}.`);
    }
    const order = { changes, from: from === null ? null : new Date(from), reason, actor: ACTOR };
    const change = await (dryRun ? rehearse : transact)(db, (tx) => changeTerms(tx, order));
    return c.json(viewTermsChange(change, dryRun));
  });
  return app;
}

/** Shows the terms in a running worker's file. The worker is named only with the token. */
function viewFile(file: RunningFile, { versions, now }: TermsHistory, isTrusted: boolean) {
  const { worker, values, namedMs } = file;
  return {
    ...(isTrusted ? { worker } : {}),
    ...viewTermsValues(values),
    termsFrom: namedMs === null ? null : new Date(namedMs),
    differs: differenceWords(file, versions, now.getTime()),
  };
}
