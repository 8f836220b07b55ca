/** Findings about the terms: they change, or a worker's configuration file has other terms. */
import { counted } from '../../base/counted.js';
import {
  changeWords,
  judgeFile,
  type TermsFile,
  type TermsVersion,
  termsAt,
  termsWords,
} from '../../terms/rules/terms.js';
import type { Condition } from './finding.js';

export interface TermsFigures {
  /** All versions of the terms, ascending by the time from which they apply. */
  readonly versions: readonly TermsVersion[];
  readonly files: readonly TermsFile[];
  /** The present time by the database's clock. */
  readonly nowMs: number;
}

/**
 * A change of the terms is a finding for this long after it was recorded, and again for this long after it comes into
 * force.
 */
const SHOWN_MS = 86_400_000;

/** These findings are about the pool as a whole and name no source. */
export function watchTerms(figures: TermsFigures): readonly Condition[] {
  if (figures.versions.length === 0) return [];
  return [...changes(figures), ...differences(figures)];
}

function changes({ versions, nowMs }: TermsFigures): readonly Condition[] {
  const standing = versions.filter(({ isWithdrawn }) => !isWithdrawn);
  return standing.slice(1).flatMap((version, i) => {
    const before = standing[i];
    const isFresh = (ms: number) => ms <= nowMs && nowMs < ms + SHOWN_MS;
    if (before === undefined || !(isFresh(version.recordedMs) || isFresh(version.fromMs)))
      return [];
    const from = new Date(version.fromMs).toISOString();
    const what = version.fromMs <= nowMs ? 'changed' : 'will change';
    return {
      code: 'TERMS_CHANGED',
      sourceId: '',
      subject: String(version.id),
      severity: 'warning',
      measure: null,
      words: `the terms ${what} at ${from}: ${changeWords(before, version)}`,
      figures: { version: version.id, from },
    } as const;
  });
}

function differences({ versions, files, nowMs }: TermsFigures): readonly Condition[] {
  const inForce = termsAt(versions, nowMs);
  const workers = new Map<string, { readonly why: string; count: number }>();
  for (const file of files) {
    const why = differenceWords(file, versions, nowMs);
    if (why === null) continue;
    const subject = termsWords(file.values);
    const known = workers.get(subject);
    if (known === undefined) workers.set(subject, { why, count: 1 });
    else known.count += 1;
  }
  return [...workers].map(([subject, { why, count }]) => ({
    code: 'TERMS_DIFFER',
    sourceId: '',
    subject,
    severity: 'warning',
    measure: null,
    words: `the configuration of ${counted(count, 'running worker')} says ${subject}: ${why}; in force are ${termsWords(inForce)}`,
    figures: { workers: count },
  }));
}

/** Explains why a file's terms are not those of the ledger; null when they agree. */
export function differenceWords(
  file: TermsFile,
  versions: readonly TermsVersion[],
  nowMs: number,
): string | null {
  const verdict = judgeFile(file, versions, nowMs);
  switch (verdict.kind) {
    case 'agrees':
      return null;
    case 'undated':
      return 'they are not recorded, because pool.termsFrom does not say from when they hold';
    case 'act':
      return 'they are recorded when a worker starts with it';
    case 'conflict':
      return 'other terms are recorded under its pool.termsFrom';
    case 'older': {
      const { version } = verdict;
      if (version === null) return 'its pool.termsFrom is older than that of the latest terms';
      const since = new Date(version.recordedMs).toISOString();
      const later = version.isWithdrawn ? 'have been withdrawn' : 'have been replaced';
      return `they were recorded at ${since} and ${later} since`;
    }
  }
}
