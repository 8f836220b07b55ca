import type { ShownFinding } from '../../store/finding-reads.js';
import { withoutAddresses } from '../access.js';

/** Subjects and words may hold names that a source made up, and reasons whatever a person wrote. */
export function viewFinding(finding: ShownFinding, showsAddresses: boolean) {
  const shown = (text: string): string =>
    showsAddresses ? text : (withoutAddresses(text) ?? text);
  const { id, code, sourceId, subject, words, figures, acknowledged } = finding;
  return {
    ...{ id: String(id), code, source: sourceId, subject: shown(subject) },
    severity: finding.severity,
    words: shown(words),
    figures: Object.fromEntries(
      Object.entries(figures).map(([name, value]) => [
        name,
        typeof value === 'string' ? shown(value) : value,
      ]),
    ),
    openedAt: finding.openedAt,
    seenAt: finding.seenAt,
    timesSeen: finding.timesSeen,
    resolvedAt: finding.resolvedAt,
    acknowledged: acknowledged && { ...acknowledged, reason: shown(acknowledged.reason) },
  };
}
