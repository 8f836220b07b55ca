/** Judges every remote worker once, by the hourly facts, and keeps and tells what changes. */
import { foreignText } from '../base/foreign-text.js';
import type { Database } from '../db/database.js';
import { transact } from '../db/transact.js';
import { recordFailures } from '../policies/store/failures.js';
import { askRank, type Candidate, type Ranking, type RankingDeps } from './ranking.js';
import {
  figuresOf,
  type WindowFacts,
  type WindowFigures,
  type WorkerFigures,
} from './rules/figures.js';
import type { JudgingReport } from './rules/judging-report.js';
import { opinionOf } from './rules/leaning.js';
import { type FactsOf, rankedStanding } from './rules/rank-window.js';
import type { GuardSettings } from './rules/settings.js';
import { newStanding, nextStanding, type Standing } from './rules/states.js';
import { keepEffects } from './store/effects.js';
import { recordJudging } from './store/guard-metrics.js';
import { type PlacedFacts, readWindows } from './store/hour-reads.js';
import { readOnline } from './store/online-reads.js';
import {
  forgetStanding,
  type JudgedStanding,
  type KeptStanding,
  keepStandings,
  lockStates,
  readStandings,
  readWorkers,
  type StatePlace,
} from './store/states.js';

export interface GuardDeps extends RankingDeps {
  readonly db: Database;
  /** An AI job that was handed out must be answered within this time, in milliseconds. */
  readonly answerMs: number;
  readonly now: () => Date;
}

const placeKey = ({ remoteWorkerId, pipeline, modelId }: StatePlace) =>
  `${remoteWorkerId}\0${pipeline}\0${modelId}`;

/** Judges everybody. A pool whose guard is off judges nobody, and what was judged before counts for nothing. */
export async function judgeWorkers(deps: GuardDeps): Promise<JudgingReport> {
  const { db, settings } = deps;
  if (settings.mode === 'off') return { mode: 'off', judged: 0, changes: [] };
  const judged = await judge(deps);
  if (settings.mode === 'exclude') await keepEffects(db, deps.now().getTime());
  return {
    mode: settings.mode,
    judged: judged.length,
    changes: judged.flatMap(({ before, standing, ...one }) =>
      before === null
        ? []
        : { ...wordsOf(one), before, state: standing.state, reason: standing.reason },
    ),
  };
}

/** Reads and asks first, and then writes what nobody else has judged meanwhile. */
async function judge(deps: GuardDeps): Promise<readonly JudgedStanding[]> {
  const { db } = deps;
  const atMs = deps.now().getTime();
  const kept = await readStandings(db);
  const { candidates, forgotten } = await readCandidates(deps, kept, atMs);
  const ranking = await askRank(db, candidates, deps);
  const all = judgeAll(candidates, ranking, { atMs, settings: deps.settings });
  return transact(db, async (tx) => {
    await lockStates(tx);
    if (ranking.failures !== null) await recordFailures(tx, ranking.failures, ['rank']);
    const changed = changedSince(kept, await readStandings(tx));
    const isAsRead = (place: StatePlace) => !changed.has(placeKey(place));
    for (const one of forgotten.filter(isAsRead)) await forgetStanding(tx, one);
    const judged = all.filter(isAsRead);
    await keepStandings(tx, judged, { atMs, paidAsBefore: ranking.paidAsBefore });
    await recordJudging(tx, atMs);
    return judged;
  });
}

/** Returns the places that somebody else has judged, or forgotten, between two readings. */
function changedSince(
  before: readonly KeptStanding[],
  after: readonly KeptStanding[],
): ReadonlySet<string> {
  const textOf = ({ standing, decidedBy }: KeptStanding) => JSON.stringify([standing, decidedBy]);
  const left = new Map(before.map((one) => [placeKey(one), textOf(one)]));
  const changed = new Set<string>();
  for (const one of after) {
    const key = placeKey(one);
    if (left.get(key) !== textOf(one)) changed.add(key);
    left.delete(key);
  }
  return new Set([...changed, ...left.keys()]);
}

