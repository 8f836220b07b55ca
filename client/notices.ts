import { withChecksums } from '../core/chain/checksums.js';
import { wordsOf } from '../core/notices/rules/words.js';
import type { ShownNotice } from '../core/notices/store/notice-reads.js';

/** Shows a notice with its words for operators, and what became of it at each target. */
export function viewNotice({
  ref,
  kind,
  payee,
  facts,
  createdAt,
  spreadAt,
  deliveries,
}: ShownNotice) {
  const data = withChecksums(facts);
  return {
    id: ref,
    kind,
    at: createdAt,
    payee: withChecksums(payee),
    ...wordsOf(kind, data, 'operator'),
    data: { ...data },
    /** Whether it was decided which targets are told. */
    spread: spreadAt !== null,
    deliveries: deliveries.map((one) => ({
      target: one.targetId,
      state: one.state,
      tries: one.tries,
      triedAt: one.triedAt,
      nextAt: one.state === 'waiting' ? one.nextAt : null,
      endedAt: one.endedAt,
      lastError: one.lastError,
    })),
  };
}
