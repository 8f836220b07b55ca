import type { ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { publicModel, publicName } from './outside.js';

/** A subject such as `ai / llm / owner/model` when each of its parts is public, otherwise null. */
function publicSubject(subject: string): string | null {
  const parts = subject.split(' / ');
  const isPublic = (part: string) => publicName(part) !== null || publicModel(part) !== null;
  return parts.every(isPublic) ? subject : null;
}

/**
 * What everybody may read of a finding. Our sentences hold figures and are public, except those that also hold names
 * from a source: of types of events, of pipelines and of models.
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
    // The full sentence names an event by its own foreign text.
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

/** Shows a finding. Without `showsWords` it hides foreign names and what a person wrote when acknowledging it. */
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
