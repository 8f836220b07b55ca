/** Decides which events of a batch are new, which are refused, and which are duplicates. */
import { formatEth } from '../../../base/money.js';
import type { RefusalCode } from '../../rules/reading/refusals.js';
import type { RefusedElement } from '../set-aside.js';
import type { Elsewhere } from './counted-elsewhere.js';
import type { KnownState } from './known-events.js';
import { eventHash, type PreparedEvent, placeText, rawText } from './prepared-events.js';

/** What is stored already: hashes of the events that the source itself has, and what other sources have counted. */
type KnownEvents = Pick<KnownState, 'hashes'> & Partial<Pick<Elsewhere, 'counted' | 'same'>>;

/** Until when keys and UUIDs of events are gone; UUIDs by default as long as keys. */
interface SiftLimits extends Pick<KnownState, 'archivedMs'>, Partial<Pick<KnownState, 'uuidsMs'>> {
  readonly maxJobFeeWei: bigint;
}

export function siftEvents(
  batch: { readonly events: readonly PreparedEvent[]; readonly hasTwins?: boolean },
  { hashes, counted: elsewhere, same }: KnownEvents,
  limits: SiftLimits,
) {
  const fresh: PreparedEvent[] = [];
  const refused: RefusedElement[] = [];
  // Twins have one identity and different texts. The first one that is not refused counts.
  const counted = batch.hasTwins === true ? new Map<string, PreparedEvent>() : undefined;
  for (const [i, prepared] of batch.events.entries()) {
    const twin = counted?.get(identityOf(prepared));
    const hash = hashes.get(i) ?? (twin && eventHash(twin));
    if (hash !== undefined) {
      const isSame =
        hash === eventHash(prepared) && (twin?.dtMs ?? prepared.dtMs) === prepared.dtMs;
      if (!isSame) refused.push(changedElement(prepared));
      continue;
    }
    const other = elsewhere?.get(i);
    if (other !== undefined && same?.has(other) === true) continue;
    const refusal =
      other === undefined ? refusalOf(prepared, limits) : elsewhereRefusal(prepared, other);
    if (refusal === undefined) {
      fresh.push(prepared);
      counted?.set(identityOf(prepared), prepared);
    } else {
      refused.push(refusedElement(prepared, refusal.code, refusal.reason));
    }
  }
  return { fresh, refused };
}

/** Returns the identity as one text. No id contains a NUL, so no two identities have the same text. */
function identityOf({ uuid, dtMs, eventId }: PreparedEvent): string {
  return uuid ?? `${dtMs}\0${eventId}`;
}

/** Refuses an event whose identity was counted with another text before. */
function changedElement(prepared: PreparedEvent): RefusedElement {
  const { eventId, dtMs } = prepared;
  const reason = `event ${eventId} of ${new Date(dtMs).toISOString()} said something else when it was counted`;
  return refusedElement(prepared, 'EVENT_CHANGED', reason);
}

/** Refuses an event that another source has counted: it may be a coincidence, but nobody is credited twice on a guess. */
function elsewhereRefusal({ eventId, dtMs }: PreparedEvent, other: string) {
  const reason = `source "${other}" has counted event ${eventId} of ${new Date(dtMs).toISOString()} with the very same text`;
  return { code: 'EVENT_COUNTED_ELSEWHERE', reason } as const;
}

/** Returns why an event that is not stored cannot be counted; undefined when it can. */
function refusalOf(
  { content, dtMs, uuid }: PreparedEvent,
  { archivedMs, uuidsMs = archivedMs, maxJobFeeWei }: SiftLimits,
): { readonly code: RefusalCode; readonly reason: string } | undefined {
  if (dtMs < archivedMs) {
    // Its key may be one of those that were deleted when their month was archived.
    const to = new Date(archivedMs).toISOString();
    const reason = `it is older than ${to}, up to where this source's events are archived`;
    return { code: 'EVENT_ARCHIVED', reason };
  }
  if (uuid !== undefined && dtMs < uuidsMs) {
    // Another source may have given it before: its UUID is gone with the archived months.
    const to = new Date(uuidsMs).toISOString();
    const reason = `it is older than ${to}, and UUIDs from before are kept no more`;
    return { code: 'EVENT_ARCHIVED', reason };
  }
  if (content.kind !== 'job' || content.grossWei <= maxJobFeeWei) return undefined;
  const cap = `pool.maxJobFee, ${formatEth(maxJobFeeWei)} ETH`;
  const reason = `its fee of ${formatEth(content.grossWei)} ETH is more than ${cap}`;
  return { code: 'EVENT_FEE_ABOVE_CAP', reason };
}

function refusedElement(
  prepared: PreparedEvent,
  code: RefusalCode,
  reason: string,
): RefusedElement {
  const { dtMs, eventId, retry } = prepared;
  const dtText = new Date(dtMs).toISOString();
  return {
    refusal: { code, reason, eventId, dtText },
    place: placeText(prepared),
    raw: rawText(prepared),
    retriedHash: retry?.rawHash ?? null,
  };
}
