import type { ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { publicModel, publicName } from './outside.js';

/** Returns a subject such as `ai / llm / owner/model` if all its parts are public, otherwise null. */
function publicSubject(subject: string): string | null {
  const parts = subject.split(' / ');
  const isPublic = (part: string) => publicName(part) !== null || publicModel(part) !== null;
  return parts.every(isPublic) ? subject : null;
}

/**
 * The part of a finding that everybody may read. Our sentences with their figures are public, unless they also name
 * types of events, pipelines or models, whose names come from a source.
 */
export function publicFinding({ code, subject, words, figures }: ShownFinding): {
  readonly subject: string;
  readonly words: string;
  readonly figures: ShownFinding['figures'];
} {
  if (code === 'EVENTS_UNKNOWN') {
    const { type: _, ...counts } = figures;
    const said = 'events within a day of a type or version that is not known';
    return { subject: '', words: said, figures: counts };
  }
  if (code === 'SOURCE_READ_TWICE') {
    // The full sentence quotes the event's id, which is foreign text.
    const said = 'it reads what another source has counted, and is stopped';
    return { subject, words: said, figures };
  }
  if (code === 'RPC_SILENT') {
    const { endpoint: _, ...durations } = figures;
    const said = 'one of the RPC endpoints has given no usable answer for long';
    return { subject: '', words: said, figures: durations };
  }
  if (code !== 'PRICE_JUMP' || publicSubject(subject) !== null) return { subject, words, figures };
  return {
    subject: '',
    words: 'a unit of one pipeline and model costs far more or far less than usual',
    figures,
  };
}

/** Shows a finding. Without `showsWords`, leaves out foreign names and what a person wrote when acknowledging it. */
export function viewFinding(finding: ShownFinding, showsWords: boolean) {
  const { id, code, sourceId, acknowledged } = finding;
  const { subject, words, figures } = showsWords ? finding : publicFinding(finding);
  return {
    id: String(id),
    code,
    source: sourceId,
    subject,
    severity: finding.severity,
    words,
    figures,
    openedAt: finding.openedAt,
    seenAt: finding.seenAt,
    timesSeen: finding.timesSeen,
    resolvedAt: finding.resolvedAt,
    acknowledged: acknowledged && {
      ...acknowledged,
      reason: showsWords ? acknowledged.reason : null,
    },
  };
}
