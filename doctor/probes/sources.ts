/** Looks whether the sources can be read, whether what they give are pool events, and how the ledger stands with them. */
import type { Config } from '../../config/config.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';
import type { Database } from '../../core/db/database.js';
import { type EventOrigin, readPoolEvent } from '../../core/events/rules/reading/pool-event.js';
import type { EventSource, RawEvent } from '../../core/events/sources/event-source.js';
import { watchSource } from '../../core/sentinel/rules/watch-source.js';
import { readSentinelFigures } from '../../core/sentinel/store/source-figures-reads.js';
import { type MadeSource, makeSources } from '../../start/checking/source-places.js';
import type { Findings } from '../examination.js';

/** Sources are asked for what came within this time: enough to see the form, and little to send. */
const LOOK_BACK_MS = 3_600_000;

/** What the doctor asks of a source. */
interface Asking {
  readonly now: Date;
  readonly patienceMs: number;
}

export async function probeOptions(
  { sources }: Config,
  findings: Findings,
): Promise<readonly MadeSource[]> {
  const made = await makeSources(sources);
  for (const { config, refusals, example } of made) {
    const subject = config.id;
    for (const refusal of refusals) findings.error(refusal, { subject });
    if (example !== null) findings.warn('SOURCE_EXAMPLE', { subject, what: example });
  }
  const well = made.filter(({ refusals, example }) => refusals.length === 0 && example === null);
  if (well.length > 0) findings.pass(well.map(({ config }) => config.id).join(', '));
  return made;
}

/** Reads the beginning of what each source gives, and stores nothing of it. */
export async function probeReading(
  made: readonly MadeSource[],
  asking: Asking,
  findings: Findings,
): Promise<void> {
  const readable = made.flatMap(({ config, source, refusals, example }) =>
    source === undefined || refusals.length > 0 || example !== null ? [] : [{ config, source }],
  );
  await Promise.all(
    readable.map(async ({ config, source }) => {
      const { id: subject, region, nodeType } = config;
      try {
        const slice = await firstSlice(source, asking);
        tellForm(slice, { subject, origin: { region, nodeType, fromMs: null } }, findings);
      } catch (error) {
        if (!(error instanceof PoolError)) {
          const what = `source "${subject}": ${foreignText(error)}`;
          return findings.fail('CHECK_FAILED', { subject, what });
        }
        findings.error(error, { subject });
      }
    }),
  );
}

async function firstSlice(
  source: EventSource,
  { now, patienceMs }: Asking,
): Promise<readonly RawEvent[]> {
  const giveUp = new AbortController();
  const words = `nothing came within ${patienceMs / 1_000} s of what was asked for`;
  const late = new PoolError('EVENT_SOURCE_TIMEOUT', words);
  const timer = setTimeout(() => giveUp.abort(late), patienceMs);
  const since = new Date(now.getTime() - LOOK_BACK_MS);
  try {
    for await (const slice of source.read({ since, signal: giveUp.signal })) return slice;
    return [];
  } finally {
    clearTimeout(timer);
    giveUp.abort();
  }
}

function tellForm(
  slice: readonly RawEvent[],
  { subject, origin }: { readonly subject: string; readonly origin: EventOrigin },
  findings: Findings,
): void {
  const codes = new Map<string, number>();
  for (const { raw } of slice) {
    const reading = readPoolEvent(raw, origin);
    if (reading.ok) continue;
    codes.set(reading.refusal.code, (codes.get(reading.refusal.code) ?? 0) + 1);
  }
  const refused = [...codes.values()].reduce((sum, one) => sum + one, 0);
  if (refused === 0) {
    const seen = slice.length === 0 ? 'nothing within the last hour' : 'pool events';
    findings.pass(`source "${subject}" answers, and gives ${seen}`, subject);
    return;
  }
  const told = [...codes].map(([code, events]) => `${events} ${code}`).join(', ');
  const what = `${refused} of the first ${counted(slice.length, 'event')} of source "${subject}" cannot be read: ${told}`;
  const tell = refused === slice.length ? findings.fail : findings.warn;
  tell('SOURCE_GARBLED', { subject, what });
}

/** What a reading of the sources found is no news here. */
const SEEN_ELSEWHERE: ReadonlySet<string> = new Set(['EVENTS_SET_ASIDE', 'EVENTS_UNKNOWN']);

/** Judges the sources by the ledger's figures, with the sentinel's own rules and by the clock of the database. */
export async function probeStanding(
  db: Database,
  { sources, sentinel }: Config,
  now: Date,
  findings: Findings,
): Promise<void> {
  const { unmatchedAgeMs } = sentinel;
  const stored = await readSentinelFigures(db, { now, unmatchedAgeMs });
  let wellCount = 0;
  for (const { id: subject, syncIntervalMs } of sources) {
    const figures = stored.find(({ sourceId }) => sourceId === subject);
    if (figures === undefined) {
      const what = `no worker has registered source "${subject}"`;
      findings.fail('SOURCE_UNREAD', { subject, what });
      continue;
    }
    const all = watchSource({ ...figures, syncIntervalMs }, sentinel, now.getTime());
    const found = all.filter(({ code }) => !SEEN_ELSEWHERE.has(code));
    for (const { code, severity, words } of found) {
      const todo = `See ${code} in docs/operations.md, and \`openpool source list\`.`;
      const verdict = severity === 'grave' ? 'fail' : 'warn';
      findings.say({ subject, verdict, code, what: `source "${subject}": ${words}`, todo });
    }
    if (found.length === 0) wellCount += 1;
  }
  if (wellCount > 0) findings.pass(`${counted(wellCount, 'source')} read in time`);
}
