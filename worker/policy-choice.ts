/** Which policy a version of the terms has. */
import type { Config } from '../config/config.js';
import type { PolicyChoice } from '../core/policies/asking.js';
import { PLAIN_TERMS, toJson } from '../core/policies/rules/pool-terms.js';
import type { TermsVersion } from '../core/terms/rules/terms.js';

export function policyChoice(
  { baseDir }: Pick<Config, 'baseDir'>,
  { commissionBps, policy }: Pick<TermsVersion, 'commissionBps' | 'policy'>,
): PolicyChoice {
  const module = policy?.module ?? null;
  if (policy && module !== null) return { module, options: toJson(policy.options), baseDir };
  const terms = typeof policy?.options === 'object' ? policy.options : PLAIN_TERMS;
  return { module, options: toJson({ ...terms, defaults: { commissionBps } }), baseDir };
}
