/** Findings about the pool's policy: it cannot be used, or answered wrongly when it was last asked; its bonus' budget is spent. */
import { counted } from '../../base/counted.js';
import { ethAndWei } from '../../base/money.js';
import type { PolicyFailure } from '../../policies/rules/resolving-report.js';
import type { Found } from './finding.js';

/** Which question each function of a policy answers. */
const ABOUTS: Readonly<Record<string, string>> = {
  terms: 'the commission',
  due: 'when somebody is paid',
  admit: 'who is admitted',
  rank: 'the states of workers',
  show: 'how somebody is shown',
};

export function watchPolicy(failures: readonly PolicyFailure[]): readonly Found[] {
  return failures.map(({ about, policy, policyVersion, payee, payees, wrong }) => {
    const name = `the policy ${policy}${policyVersion === '' ? '' : ` ${policyVersion}`}`;
    const what =
      about === 'load'
        ? `${name} cannot be used: ${wrong}`
        : `${name} fails about ${ABOUTS[about] ?? about} of ${counted(payees, 'payee')}: ${wrong}`;
    return {
      code: 'POLICY_FAILED' as const,
      subject: about,
      measure: payees,
      words: `${what}. What it said last stays in force, and nobody is paid less; try a corrected one with openpool policy check`,
      figures: { policy, policyVersion, payee, payees },
    };
  });
}

/** A bonus of which more is due than its budget has. */
interface SpentBudget {
  /** When the bonus begins; empty: its terms do not say. */
  readonly since: string;
  readonly spentWei: bigint;
  readonly shortWei: bigint;
}

export function watchBonuses(spent: readonly SpentBudget[]): readonly Found[] {
  return spent.map(({ since, spentWei, shortWei }) => ({
    code: 'BONUS_SPENT' as const,
    subject: since,
    words: `the budget of the bonus is spent (${ethAndWei(spentWei)}): ${ethAndWei(shortWei)} more would be due for the last days. Raise pool.terms.bonus.budget, or end the bonus`,
    figures: { spentWei: spentWei.toString(), shortWei: shortWei.toString() },
  }));
}
