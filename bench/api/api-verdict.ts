/** Sums up the figures of the API's speed, and judges them. */
import { median, rounded } from '../figures.js';

/** One page, measured in rounds: the bare route and then the API, so that a slow spell of the machine hits both. */
export interface PageRounds {
  readonly page: string;
  readonly bytes: number;
  readonly rounds: readonly { readonly bareRate: number; readonly apiRate: number }[];
}

/** The limits that docs/performance.md names. */
export const FLOORS = {
  ratioToBare: 1,
  payeeRatioToBare: 0.2,
  p99Ms: 50,
  whyP99Ms: 20,
  oldestMs: 2_000,
} as const;

export type ApiFigures = Readonly<Record<keyof typeof FLOORS, number>>;

/** The median of what the API answers for each answer of the bare route. */
export function ratioOf({ rounds }: PageRounds): number {
  return median(rounds.map(({ bareRate, apiRate }) => apiRate / bareRate));
}

/** The worst of several pages. Throws when none was measured. */
export function worstRatio(pages: readonly PageRounds[]): number {
  if (pages.length === 0) throw new RangeError('no page was measured');
  return Math.min(...pages.map(ratioOf));
}

export function describePage(page: PageRounds) {
  const { bytes, rounds } = page;
  return {
    page: page.page,
    bytes,
    bareAnswersPerSecond: rounded(median(rounds.map(({ bareRate }) => bareRate))),
    answersPerSecond: rounded(median(rounds.map(({ apiRate }) => apiRate))),
    ratio: rounded(ratioOf(page)),
  };
}

/** Returns what misses its floor or its ceiling, in words; empty when all is well. A figure that is no number misses. */
export function misses(figures: ApiFigures, floors: ApiFigures = FLOORS): readonly string[] {
  return (Object.keys(floors) as (keyof ApiFigures)[]).flatMap((key) => {
    const isRatio = key.endsWith('Bare');
    const holds = isRatio ? figures[key] >= floors[key] : figures[key] <= floors[key];
    return holds ? [] : [`${key} is ${figures[key]}, ${isRatio ? 'least' : 'most'} ${floors[key]}`];
  });
}
