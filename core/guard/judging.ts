/** Judges every remote worker once, by the hourly facts, and keeps and tells what changes. */
import { foreignText } from '../base/foreign-text.js';
import type { Database, Transaction } from '../db/database.js';
import { transact } from '../db/transact.js';
import { askRank, type Candidate, type RankingDeps } from './ranking.js';
import {
  figuresOf,
  type WindowFacts,
  type WindowFigures,
  type WorkerFigures,
} from './rules/figures.js';
import type { JudgingReport } from './rules/judging-report.js';
import { opinionOf } from './rules/leaning.js';
import { type FactsOf, rankedStanding } from './rules/rank-window.js';
import { newStanding, nextStanding, type Standing } from './rules/states.js';
import { keepEffects } from './store/effects.js';
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
  const judged = await transact(db, (tx) => judge(tx, deps));
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

async function judge(tx: Transaction, deps: GuardDeps): Promise<readonly JudgedStanding[]> {
  const atMs = deps.now().getTime();
  await lockStates(tx);
  const windows = await readWindows(tx, { atMs, answerMs: deps.answerMs });
  const online = deps.settings.bands.online === undefined ? new Map() : await readOnline(tx, atMs);
  const kept = new Map((await readStandings(tx)).map((one) => [placeKey(one), one]));
  const places = figuresByPlace(windows, online);
  const workers = await readWorkers(
    tx,
    [...places.values()].map(({ remoteWorkerId }) => remoteWorkerId),
  );
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
  for (const one of kept.values()) {
    if (one.standing.state === 'good') await forgetStanding(tx, one);
    else candidates.push({ ...one, figures: {}, facts: {}, isKnown: true });
  }
  const judged = await judgeAll(tx, candidates, { deps, atMs });
  await keepStandings(tx, judged, atMs);
  return judged;
}

/** Judges by what the pool's policy says where it ranks workers itself, and by the guard's own rule where it does not. */
async function judgeAll(
  tx: Transaction,
  candidates: readonly Candidate[],
  { deps, atMs }: { readonly deps: GuardDeps; readonly atMs: number },
): Promise<readonly JudgedStanding[]> {
  const given = { atMs, settings: deps.settings };
  const ranking = await askRank(tx, candidates, deps);
  return candidates.map((one, i) => {
    if (ranking === undefined) {
      const opinion = opinionOf(one.figures ?? {}, deps.settings);
      return judged(one, nextStanding(one.standing, opinion, given), 'guard');
    }
    const answer = ranking.answers[i] ?? null;
    return answer === null
      ? judged(one, one.standing, one.decidedBy)
      : judged(one, rankedStanding(one.standing, answer, given), ranking.decidedBy);
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
