import { Context } from '@temporalio/activity';
import { type DeliveryDeps, deliverNotices } from '../core/notices/delivering.js';
import { targetsWithWork } from '../core/notices/store/deliveries.js';
import { spreadNotices, tidyNotices } from '../core/notices/store/spreading.js';
import { createSignedTargets } from '../core/self-service/notice-targets.js';
import { sweepNotices, type TellingDeps } from '../core/sentinel/telling.js';
import type { NoticesInput, Unscoped } from '../workflows/contract.js';
import { beating } from './beating.js';
import { guarded } from './failure.js';

/** One run delivers for at most so many ms; what is left, the next one delivers. */
const RUN_MS = 5 * 60_000;
/** No try to deliver takes longer than this many ms. */
const TRY_MS = 60_000;

/** One run delivers to at most so many targets; the next run goes on with the others. */
const MOST_TARGETS = 100;

/** What only time brings about is looked for once in so many ms. */
const SWEEP_MS = 60_000;

export interface NoticeDeps extends DeliveryDeps, Pick<TellingDeps, 'keepInWalletWei' | 'round'> {}

/** Builds the activities that tell people what happened. */
export function createNoticeActivities(deps: NoticeDeps) {
  const { db, targets, backOff, keepInWalletWei, round } = deps;
  let sweptMs = Number.NEGATIVE_INFINITY;
  const signedTargets = createSignedTargets(db);
  const allTargets = async () => new Map([...(await signedTargets()), ...targets]);
  return {
    /** Makes deliveries of new notices, and returns the targets that have something due. */
    spreadNotices: guarded(async () => {
      const all = await allTargets();
      const told = [...all.values()].map(({ target }) => target);
      if (performance.now() - sweptMs > SWEEP_MS) {
        sweptMs = performance.now();
        if (told.length > 0) await sweepNotices({ db, targets: told, keepInWalletWei, round });
        await tidyNotices(db, backOff.giveUpAfterMs);
      }
      await spreadNotices(db, told);
      const targetIds = await targetsWithWork(db, [...all.keys()]);
      return { targetIds: targetIds.slice(0, MOST_TARGETS) };
    }),
    deliverNotices: guarded(({ targetId }: Unscoped<NoticesInput>) => {
      const { cancellationSignal: signal } = Context.current();
      return beating('begins', TRY_MS, async (onProgress) => {
        const run = { targetId, signal, mostMs: RUN_MS, onProgress };
        return deliverNotices({ ...deps, targets: await allTargets() }, run);
      });
    }),
  };
}
