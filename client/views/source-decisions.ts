/** What became of a person's decision about a source, in words for page and command line. */
import type { MovedSource } from '../../core/events/store/sources/source-moves.js';

export const RESUMED_WORDS =
  'it is read again at its next turn, and compared again: if it still gives the events of another source it is stopped again, and nothing of that counts';

/** What a move came to, and what follows. */
export function movedWords({ from, to, changed, newestAt, mustProve }: MovedSource): string {
  if (!changed) return `it reads ${to} already: nothing was changed`;
  const proof = mustProve
    ? `nothing new counts before that address has shown a job that counts already; the newest event is of ${newestAt?.toISOString()}`
    : 'it need not know the events of before';
  return `from ${from} to ${to}; ${proof}. Put the new address into the configuration and restart the workers: those that still read the old one are refused`;
}
