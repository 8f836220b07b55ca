/** Which policy the terms of this worker's configuration have. */
import type { Config } from '../config/config.js';
import type { PolicyChoice } from '../core/policies/asking.js';
import { toJson } from '../core/policies/rules/pool-terms.js';
import type { TermsVersion } from '../core/terms/rules/terms.js';

export function policyChoice(
  { pool, baseDir }: Pick<Config, 'pool' | 'baseDir'>,
  { commissionBps }: Pick<TermsVersion, 'commissionBps'>,
): PolicyChoice {
  const { policy, terms } = pool;
  if (policy !== null) return { module: policy.module, options: toJson(policy.options), baseDir };
  return { module: null, options: toJson({ ...terms, defaults: { commissionBps } }), baseDir };
}
