/** The dated terms, and the act that changes them: one audited transaction, Temporal or not. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../../../client/deps.js';
import { parseEventTime } from '../../../client/event-times.js';
import {
  viewTermsChange,
  viewTermsHistory,
  viewTermsValues,
} from '../../../client/views/terms-view.js';
import { LONGEST_MS } from '../../../config/reading/quantity.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import { isPossibleWei, ROUNDINGS } from '../../../core/base/money.js';
import { rehearse, transact } from '../../../core/db/transact.js';
import { listActs } from '../../../core/ledger/store/audit-log-reads.js';
import { differenceWords } from '../../../core/sentinel/rules/watch-terms.js';
import {
  changeTerms,
  readTermsHistory,
  type TermsHistory,
} from '../../../core/terms/store/recorded-terms.js';
import { type RunningFile, runningFiles } from '../../../core/terms/store/worker-terms.js';
import type { Access } from '../../access.js';
import { readBody, reasonText, refuseQuery } from '../../request.js';

const changeBody = z.strictObject({
  commissionBps: z.number().int().min(0).max(10_000).optional(),
  payoutThresholdWei: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,77})$/, 'a whole number of wei')
    .transform(BigInt)
    .refine(isPossibleWei, 'more wei than there are')
    .optional(),
  minPayoutIntervalMs: z.number().int().min(0).max(LONGEST_MS).optional(),
  rounding: z.enum(ROUNDINGS).optional(),
  from: z.string().transform(parseEventTime).nullable().default(null),
  reason: reasonText.min(1, 'say why'),
  dryRun: z.boolean().default(false),
});

export function termsRoutes({ db }: ApiDeps, access: Access): Hono {
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
    access.requireToken(c);
    const { reason, dryRun, from, ...body } = await readBody(c, changeBody);
    const changes = {
      ...(body.commissionBps === undefined ? {} : { commissionBps: body.commissionBps }),
      ...(body.payoutThresholdWei === undefined ? {} : { thresholdWei: body.payoutThresholdWei }),
      ...(body.minPayoutIntervalMs === undefined
        ? {}
        : { minIntervalMs: body.minPayoutIntervalMs }),
      ...(body.rounding === undefined ? {} : { rounding: body.rounding }),
    };
    if (Object.keys(changes).length === 0) {
      const fields = 'commissionBps, payoutThresholdWei, minPayoutIntervalMs, rounding';
      throw new PoolError('REQUEST_INVALID', `The body says nothing of the terms: ${fields}.`);
    }
    const order = { changes, from: from === null ? null : new Date(from), reason, actor: 'api' };
    const change = await (dryRun ? rehearse : transact)(db, (tx) => changeTerms(tx, order));
    return c.json(viewTermsChange(change, dryRun));
  });
  return app;
}

/** Where a worker runs is nobody's business but the operator's. */
function viewFile(file: RunningFile, { versions, now }: TermsHistory, isTrusted: boolean) {
  const { worker, values, namedMs } = file;
  return {
    ...(isTrusted ? { worker } : {}),
    ...viewTermsValues(values),
    termsFrom: namedMs === null ? null : new Date(namedMs),
    differs: differenceWords(file, versions, now.getTime()),
  };
}
