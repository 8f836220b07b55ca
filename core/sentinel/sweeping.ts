/** Decides for a sweep which sagas Temporal is asked about, and which of them are stuck. */
import type { Database } from '../db/database.js';
import { lateSteps } from './store/stuck-sagas.js';

/** A saga is stuck when its workflow task has failed this many times in a row. */
const STUCK_AT_ATTEMPT = 3;
/** A saga whose tasks only time out is stuck later: after a worker was killed, another worker's attempt succeeds. */
const STUCK_WITHOUT_FAILURE_AT_ATTEMPT = 10;
/** One sweep asks about at most this many suspects of each kind; the next sweep continues with those behind them. */
const MOST_SUSPECTS = 50;

/**
 * What one sweep leaves to the next: where it stopped among the late and the old suspects, and how many more times it is
 * enough to count the sagas. The first sweep of a process lists them.
 */
export const createSuspectRounds = () => ({ late: '', old: '', countsLeft: 0 });
export type SuspectRounds = ReturnType<typeof createSuspectRounds>;

/**
 * Compares the sagas that run with their payouts. `ended`: the payouts that ended a while ago. `suspects`: in turn, as many
 * payouts whose sagas may be stuck as one sweep asks Temporal about.
 */
export async function judgeRunning(
  db: Database,
  running: ReadonlySet<string>,
  rounds: SuspectRounds,
) {
  const { ended, waiting, old } = await lateSteps(db, [...running]);
  const late = inTurn([...ended, ...waiting], rounds.late);
  const aged = inTurn(old, rounds.old);
  rounds.late = late.at(-1) ?? '';
  rounds.old = aged.at(-1) ?? '';
  return { ended, suspects: [...late, ...aged] };
}

/** Returns the next ids after this one, and starts again with the first when the end is reached. */
function inTurn(payoutIds: readonly string[], after: string): readonly string[] {
  const sorted = [...payoutIds].sort();
  const first = sorted.findIndex((payoutId) => payoutId > after);
  const cut = first === -1 ? 0 : first;
  return [...sorted.slice(cut), ...sorted.slice(0, cut)].slice(0, MOST_SUSPECTS);
}

/** Returns the failure that a saga is stuck on, if any. Reads the history only when the task was tried often enough. */
export async function stuckFailure(
  attempt: number,
  readFailure: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (attempt < STUCK_AT_ATTEMPT) return undefined;
  const failure = await readFailure();
  if (failure !== undefined) return failure;
  if (attempt < STUCK_WITHOUT_FAILURE_AT_ATTEMPT) return undefined;
  return 'no failure is in its history: its tasks time out';
}
