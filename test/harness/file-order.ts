/**
 * The files that take longest, so that none of them runs alone at the end. Those with whole stacks have files beside
 * them that mostly wait for a time-out of Temporal or Postgres.
 */
export const FIRST = [
  'test/chaos/chaos.test.ts',
  'cli/events.test.ts',
  'test/guard-live.test.ts',
  'workflows/orders.test.ts',
  'activities/sweep.test.ts',
  'core/db/silent-connections.test.ts',
  'test/day.test.ts',
  'core/payouts/settling/settler.test.ts',
  'test/faults/stranger.test.ts',
  'core/payouts/settling/settler-duties.test.ts',
  'test/demo-lifecycle.test.ts',
  'test/faults/killed-anywhere.test.ts',
  'worker/run-worker.test.ts',
  'test/keys.test.ts',
];

/** The place of a file in this list; files that are not in it come after all others. */
export function placeOf(file: string): number {
  const place = FIRST.findIndex((path) => file.endsWith(`/${path}`));
  return place < 0 ? FIRST.length : place;
}