/** Reads who is to be judged, and whom to forget: who is good, and had no jobs for a week. */
async function readCandidates(
  { db, settings, answerMs }: GuardDeps,
  standings: readonly KeptStanding[],
  atMs: number,
) {
  const windows = await readWindows(db, { atMs, answerMs });
  const online = settings.bands.online === undefined ? new Map() : await readOnline(db, atMs);
  const kept = new Map(standings.map((one) => [placeKey(one), one]));
  const places = figuresByPlace(windows, online);
  const ids = [...places.values()].map(({ remoteWorkerId }) => remoteWorkerId);
  const workers = await readWorkers(db, ids);
  const candidates: Candidate[] = [];
  for (const [key, found] of places) {
    const worker = workers.get(found.remoteWorkerId);
    if (worker === undefined) continue;
    const known = kept.get(key);
    kept.delete(key);
    const { standing = newStanding(atMs), decidedBy = 'guard' } = known ?? {};
    candidates.push({ ...found, ...worker, standing, decidedBy, isKnown: known !== undefined });
  }
  // Nobody else had a job in the last week: by the guard's own rule only time can change how they stand.
  const rest = [...kept.values()];
  const isGood = ({ standing }: KeptStanding) => standing.state === 'good';
  const others = rest.filter((one) => !isGood(one));
  candidates.push(...others.map((one) => ({ ...one, figures: {}, facts: {}, isKnown: true })));
  return { candidates, forgotten: rest.filter(isGood) };
}

/** Judges by what the pool's policy says where it ranks workers itself, and by the guard's own rule where it does not. */
function judgeAll(
  candidates: readonly Candidate[],
  { answers, decidedBy }: Ranking,
  given: { readonly atMs: number; readonly settings: GuardSettings },
): readonly JudgedStanding[] {
  return candidates.map((one, i) => {
    if (answers === null) {
      const opinion = opinionOf(one.figures ?? {}, given.settings);
      return judged(one, nextStanding(one.standing, opinion, given), 'guard');
    }
    const answer = answers[i] ?? null;
    return answer === null
      ? judged(one, one.standing, one.decidedBy)
      : judged(one, rankedStanding(one.standing, answer, given), decidedBy);
  });
}

function judged(one: Candidate, standing: Standing, decidedBy: string): JudgedStanding {
  const { state } = one.standing;
  return { ...one, standing, decidedBy, before: standing.state === state ? null : state };
}

interface PlacedFigures extends StatePlace {
  readonly figures: WorkerFigures;
  readonly facts: FactsOf;
}

function figuresByPlace(
  windows: readonly PlacedFacts[],
  online: ReadonlyMap<
    number,
    Awaited<ReturnType<typeof readOnline>> extends ReadonlyMap<number, infer Of> ? Of : never
  >,
): ReadonlyMap<string, PlacedFigures> {
  const unsure = { share: null, hours: 0 };
  const places = new Map<
    string,
    StatePlace & {
      figures: Partial<Record<string, WindowFigures>>;
      facts: Partial<Record<string, WindowFacts>>;
    }
  >();
  for (const { window, ...facts } of windows) {
    const { remoteWorkerId, pipeline, modelId } = facts;
    const key = placeKey(facts);
    const place = places.get(key) ?? { remoteWorkerId, pipeline, modelId, figures: {}, facts: {} };
    places.set(key, place);
    place.facts[window] = facts;
    place.figures[window] = figuresOf(facts, online.get(remoteWorkerId)?.[window] ?? unsure);
  }
  return places;
}

function wordsOf(
  one: Pick<KeptStanding, 'payee' | 'nodeType' | 'region' | 'pipeline' | 'modelId'>,
) {
  const { payee, nodeType, region, pipeline, modelId } = one;
  const of = [pipeline, modelId].filter((name) => name !== '').map(foreignText);
  return { payee, nodeType, region: foreignText(region), of: of.join(' / ') };
}
