/**
 * What the sentinel found. A condition that lasts is one finding, seen again at every look; one that
 * ends is resolved, and one that returns is a new finding.
 */

/** docs/operations.md has an entry for each. */
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
  'TERMS_CHANGED',
  'TERMS_DIFFER',
  'ROUND_LATE',
  'ROUND_LEFT_OUT',
  'SAGA_STUCK',
  'AUDIT_LATE',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** `grave`: money or events are being lost, or it has lasted very long. */
export type Severity = 'warning' | 'grave';

/** Durations in milliseconds end in `Ms`, amounts are decimal strings of wei and end in `Wei`. */
export type Figures = Readonly<Record<string, string | number | null>>;

/** Identity of a finding; the subject is empty where the source as a whole is meant. */
export interface FindingKey {
  readonly code: FindingCode;
  readonly sourceId: string;
  readonly subject: string;
}

/** Something that looks wrong now. */
export interface Condition extends FindingKey {
  readonly severity: Severity;
  /** How bad it is, a number without unit: twice as much is worse. Null: only the severity says. */
  readonly measure: number | null;
  /** The sentence for people. It holds no addresses. */
  readonly words: string;
  readonly figures: Figures;
}

/** A finding that is open, as it stood at the last look. */
export interface OpenFinding extends FindingKey {
  readonly id: number;
  /** How bad it was when an operator said that it is known. */
  readonly acknowledged: Pick<Condition, 'severity' | 'measure'> | null;
}

export interface FindingChanges {
  readonly opened: readonly Condition[];
  readonly seen: readonly {
    readonly id: number;
    readonly condition: Condition;
    /** It got worse than what was acknowledged: it asks for attention again. */
    readonly lapses: boolean;
  }[];
  readonly resolved: readonly OpenFinding[];
}

const WORSE_FACTOR = 2;

/** Compares what looks wrong now with the open findings. Of two conditions with the same identity the first counts. */
export function compareFindings(
  open: readonly OpenFinding[],
  conditions: readonly Condition[],
): FindingChanges {
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
