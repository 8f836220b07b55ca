/** Findings about the audit: it has not been run, or has not proved all of the history, for too long. */
import { duration } from '../../base/duration.js';
import type { Condition } from './finding.js';

export interface AuditFigures {
  /** When the last audit that finished began; null when none has finished. */
  readonly checkedMs: number | null;
  /** When the last complete pass over the history, which proved all of it, began; null when none has finished. */
  readonly wholeMs: number | null;
  /** The time from which audits are due; null while there is no ledger. */
  readonly sinceMs: number | null;
  readonly nowMs: number;
}

/** The audit is late when the last finished one began longer ago than this; one is due every hour. */
const LATE_MS = 3 * 3_600_000;
/** All of the history must be proved within this time; each audit proves some pieces of it. */
const WHOLE_LATE_MS = 90 * 86_400_000;

/** These findings are about the pool as a whole and name no source. */
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
