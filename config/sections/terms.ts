import type { TermsFile } from '../../core/terms/rules/terms.js';
import type { Config } from '../config.js';

/** Returns the terms that the configuration states. The terms in force are those in the ledger. */
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
