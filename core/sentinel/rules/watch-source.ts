/** Runs all rules that judge a source by its figures. Counting and paying go on, and an operator decides. */
import { counted } from '../../base/counted.js';
import { foreignText } from '../../base/foreign-text.js';
import { roleOf } from '../../events/rules/reading/event-type.js';
import { type Condition, conditionsOf } from './finding.js';
import {
  type Look,
  MOST_SUBJECTS,
  type Rule,
  recentHours,
  type SentinelSettings,
  type SourceFigures,
} from './source-figures.js';
import { watchPrices, watchUnmatched, watchZeroFees } from './watch-jobs.js';
import {
  watchAhead,
  watchBehind,
  watchEmpty,
  watchLag,
  watchSilence,
  watchStopped,
} from './watch-reading.js';

/** Finds files that are still incomplete. Their events count as far as they can be read. */
function watchIncomplete({ figures }: Look): ReturnType<Rule> {
  const { incomplete } = figures.files;
  if (incomplete === 0) return [];
  const have = incomplete === 1 ? 'has' : 'have';
  return {
    code: 'FILES_INCOMPLETE',
    measure: incomplete,
    words: `${counted(incomplete, 'file')} ${have} no end for longer than an hour: what is missing of it is not counted`,
    figures: { files: incomplete },
  };
}

/** Finds files that were overwritten, as when two orchestrators of one region and node type use the same names. */
function watchOverwritten({ figures }: Look): ReturnType<Rule> {
  const { overwritten } = figures.files;
  if (overwritten === 0) return [];
  const were = overwritten === 1 ? 'was' : 'were';
  return {
    code: 'FILES_OVERWRITTEN',
    measure: overwritten,
    words: `${counted(overwritten, 'file')} that ${were} read to the end became another within a week: what stood there unread is lost`,
    figures: { files: overwritten },
  };
}

const RULES: readonly Rule[] = [
  watchStopped,
  watchLag,
  watchSilence,
  watchEmpty,
  watchAhead,
  watchBehind,
  watchZeroFees,
  watchUnmatched,
  watchPrices,
  watchSetAside,
  watchUnknown,
  watchIncomplete,
  watchOverwritten,
];
/** These rules are not applied to a stopped or paused source, which is neither late nor silent: it waits for a person's decision. */
const OF_READING: ReadonlySet<Rule> = new Set([watchLag, watchSilence, watchEmpty]);
const DAY_MS = 86_400_000;

/** Returns everything that looks wrong with a source at this moment. */
export function watchSource(
  figures: SourceFigures,
  settings: SentinelSettings,
  nowMs: number,
): readonly Condition[] {
  const look = { figures, settings, nowMs };
  const isRead = figures.stoppedWhy === null && !figures.isPaused;
  const rules = isRead ? RULES : RULES.filter((rule) => !OF_READING.has(rule));
  const found = rules.flatMap((rule) => rule(look));
  return conditionsOf(figures.sourceId, found);
}

/**
 * Finds events that are set aside. All unreadable ones are one finding; every other code of refusal is a finding of its
 * own. Events from before the source's start are left out, because the configuration asks for that.
 */
function watchSetAside({ figures }: Look): ReturnType<Rule> {
  const groups = new Map<string, { events: number; codes: string[] }>();
  for (const { code, events } of figures.setAside) {
    if (events === 0 || code === 'EVENT_BEFORE_START') continue;
    const isUnreadable = /_MALFORMED$|^EVENT_NOT_/.test(code);
    const subject = isUnreadable ? 'unreadable' : code;
    const group = groups.get(subject) ?? { events: 0, codes: [] };
    group.events += events;
    group.codes.push(isUnreadable ? `${events} ${code}` : code);
    groups.set(subject, group);
  }
  return [...groups].map(([subject, { events, codes }]) => ({
    code: 'EVENTS_SET_ASIDE',
    subject,
    measure: events,
    words: `${counted(events, 'event')} ${events === 1 ? 'is' : 'are'} set aside and credited to nobody: ${codes.join(', ')}`,
    figures: { events, refusals: codes.join(', ') },
  }));
}

/** Finds unknown event types and versions, in the last day only, so that the finding resolves when they stop coming. */
function watchUnknown({ figures, nowMs }: Look): ReturnType<Rule> {
  const unknown = new Map<string, number>();
  for (const hour of recentHours(figures, nowMs, DAY_MS)) {
    if (roleOf(hour.eventType, hour.version) !== undefined) continue;
    const subject = `${hour.eventType} v${hour.version}`;
    unknown.set(subject, (unknown.get(subject) ?? 0) + hour.events);
  }
  return [...unknown]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_SUBJECTS)
    .map(([subject, events]) => ({
      code: 'EVENTS_UNKNOWN',
      subject,
      words: `${counted(events, 'event')} within a day of a type or version that is not known: ${foreignText(subject)}`,
      figures: { events, type: subject },
    }));
}
