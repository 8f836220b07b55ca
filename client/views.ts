/** Shows what API and command line both answer: amounts, terms, and what a person's decisions came to. */
import { formatEth, formatUnits } from '../core/base/money.js';
import { withChecksums } from '../core/chain/checksums.js';
import type { Resumed } from '../core/checks/store/resuming.js';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../core/decisions/rules/decision-reports.js';
import type { MovedSource } from '../core/events/store/sources/source-register.js';
import type { Decision } from '../core/ledger/store/audit-log.js';
import { dayOf } from '../core/payees/rules/earned-days.js';
import { claimsOf } from '../core/policies/claims/claimed.js';
import { CLAIM_WORDS, type Claim } from '../core/policies/rules/claims.js';
import { changeWords, type TermsValues, type TermsVersion } from '../core/terms/rules/terms.js';
import type { TermsChange, TermsHistory } from '../core/terms/store/recorded-terms.js';

/** Shows an amount: exact wei for programs, ETH next to it for people. */
export function amount<Name extends string>(name: Name, wei: bigint) {
  const both = { [`${name}Wei`]: wei.toString(), [`${name}Eth`]: formatEth(wei) };
  return both as Readonly<Record<`${Name}Wei` | `${Name}Eth`, string>>;
}

/** Shows an amount that may be unknown, as two nulls. */
export function amountOrNull<Name extends string>(name: Name, wei: bigint | null) {
  const both = wei === null ? { [`${name}Wei`]: null, [`${name}Eth`]: null } : amount(name, wei);
  return both as Readonly<Record<`${Name}Wei` | `${Name}Eth`, string | null>>;
}

type Fees = Pick<JobDecisionReport, 'grossWei' | 'commissionWei' | 'netWei'>;

const fees = ({ grossWei, commissionWei, netWei }: Fees) => ({
  ...amount('gross', BigInt(grossWei)),
  ...amount('commission', BigInt(commissionWei)),
  ...amount('net', BigInt(netWei)),
});

export function viewJobDecision(report: JobDecisionReport) {
  const shown = report.shown.map((one) => ({ ...one, ...fees(one) }));
  return withChecksums({ ...report, ...fees(report), shown });
}

export function viewAdjustment(report: AdjustmentReport) {
  return withChecksums({
    ...report,
    ...amount('amount', BigInt(report.amountWei)),
    ...amount('pending', BigInt(report.pendingWei)),
  });
}

type TermsState = 'in-force' | 'announced' | 'replaced' | 'withdrawn';

/** Returns the state of a version of the terms. Exactly one is in force; the earlier ones are replaced. */
export function stateOfTerms(version: TermsVersion, { inForce, now }: TermsHistory): TermsState {
  if (version.isWithdrawn) return 'withdrawn';
  if (version.id === inForce.id) return 'in-force';
  return version.fromMs > now.getTime() ? 'announced' : 'replaced';
}

export function viewTermsValues(values: TermsValues) {
  const { commissionBps, thresholdWei, minIntervalMs, rounding, policy } = values;
  return {
    commissionBps,
    ...amount('payoutThreshold', thresholdWei),
    minPayoutIntervalMs: minIntervalMs,
    rounding,
    policy: policy ? { module: policy.module, hash: policy.hash } : null,
    claims: claimsOf(values).map(({ until = null, ...one }) => ({
      ...one,
      until,
      words: CLAIM_WORDS,
    })),
  };
}

/** Shows what is claimed of an asset: exact smallest units, and the same as a decimal number. */
export function viewClaim({ asset, units, decimals, fromMs, toMs }: Claim) {
  return {
    asset,
    amount: formatUnits(units, decimals),
    units: units.toString(),
    decimals,
    from: dayOf(fromMs),
    to: dayOf(toMs),
    words: CLAIM_WORDS,
  };
}

function viewTerms(version: TermsVersion) {
  return {
    id: String(version.id),
    from: new Date(version.fromMs),
    namedFrom: new Date(version.namedMs),
    recordedAt: new Date(version.recordedMs),
    ...viewTermsValues(version),
  };
}

/** Shows the versions of the terms, the newest first. Without `acts`, leaves out who changed them and why. */
export function viewTermsHistory(
  history: TermsHistory,
  acts: ReadonlyMap<string, Decision> | null,
) {
  const versions = history.versions.toReversed().map((version) => {
    const act = acts?.get(String(version.id));
    return {
      ...viewTerms(version),
      state: stateOfTerms(version, history),
      ...(acts === null ? {} : { actor: act?.actor ?? null, reason: act?.reason ?? null }),
    };
  });
  return {
    now: history.now,
    inForce: viewTerms(history.inForce),
    announced: versions.filter(({ state }) => state === 'announced').toReversed(),
    versions,
  };
}

export function viewTermsChange(change: TermsChange, dryRun: boolean) {
  const { changed, before, after, withdrawn } = change;
  return {
    applied: !dryRun,
    changed,
    words: termsChangedWords(change),
    before: viewTerms(before),
    after: viewTerms(after),
    withdrawn: withdrawn.map(viewTerms),
  };
}

function termsChangedWords({ changed, before, after, withdrawn }: TermsChange): string {
  if (!changed) return 'these terms hold from then on already';
  const from = new Date(after.fromMs).toISOString();
  const taken = withdrawn.map(({ fromMs }) => new Date(fromMs).toISOString()).join(', ');
  const rest = withdrawn.length === 0 ? '' : `; what was announced for ${taken} is withdrawn`;
  return `${changeWords(before, after)}, for jobs and rounds from ${from} on${rest}`;
}

/** Returns the terms that a request sets, without the fields that it leaves out. */
export function namedTerms(
  said: {
    readonly [Name in keyof Omit<TermsValues, 'policy'>]: TermsValues[Name] | undefined;
  },
): Partial<TermsValues> {
  const named = Object.entries(said).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as Partial<TermsValues>;
}

export const RESUMED_WORDS =
  'it is read again at its next turn, and compared again: if it still gives the events of another source it is stopped again, and nothing of that counts';

/** Says what moving a source changed, and what the operator has to do next. */
export function movedWords({ from, to, changed, newestAt, mustProve }: MovedSource): string {
  if (!changed) return `it reads ${to} already: nothing was changed`;
  const proof = mustProve
    ? `nothing new counts before that address has shown a job that counts already; the newest event is of ${newestAt?.toISOString()}`
    : 'it need not know the events of before';
  return `from ${from} to ${to}; ${proof}. Put the new address into the configuration and restart the workers: those that still read the old one are refused`;
}

/** Says what resuming the wallet changed. */
export function resumedWords({ changed, remaining: [still] }: Resumed): string {
  if (still !== undefined) return withChecksums(`still halted, ${still.code}: ${still.reason}`);
  return changed ? 'resumed: payouts go on within a minute' : 'it was not halted';
}

/** Says what releasing a payee changed. */
export const releasedWords = (changed: boolean): string =>
  changed ? 'released: the next round may pay it' : 'nothing stood in its way';

/** Says what pausing the sync changed. */
export const syncPauseWords = (changed: boolean): string =>
  changed
    ? 'paused: no pass begins on any source until it is resumed; what happens meanwhile is read then'
    : 'it was paused before, and still is';

/** Says what ending the pause of the sync changed. */
export const syncResumeWords = (changed: boolean): string =>
  changed ? 'resumed: the next passes begin on schedule' : 'it was not paused';
