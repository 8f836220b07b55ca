/** The performance guard: how workers stand, what operators decide instead, and whether orchestrators obey. */
import { z } from 'zod';
import {
  PREFERENCE_ADVICE,
  readEffect,
  viewEffect,
  viewOverride,
  viewStanding,
} from '../../client/guard/guard-views.js';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { withChecksums } from '../../core/chain/checksums.js';
import { changeOrRehearse } from '../../core/db/transact.js';
import { GUARD_STATES } from '../../core/guard/rules/states.js';
import { listStates } from '../../core/guard/standings.js';
import { addOverride, listOverrides, withdrawOverride } from '../../core/guard/store/overrides.js';
import {
  addressText,
  eventTimeText,
  listQuery,
  noQuery,
  type Routes,
  rehearsableBody,
} from '../request.js';
import { GUARD } from '../schemas/guard.js';

const LONGEST_NAME = 200;
const name = z.string().min(1).max(LONGEST_NAME).nullable().default(null);
const standingsQuery = listQuery({ payee: addressText.optional() });
const overrideBody = rehearsableBody.extend({
  ethAddress: addressText,
  state: z.enum(GUARD_STATES),
  from: eventTimeText.nullable().default(null),
  until: eventTimeText,
  nodeType: z.enum(['ai', 'transcode']).nullable().default(null),
  region: name,
  pipeline: name,
  modelId: name,
});

export function guardRoutes(routes: Routes, pool: RunningPool): void {
  const { db, config } = pool;
  routes.list('/v1/guard', standingsQuery, GUARD.list, async ({ filter, page }) => {
    const { items, nextCursor } = await listStates(db, filter, page);
    const workers = withChecksums(items.map(viewStanding));
    return { mode: config.guard.mode, workers, nextCursor };
  });
  routes.get('/v1/guard/effect', noQuery, GUARD.effect, async () => {
    const hours = await readEffect(db, nowOf(pool).getTime());
    return { advice: PREFERENCE_ADVICE, hours: hours.map(viewEffect) };
  });
  routes.list('/v1/guard/overrides', listQuery({}), GUARD.overrides, async ({ page }) => {
    const { items, nextCursor } = await listOverrides(db, page);
    return { overrides: withChecksums(items.map(viewOverride)), nextCursor };
  });
  routes.post('/v1/guard/overrides', overrideBody, GUARD.override, async (body) => {
    const { dryRun, ethAddress: payee, from, until, ...rest } = body;
    const times = { from: from === null ? null : new Date(from), until: new Date(until) };
    const order = { ...rest, ...times, payee };
    const made = await changeOrRehearse(db, dryRun, (tx) => addOverride(tx, order));
    return { dryRun, override: withChecksums(viewOverride(made)) };
  });
  routes.post(
    '/v1/guard/overrides/:id/withdraw',
    rehearsableBody,
    GUARD.withdraw,
    async ({ dryRun, ...decision }, asked) => {
      const id = readOverrideId(asked.id);
      const ended = await changeOrRehearse(db, dryRun, (tx) => withdrawOverride(tx, id, decision));
      return { dryRun, override: withChecksums(viewOverride(ended)) };
    },
  );
}

export function readOverrideId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('OVERRIDE_NOT_FOUND', 'The id of an override is a number.');
}
