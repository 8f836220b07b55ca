/**
 * Compares what looks wrong with the findings that are open. A condition that lasts is one finding, seen again at every
 * look. When it ends, the finding is resolved; when it returns, that is a new finding.
 */

/** The codes of everything that the sentinel can find; docs/operations.md has an entry for each. */
export const FINDING_CODES = [
  'SOURCE_READ_TWICE',
  'SOURCE_FAILING',
  'SOURCE_LATE',
  'SOURCE_SILENT',
  'SOURCE_EMPTY',
  'ZERO_FEE_JOBS',
  'JOBS_UNMATCHED',
  'PRICE_JUMP',
  'CLOCK_AHEAD',
  'CLOCK_BEHIND',
  'EVENTS_SET_ASIDE',
  'EVENTS_UNKNOWN',
  'FILES_INCOMPLETE',
  'FILES_OVERWRITTEN',
  'PAYOUTS_NOT_TAKEN',
  'RPC_SILENT',
  'POOL_NOT_COVERED',
  'WALLET_BELOW_WEEK',
  'CREDITED_ABOVE_REDEEMED',
  'REDEMPTIONS_UNSEEN',
  'TERMS_CHANGED',
  'TERMS_DIFFER',
  'POLICY_FAILED',
  'WORK_TOO_FAST',
  'JOBS_WITHOUT_TIME',
  'WORKER_FEES_JUMP',
  'CONNECTION_SHARED',
  'BONUS_SPENT',
  'ROUND_LATE',
  'ROUND_LEFT_OUT',
  'SAGA_STUCK',
  'AUDIT_LATE',
  'SHADOW_DIFFERS',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** How serious a finding is. `grave`: money or events are being lost, or it has lasted very long. */
export type Severity = 'warning' | 'grave';

/** The numbers behind a finding. Names of durations end in `Ms`, those of amounts (decimal strings of wei) in `Wei`. */
export type Figures = Readonly<Record<string, string | number | null>>;

/** What identifies a finding. The subject is empty when the finding is about the source as a whole. */
export interface FindingKey {
  readonly code: FindingCode;
  readonly sourceId: string;
  readonly subject: string;
}

/** A problem seen in the current check. It opens a finding, which stays open until a later check no longer sees the problem. */
export interface Condition extends FindingKey {
  readonly severity: Severity;
  /** How bad it is, as a number of any unit: the more, the worse. Null when the severity alone tells. */
  readonly measure: number | null;
  /** The message that people read. It contains no addresses of machines. */
  readonly words: string;
  readonly figures: Figures;
}

/** A condition as a rule finds it: without its source, and without what has the usual value (`conditionsOf`). */
export type Found = Pick<Condition, 'code' | 'words' | 'figures'> &
  Partial<Pick<Condition, 'subject' | 'severity' | 'measure'>>;

/** Adds the source, which is empty for the pool as a whole, and the usual values to what rules found. */
export function conditionsOf(sourceId: string, found: readonly Found[]): readonly Condition[] {
  const usual = { subject: '', severity: 'warning', measure: null } as const;
  return found.map((one) => ({ sourceId, ...usual, ...one }));
}

/** An open finding, as recorded at the last look. */
export interface OpenFinding extends FindingKey {
  readonly id: number;
  /** How bad it was when an operator acknowledged it; null when nobody has. */
  readonly acknowledged: Pick<Condition, 'severity' | 'measure'> | null;
}

const WORSE_FACTOR = 2;

/**
 * Compares what looks wrong now with the open findings. If two conditions have the same identity, only the first counts.
 */
export function compareFindings(open: readonly OpenFinding[], conditions: readonly Condition[]) {
  const byKey = new Map<string, Condition>();
  for (const condition of conditions) {
    const key = keyText(condition);
    if (!byKey.has(key)) byKey.set(key, condition);
  }
  const known = new Set(open.map(keyText));
  return {
    opened: [...byKey].flatMap(([key, condition]) => (known.has(key) ? [] : [condition])),
    seen: open.flatMap((finding) => {
      const condition = byKey.get(keyText(finding));
      if (condition === undefined) return [];
      // An acknowledgement lapses when it is now worse than what was acknowledged.
      return [{ id: finding.id, condition, lapses: isWorse(condition, finding.acknowledged) }];
    }),
    resolved: open.filter((finding) => !byKey.has(keyText(finding))),
  };
}

function isWorse(now: Condition, acknowledged: OpenFinding['acknowledged']): boolean {
  if (acknowledged === null) return false;
  if (now.severity === 'grave' && acknowledged.severity === 'warning') return true;
  if (now.measure === null || acknowledged.measure === null) return false;
  return now.measure >= acknowledged.measure * WORSE_FACTOR && now.measure > acknowledged.measure;
}

function keyText({ code, sourceId, subject }: FindingKey): string {
  return `${code}\n${sourceId}\n${subject}`;
}

/** What one look of the sentinel changed, and what is open after it. */
export interface SentinelReport {
  readonly sources: number;
  readonly opened: number;
  /** How many findings have become worse since they were acknowledged. */
  readonly worse: number;
  readonly resolved: number;
  readonly open: number;
  /** The open findings, at most 50 of them. */
  readonly findings: readonly {
    readonly code: string;
    readonly sourceId: string;
    readonly words: string;
  }[];
}
