/**
 * Decides whether two sources give the same events, such as one orchestrator under two names, or an orchestrator and a
 * dump of it. Their addresses cannot show it, because a name, an IP address and a proxy may all lead to one machine.
 * Two events are the same when their time, id and text are. Ids are small numbers and times whole seconds, so honest
 * orchestrators often share both; a `worker-connected` or a reset may share the text, too, when a machine starts two of
 * them at once. Jobs rarely do, because they say what was earned, for how many units, in how many milliseconds: once in
 * some hundred jobs that share time and id, while two orchestrators run in lockstep. So one or two identical jobs are
 * only set aside, and the third one stops a source, unless as many jobs share time and id but have different texts: two
 * readings of one orchestrator have no such jobs.
 */
import type { EventContent } from './reading/event-content.js';

/** From this many identical jobs on it is no coincidence: both sources read the same orchestrator. */
export const CONVINCING_EVENTS = 3;

/**
 * Tells whether the jobs that are identical in two sources (`same`), next to those that share time and id but have
 * different texts (`other`), show that both give the same events.
 */
export function isConvincing(jobs: { readonly same: number; readonly other: number }): boolean {
  return jobs.same >= CONVINCING_EVENTS && jobs.same > jobs.other;
}

/** Tells whether events of this kind have texts that distinguish them from all others. Only those are compared. */
export function isTelling({ kind }: EventContent): boolean {
  return kind === 'job' || kind === 'received';
}

/** One of two sources that gave the same events. */
export interface SuspectSource {
  readonly id: string;
  readonly createdMs: number;
  readonly isDump: boolean;
  /** Whether it is compared with other sources: it is young, was moved, is a dump, or is asked for old events. */
  readonly isWatched: boolean;
}

/**
 * Decides which of the two is stopped: the dump, because the other one goes on giving new events; else the watched one,
 * because an old source must not be stopped for what a young one has given; else the one that was added later.
 *
 * @param reader the source whose batch would credit the events
 * @param holder the source under whose id they are stored
 */
export function whoReadsTwice(reader: SuspectSource, holder: SuspectSource): 'reader' | 'holder' {
  if (reader.isDump !== holder.isDump) return reader.isDump ? 'reader' : 'holder';
  if (reader.isWatched !== holder.isWatched) return reader.isWatched ? 'reader' : 'holder';
  if (reader.createdMs !== holder.createdMs) {
    return reader.createdMs > holder.createdMs ? 'reader' : 'holder';
  }
  return reader.id > holder.id ? 'reader' : 'holder';
}
