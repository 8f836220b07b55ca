import type { Decision } from '../../core/ledger/store/audit-log.js';
import { changeWords, type TermsValues, type TermsVersion } from '../../core/terms/rules/terms.js';
import type { TermsChange, TermsHistory } from '../../core/terms/store/recorded-terms.js';
import { amount } from './amounts.js';

/** The state of a version of the terms. Exactly one is in force; those that were in force before are replaced. */
export type TermsState = 'in-force' | 'announced' | 'withdrawn' | 'replaced';

export function stateOfTerms(version: TermsVersion, { inForce, now }: TermsHistory): TermsState {
  if (version.isWithdrawn) return 'withdrawn';
  if (version.id === inForce.id) return 'in-force';
  return version.fromMs > now.getTime() ? 'announced' : 'replaced';
}

export function viewTermsValues(values: TermsValues) {
  const { commissionBps, thresholdWei, minIntervalMs, rounding } = values;
  return {
    commissionBps,
    ...amount('payoutThreshold', thresholdWei),
    minPayoutIntervalMs: minIntervalMs,
    rounding,
  };
}

export function viewTerms(version: TermsVersion) {
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
    readonly [Name in keyof TermsValues]: TermsValues[Name] | undefined;
  },
): Partial<TermsValues> {
  const named = Object.entries(said).filter(([, value]) => value !== undefined);
  return Object.fromEntries(named) as Partial<TermsValues>;
}
