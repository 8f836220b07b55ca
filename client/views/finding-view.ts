import type { ShownFinding } from '../../core/sentinel/store/finding-reads.js';
import { publicModel, publicName } from './outside.js';

/** Of `ai / llm / owner/model` every part, or nothing. */
function publicSubject(subject: string): string | null {
  const parts = subject.split(' / ');
  const isPublic = (part: string) => publicName(part) !== null || publicModel(part) !== null;
  return parts.every(isPublic) ? subject : null;
}

/**
 * What everybody may read of a finding. Its sentences are ours and hold figures; those about types of
 * events, and about pipelines and models, hold names that a source made up.
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
    // The event that shows it is named by what it says of itself.
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

/** With the token all of it; without, also not what a person wrote when acknowledging. */
export function viewFinding(finding: ShownFinding, showsWords: boolean) {
  const { id, code, sourceId, acknowledged } = finding;
  const { subject, words, figures } = showsWords ? finding : publicFinding(finding);
  return {
    ...{ id: String(id), code, source: sourceId, subject },
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
