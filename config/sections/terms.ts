import type { TermsFile } from '../../core/terms/rules/terms.js';
import type { Config } from '../config.js';

/** The terms as the configuration states them. Those in force are the ledger's. */
export function termsFileOf({ pool }: Pick<Config, 'pool'>): TermsFile {
  return {
    values: {
      commissionBps: pool.commissionBps,
      thresholdWei: pool.payoutThresholdWei,
      minIntervalMs: pool.minPayoutIntervalMs,
      rounding: pool.rounding,
    },
    namedMs: pool.termsFrom?.getTime() ?? null,
  };
}
