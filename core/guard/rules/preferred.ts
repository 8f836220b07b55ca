/** Makes the lists of preferred remote workers, by pipeline and model, that an orchestrator asks for. */
import type { Address } from '../../base/address.js';
import { WINDOWS, type WorkerFigures } from './figures.js';
import { type Override, overrideOf } from './override.js';
import type { GuardMode } from './settings.js';
import type { GuardState } from './states.js';

/** An AI worker that is connected. */
export interface ConnectedWorker {
  readonly id: number;
  readonly payee: Address;
  readonly region: string;
}

/** How a remote worker stands in a pipeline and model. */
export interface PlacedState {
  readonly remoteWorkerId: number;
  readonly pipeline: string;
  readonly modelId: string;
  readonly state: GuardState;
  readonly figures: WorkerFigures | null;
}

export interface PreferredBasis {
  readonly mode: GuardMode;
  readonly connected: readonly ConnectedWorker[];
  readonly states: readonly PlacedState[];
  /** Those that hold now. */
  readonly overrides: readonly Override[];
}

export interface PreferredLists {
  /** The addresses, the best first, by `modelKey`; an empty model stands for a pipeline's other models. */
  readonly byModel: ReadonlyMap<string, readonly Address[]>;
  /** For all others. */
  readonly others: readonly Address[];
  /** How many connected workers are left out somewhere. */
  readonly excluded: number;
  /** Those of `byModel` that have everybody, because all who are connected are excluded. */
  readonly fallbacks: ReadonlySet<string>;
  /** Whether `others` has everybody for that reason. */
  readonly othersFallBack: boolean;
}

export const modelKey = (pipeline: string, modelId: string): string => `${pipeline}\0${modelId}`;

/**
 * Makes the lists. A list is never empty while somebody is connected: if all were excluded, it has all. A guard that is off
 * or only warns leaves nobody out, except whom an operator excluded.
 */
export function preferredLists(basis: PreferredBasis): PreferredLists {
  const places = new Map<string, { readonly pipeline: string; readonly modelId: string }>();
  for (const { pipeline, modelId } of basis.states) {
    places.set(modelKey(pipeline, modelId), { pipeline, modelId });
  }
  for (const { pipeline, modelId } of basis.overrides) {
    const place = { pipeline: pipeline ?? '', modelId: modelId ?? '' };
    if (pipeline !== null) places.set(modelKey(place.pipeline, place.modelId), place);
  }
  const known = new Map(
    basis.states.map((one) => [
      `${one.remoteWorkerId}\0${modelKey(one.pipeline, one.modelId)}`,
      one,
    ]),
  );
  const excluded = new Set<number>();
  const listFor = (place: { pipeline: string; modelId: string } | null) => {
    const judged = basis.connected.map((worker) => {
      const state = place && known.get(`${worker.id}\0${modelKey(place.pipeline, place.modelId)}`);
      return judge(worker, { basis, place, state: state ?? undefined });
    });
    for (const { id, state } of judged) if (state === 'excluded') excluded.add(id);
    const wanted = judged.filter(({ state }) => state !== 'excluded');
    const all = wanted.length > 0 ? wanted : judged;
    const list = [...new Set(all.toSorted(bestFirst).map(({ payee }) => payee))];
    return { list, fallsBack: wanted.length < all.length };
  };
  const lists = [...places].map(([key, place]) => [key, listFor(place)] as const);
  const others = listFor(null);
  return {
    byModel: new Map(lists.map(([key, { list }]) => [key, list])),
    others: others.list,
    excluded: excluded.size,
    fallbacks: new Set(lists.flatMap(([key, { fallsBack }]) => (fallsBack ? [key] : []))),
    othersFallBack: others.fallsBack,
  };
}

interface Judged {
  readonly id: number;
  readonly payee: Address;
  readonly state: GuardState;
  readonly quality: number;
}

function judge(
  worker: ConnectedWorker,
  given: {
    readonly basis: PreferredBasis;
    readonly place: { readonly pipeline: string; readonly modelId: string } | null;
    readonly state: PlacedState | undefined;
  },
): Judged {
  const { basis, place, state } = given;
  const { id, payee, region } = worker;
  const { pipeline = null, modelId = null } = place ?? {};
  const override =
    basis.mode === 'off'
      ? undefined
      : overrideOf({ payee, nodeType: 'ai', region, pipeline, modelId }, basis.overrides);
  const own = basis.mode === 'off' ? 'good' : (state?.state ?? 'good');
  const quality = state === undefined ? UNKNOWN_QUALITY : qualityOf(state.figures ?? {});
  const isExcluding = basis.mode === 'exclude' || own !== 'excluded';
  return { id, payee, quality, state: override?.state ?? (isExcluding ? own : 'warned') };
}

/** Somebody of whom nothing is known comes after whom is known to be good, and before whom is known to be bad. */
const UNKNOWN_QUALITY = 1;
const ORDER: Readonly<Record<GuardState, number>> = {
  good: 0,
  warned: 1,
  probation: 2,
  excluded: 3,
};

/** The best first: a higher real-time ratio and a higher success are better. */
function bestFirst(a: Judged, b: Judged): number {
  const byState = ORDER[a.state] - ORDER[b.state];
  if (byState !== 0) return byState;
  if (a.quality !== b.quality) return b.quality - a.quality;
  return a.payee < b.payee ? -1 : 1;
}

/** Returns a number of which more is better: the ratio, or for AI the successes, of the shortest window that has any. */
function qualityOf(figures: WorkerFigures): number {
  for (const window of WINDOWS) {
    const { realTimeRatio, success } = figures[window] ?? {};
    const measured = realTimeRatio ?? success;
    if (measured !== undefined) return measured.value;
  }
  return UNKNOWN_QUALITY;
}
