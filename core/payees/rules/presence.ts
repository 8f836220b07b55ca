/** Says of each day whether a payee's workers were connected, were away, or could not be seen. */

/** What is known of one UTC day. */
export interface PresenceFacts {
  readonly day: string;
  /** How long at least one connection was up, in milliseconds. */
  readonly connectedMs: number;
  /** When the first connection of the day was up for the first time, and the last one for the last time; null: none was. */
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
  /** Jobs whose fees were credited; a job shows that its worker was there, whatever was said of connections. */
  readonly jobs: number;
  /** Bit h is set when the pool read a source of the payee to the end in the hour h of the day. */
  readonly seenHours: number;
}

/**
 * - `on`: connected for as good as the whole day (today: for what is over of it).
 * - `part`: connected for some of it, or at work without a connection that is known.
 * - `away`: the pool looked, and no worker was there.
 * - `unseen`: no worker was seen, and the pool could not look: no pass of a source of the payee succeeded all day.
 * - `before`: the pool did not know the payee yet.
 */
export type Presence = 'on' | 'part' | 'away' | 'unseen' | 'before';

export interface PresenceDay extends PresenceFacts {
  readonly presence: Presence;
}

const DAY_MS = 86_400_000;
/** Reconnecting takes a moment, and a day with one gap of half an hour is no bad day. */
const WHOLE_DAY_SHARE = 0.98;

/** @param since the first day on which the payee was named, `YYYY-MM-DD` */
export function judgePresence(
  facts: PresenceFacts,
  { since, nowMs }: { readonly since: string; readonly nowMs: number },
): PresenceDay {
  return { ...facts, presence: presenceOf(facts, since, nowMs) };
}

function presenceOf(facts: PresenceFacts, since: string, nowMs: number): Presence {
  const { day, connectedMs, jobs, seenHours } = facts;
  if (connectedMs > 0 || jobs > 0) {
    const overMs = Math.min(DAY_MS, nowMs - Date.parse(`${day}T00:00:00Z`));
    return connectedMs >= overMs * WHOLE_DAY_SHARE ? 'on' : 'part';
  }
  if (day < since) return 'before';
  return seenHours === 0 ? 'unseen' : 'away';
}
