/**
 * Parts what is new in a batch from what is known, and from what cannot be counted: what is known
 * otherwise, what is too old to tell, fees above the cap.
 */
import { formatEth } from '../../../base/money.js';
import type { RefusalCode } from '../../rules/reading/pool-event-refusal.js';
import type { RefusedElement } from '../set-aside.js';
import { eventHash, type PreparedEvent, placeText, rawText } from './events-prepared.js';

export interface SiftLimits {
  /** Keys of events before this are kept no more. */
  readonly archivedMs: number;
  /** The same of UUIDs, of whatever source. @default archivedMs */
  readonly uuidsMs?: number;
  readonly maxJobFeeWei: bigint;
}

export interface Sifted {
  readonly fresh: readonly PreparedEvent[];
  readonly refused: readonly RefusedElement[];
}

/** What is stored already, by place in the batch. */
export interface KnownEvents {
  /** Of the source itself. */
  readonly hashes: ReadonlyMap<number, string>;
  /** In other sources, the very same: which. */
  readonly elsewhere?: ReadonlyMap<number, string>;
  /** Of these it is certain that they give the same events. */
  readonly same?: ReadonlySet<string>;
}

export function siftEvents(
  batch: { readonly events: readonly PreparedEvent[]; readonly hasTwins?: boolean },
  { hashes, elsewhere, same }: KnownEvents,
  limits: SiftLimits,
): Sifted {
  const fresh: PreparedEvent[] = [];
  const refused: RefusedElement[] = [];
  // Of twins the first is not always the right one: it may itself be refused.
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

/** No id holds a NUL. */
function identityOf({ uuid, dtMs, eventId }: PreparedEvent): string {
  return uuid ?? `${dtMs}\0${eventId}`;
}

/** An event whose identity stands for something else already. */
function changedElement(prepared: PreparedEvent): RefusedElement {
  const { eventId, dtMs } = prepared;
  const reason = `event ${eventId} of ${new Date(dtMs).toISOString()} said something else when it was counted`;
  return refusedElement(prepared, 'EVENT_CHANGED', reason);
}

/** One alone may be chance, and yet nobody is credited for it twice on a guess. */
function elsewhereRefusal({ eventId, dtMs }: PreparedEvent, other: string) {
  const reason = `source "${other}" has counted event ${eventId} of ${new Date(dtMs).toISOString()} with the very same text`;
  return { code: 'EVENT_COUNTED_ELSEWHERE', reason } as const;
}

/** Why an event that nobody knows cannot be counted; undefined when it can. */
function refusalOf(
  { content, dtMs, uuid }: PreparedEvent,
  { archivedMs, uuidsMs = archivedMs, maxJobFeeWei }: SiftLimits,
): { readonly code: RefusalCode; readonly reason: string } | undefined {
  if (dtMs < archivedMs) {
    // Its key may have been among those that left with their month.
    const to = new Date(archivedMs).toISOString();
    const reason = `it is older than ${to}, up to where this source's events are archived`;
    return { code: 'EVENT_ARCHIVED', reason };
  }
  if (uuid !== undefined && dtMs < uuidsMs) {
    // Another source may have given it: its UUID has left with the archived months.
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
