/** Judges every remote worker once, by the hourly facts, and keeps and tells what changes. */
import { foreignText } from '../base/foreign-text.js';
import type { Database, Transaction } from '../db/database.js';
import { transact } from '../db/transact.js';
import { figuresOf, type WindowFigures, type WorkerFigures } from './rules/figures.js';
import type { JudgingReport } from './rules/judging-report.js';
import { opinionOf } from './rules/leaning.js';
import type { GuardSettings } from './rules/settings.js';
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

export interface GuardDeps {
  readonly db: Database;
  readonly settings: GuardSettings;
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
  const figures = figuresByPlace(windows, online);
  const workers = await readWorkers(
    tx,
    [...figures.values()].map(({ remoteWorkerId }) => remoteWorkerId),
  );
  const judged: JudgedStanding[] = [];
  for (const [key, found] of figures) {
    const worker = workers.get(found.remoteWorkerId);
    if (worker === undefined) continue;
    const known = kept.get(key);
    kept.delete(key);
    const before = known?.standing ?? newStanding(atMs);
    judged.push(judgeOne({ ...found, ...worker }, before, { atMs, settings: deps.settings }));
  }
  // Nobody else had a job in the last week: only time can change how they stand.
  for (const one of kept.values()) judged.push(...(await judgeIdle(tx, one, deps.settings, atMs)));
  await keepStandings(tx, judged, atMs);
  return judged;
}

function judgeOne(
  one: Omit<KeptStanding, 'standing' | 'decidedBy'>,
  before: Standing,
  { atMs, settings }: { readonly atMs: number; readonly settings: GuardSettings },
): JudgedStanding {
  const opinion = opinionOf(one.figures ?? {}, settings);
  const standing = nextStanding(before, opinion, { atMs, settings });
  return {
    ...one,
    standing,
    decidedBy: 'guard',
    before: standing.state === before.state ? null : before.state,
  };
}

async function judgeIdle(
  tx: Transaction,
  one: KeptStanding,
  settings: GuardSettings,
  atMs: number,
): Promise<readonly JudgedStanding[]> {
  if (one.standing.state === 'good') {
    await forgetStanding(tx, one);
    return [];
  }
  return [judgeOne({ ...one, figures: {} }, one.standing, { atMs, settings })];
}

interface PlacedFigures extends StatePlace {
  readonly figures: WorkerFigures;
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
    StatePlace & { figures: Partial<Record<string, WindowFigures>> }
  >();
  for (const { window, ...facts } of windows) {
    const { remoteWorkerId, pipeline, modelId } = facts;
    const key = placeKey(facts);
    const place = places.get(key) ?? { remoteWorkerId, pipeline, modelId, figures: {} };
    places.set(key, place);
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
