/**
 * Whether two sources give the same events: one orchestrator under two names, or beside a dump of its own.
 * Places cannot tell (a name, an address and a proxy look alike from nowhere); what is said does.
 *
 * An event is the same when time, id and text are. Ids are small numbers and times whole seconds, so that two
 * honest orchestrators often share both; and `worker-connected` or a reset may share the text too, when a machine
 * starts two of them at once. Jobs rarely do: they carry what was earned, for how many units, in how many milliseconds
 * (AI: nanoseconds, and a random request id). With one worker and one kind of segment it still happens once in some
 * hundred jobs whose time and id meet, and those meet as long as two orchestrators run in lockstep.
 *
 * So one or two in a source's life stop nothing: each of them is set aside, because what another source has
 * counted is not counted again on a guess. From the third on a source is stopped, unless as many jobs of that time
 * share time and id and say something else: of one orchestrator's events none does.
 */
import type { EventContent } from './reading/pool-event-content.js';

/** So many jobs of another source are no chance. */
export const CONVINCING_EVENTS = 3;

/** Whether two sources give the same: jobs that are the same, beside those of one time and id that are not. */
export function isConvincing(jobs: { readonly same: number; readonly other: number }): boolean {
  return jobs.same >= CONVINCING_EVENTS && jobs.same > jobs.other;
}

/** Whether an event's text tells it from all others, so that only the same event says the same. */
export function isTelling({ kind }: EventContent): boolean {
  return kind === 'job' || kind === 'received';
}

/** One of the two sources that gave the same. */
export interface SuspectSource {
  readonly id: string;
  readonly createdMs: number;
  readonly isDump: boolean;
  /** Young, moved, a dump, or asked for its old events: so may give what others have given. */
  readonly isWatched: boolean;
}

/**
 * Which of the two is to be stopped. A dump before what goes on giving events; else the one that came later. An
 * old source is not stopped for what a young one has taken from it.
 *
 * @param reader whose batch would credit the events
 * @param holder under whose id they are stored
 */
export function whoReadsTwice(reader: SuspectSource, holder: SuspectSource): 'reader' | 'holder' {
  if (reader.isDump !== holder.isDump) return reader.isDump ? 'reader' : 'holder';
  if (reader.isWatched !== holder.isWatched) return reader.isWatched ? 'reader' : 'holder';
  if (reader.createdMs !== holder.createdMs) {
    return reader.createdMs > holder.createdMs ? 'reader' : 'holder';
  }
  return reader.id > holder.id ? 'reader' : 'holder';
}
