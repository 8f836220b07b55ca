/** Durations in the words of a configuration. */

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** Formats a duration exactly, in the largest unit that divides it, as in a configuration. */
export function spellMs(ms: number): string {
  const fitting = UNITS.find(([, unitMs]) => ms !== 0 && ms % unitMs === 0);
  if (fitting === undefined) return ms === 0 ? '0s' : `${ms}ms`;
  return `${ms / fitting[1]}${fitting[0]}`;
}
