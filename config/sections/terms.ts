import type { TermsFile } from '../../core/terms/rules/terms.js';
import type { Config } from '../config.js';

/** What a configuration says of the terms. In force are those of the ledger. */
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
