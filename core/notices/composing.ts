/** Makes of a stored notice what its receiver gets: words for its audience, a link, and the facts. */
import type { Address } from '../base/address.js';
import { publicRegion } from '../base/remote-worker.js';
import { withChecksums } from '../chain/checksums.js';
import type { Notice } from './notifiers/notifier.js';
import type { NoticeFacts, NoticeKind } from './rules/notice-kinds.js';
import { wordsOf } from './rules/words.js';

/** What notices say of the pool. */
export interface PoolFace {
  readonly id: string;
  readonly name: string;
  /** Where the pool's pages are for everybody, without a slash at the end; null when they are not public. */
  readonly publicUrl: string | null;
  /** The explorer of the pool's chain, without a slash at the end; null when none is configured. */
  readonly explorerUrl: string | null;
}

interface StoredNotice {
  readonly ref: string;
  readonly kind: NoticeKind;
  readonly facts: Facts;
  readonly createdAt: Date;
}

/** @param payee the payee who is told; null for operators */
export function composeNotice(stored: StoredNotice, payee: Address | null, pool: PoolFace): Notice {
  const { ref, kind, createdAt } = stored;
  const told = payee === null ? stored.facts : withPublicRegion(stored.facts);
  const facts = withChecksums(told);
  const audience = payee === null ? 'operator' : 'payee';
  const data = payee === null ? { ...facts } : withoutReason(facts);
  return {
    id: ref,
    kind,
    at: createdAt.toISOString(),
    pool: { id: pool.id, name: pool.name },
    audience,
    ...wordsOf(kind, facts, payee === null ? 'operator' : 'worker'),
    link: linkOf(data, pool),
    data,
  };
}

type Facts = NoticeFacts[NoticeKind];

/** A payee is a stranger: a region that may be a host or a sentence is not shown to it. */
const withPublicRegion = (facts: Facts): Facts =>
  'region' in facts ? { ...facts, region: publicRegion(facts.region) } : facts;

/** Leaves out the reason, which may quote a node, a signer or an event: a payee is told in a worker's words. */
function withoutReason(facts: Facts): Notice['data'] {
  const known = Object.entries({ ...facts } satisfies Notice['data']);
  return Object.fromEntries(known.filter(([name]) => name !== 'reason'));
}

/** The payee's page where the notice is about one, else the pool's; without a public page, the transaction. */
function linkOf(data: Notice['data'], { publicUrl, explorerUrl }: PoolFace): string | null {
  const { payee, txHash } = data;
  if (publicUrl !== null)
    return typeof payee === 'string' ? `${publicUrl}/payees/${payee}` : `${publicUrl}/`;
  if (explorerUrl !== null && typeof txHash === 'string') return `${explorerUrl}/tx/${txHash}`;
  return null;
}
