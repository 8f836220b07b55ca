/** The cut-over from another manager: what it paid is taken over, and this pool pays from then on. */
import { PoolError } from '../base/errors/pool-error.js';
import type { ShadowSettings } from './comparing.js';
import { isManagerThere } from './first-manager-http.js';
import { type ImportDeps, type ImportOrder, type ImportReport, importFile } from './importing.js';
import { shadowFault } from './rules/shadow-report.js';
import { readShadowFigures } from './store/shadows.js';

export type PromotionOrder = Omit<
  ImportOrder,
  'balances' | 'commissionBps' | 'until' | 'isPromotion'
>;

/**
 * Promotes the pool with the last copy of the other manager's file, or in a dry run only says what would be booked. Throws
 * SHADOW_NOT_ON, SHADOW_UNEXPLAINED while the last comparison is old, failed or has something unexplained, MANAGER_STILL_RUNS
 * while the other manager answers, and what `importFile` throws: its comparison, job by job, must explain everything too.
 */
export async function promote(
  deps: ImportDeps,
  settings: ShadowSettings,
  order: PromotionOrder,
): Promise<ImportReport> {
  const figures = await readShadowFigures(deps.db);
  if (figures === undefined) {
    throw new PoolError('SHADOW_NOT_ON', 'this pool does not run beside another manager');
  }
  const { last } = figures;
  // What a person accepts as unexplained is no fault; a comparison that is old or failed says nothing that could be accepted.
  const isAccepted = order.accepted.includes('unexplained');
  const fault = shadowFault(last && isAccepted ? { ...last, unexplained: 0 } : last, Date.now());
  if (fault !== null) {
    throw new PoolError('SHADOW_UNEXPLAINED', fault);
  }
  const { url, commissionBps } = settings;
  if (!order.dryRun && url !== null && (await isManagerThere(url))) {
    throw new PoolError(
      'MANAGER_STILL_RUNS',
      `the other manager still answers at ${url}: it may still pay`,
    );
  }
  const how = { balances: 'earned', commissionBps, until: null, isPromotion: true } as const;
  return importFile(deps, { ...order, ...how });
}
