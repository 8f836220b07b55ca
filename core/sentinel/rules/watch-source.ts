/**
 * Runs all rules that judge a source by its figures. The sentinel only reports: counting and paying go on, and an operator
 * decides.
 */

import { foreignText } from '../../base/foreign-text.js';
import { roleOf } from '../../events/rules/reading/event-type.js';
import type { Condition } from './finding.js';
import {
  keyOf,
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
const watchIncomplete: Rule = ({ figures: { files } }) => {
  const { incomplete } = files;
  if (incomplete === 0) return [];
  const said = incomplete === 1 ? '1 file has' : `${incomplete} files have`;
  const words = `${said} no end for longer than an hour: what is missing of it is not counted`;
  return [filesFinding('FILES_INCOMPLETE', incomplete, words)];
};

/**
 * Finds files that were overwritten, as happens when two orchestrators of one region and node type use the same file names.
 */
const watchOverwritten: Rule = ({ figures: { files } }) => {
  const { overwritten } = files;
  if (overwritten === 0) return [];
  const said = overwritten === 1 ? '1 file that was' : `${overwritten} files that were`;
  const words = `${said} read to the end became another within a week: what stood there unread is lost`;
  return [filesFinding('FILES_OVERWRITTEN', overwritten, words)];
};

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
/** These rules are not applied to a stopped source, which is neither late nor silent: it waits for a person's decision. */
const OF_READING: ReadonlySet<Rule> = new Set([watchLag, watchSilence, watchEmpty]);
const DAY_MS = 86_400_000;

/** Returns everything that looks wrong with a source at this moment. */
export function watchSource(
  figures: SourceFigures,
  settings: SentinelSettings,
  nowMs: number,
): readonly Condition[] {
  const look = { figures, settings, nowMs };
  const { sourceId } = figures;
  const rules = figures.stoppedWhy === null ? RULES : RULES.filter((rule) => !OF_READING.has(rule));
  return rules.flatMap((rule) => rule(look).map((found) => ({ ...found, sourceId })));
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
    ...keyOf('EVENTS_SET_ASIDE', subject),
    severity: 'warning',
    measure: events,
    words: `${events} ${events === 1 ? 'event is' : 'events are'} set aside and credited to nobody: ${codes.join(', ')}`,
    figures: { events, refusals: codes.join(', ') },
  }));
}

/**
 * Finds event types and versions that this program does not know, in the last day only: the finding resolves when the type
 * becomes known or stops coming.
 */
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
      ...keyOf('EVENTS_UNKNOWN', subject),
      severity: 'warning',
      measure: null,
      words: `${events === 1 ? '1 event' : `${events} events`} within a day of a type or version that is not known: ${foreignText(subject)}`,
      figures: { events, type: subject },
    }));
}

function filesFinding(
  code: 'FILES_INCOMPLETE' | 'FILES_OVERWRITTEN',
  files: number,
  words: string,
): ReturnType<Rule>[number] {
  return { ...keyOf(code), severity: 'warning', measure: files, words, figures: { files } };
}
