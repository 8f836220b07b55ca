/** What the sentinel says of the audit: that the ledger has not been held against itself for long. */
import { duration } from '../../base/duration.js';
import type { Condition } from './finding.js';

export interface AuditFigures {
  /** When the last audit began that came to its end; null: none has. */
  readonly checkedMs: number | null;
  /** When the last walk began that has proved all of the history again; null: none has. */
  readonly wholeMs: number | null;
  /** Since when audits are due; null: there is no ledger. */
  readonly sinceMs: number | null;
  readonly nowMs: number;
}

/** Audits are due every hour. */
const LATE_MS = 3 * 3_600_000;
/** Some pieces come round with each audit. */
const WHOLE_LATE_MS = 90 * 86_400_000;

/** Of the pool as a whole: these findings name no source. */
export function watchAudit(figures: AuditFigures): readonly Condition[] {
  const { checkedMs, wholeMs, sinceMs, nowMs } = figures;
  if (sinceMs === null) return [];
  const age = (atMs: number | null) => nowMs - (atMs ?? sinceMs);
  const found: Condition[] = [];
  if (age(checkedMs) > LATE_MS) {
    const words =
      checkedMs === null
        ? 'the ledger was never held against itself'
        : `the ledger was last held against itself ${duration(age(checkedMs))} ago`;
    found.push(late('', 'grave', { words, ageMs: age(checkedMs) }));
  }
  if (age(wholeMs) > WHOLE_LATE_MS) {
    const words = `not all of the ledger's history was proved within ${duration(age(wholeMs))}: openpool audit run proves it now`;
    found.push(late('history', 'warning', { words, ageMs: age(wholeMs) }));
  }
  return found;
}

function late(
  subject: string,
  severity: Condition['severity'],
  { words, ageMs }: { readonly words: string; readonly ageMs: number },
): Condition {
  return {
    code: 'AUDIT_LATE',
    sourceId: '',
    subject,
    severity,
    measure: ageMs,
    words,
    figures: { ageMs },
  };
}
