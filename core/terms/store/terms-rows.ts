/**
 * The query by which crediting and rebuilding read the dated terms, together with other statements in one round trip.
 */
import type { Rounding } from '../../base/money.js';
import type { Terms } from '../rules/terms.js';

/**
 * Selects all versions, ascending, including withdrawn ones, because a job from a clock that was ahead may have been
 * credited under one.
 */
export const READ_TERMS = `SELECT id, extract(epoch FROM from_dt) * 1000 AS from_ms, commission_bps, rounding,
  withdrawn_at IS NOT NULL AS withdrawn FROM terms ORDER BY from_dt`;

export interface TermsRow {
  readonly id: number;
  readonly from_ms: string;
  readonly commission_bps: number;
  readonly rounding: Rounding;
  readonly withdrawn: boolean;
}

export function toTerms(row: TermsRow): Terms {
  const { id, commission_bps: commissionBps, rounding, withdrawn: isWithdrawn } = row;
  return { id, fromMs: Number(row.from_ms), commissionBps, rounding, isWithdrawn };
}
