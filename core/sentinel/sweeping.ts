/** Decides for a sweep which payouts need a saga, which sagas Temporal is asked about, and which of them are stuck. */
import type { Database } from '../db/database.js';
import { type OpenPayoutRow, openPayouts } from '../payouts/store/payout-progress.js';
import { keptStuckSagas, lateSteps } from './store/stuck-sagas.js';

/**
 * A saga is stuck when its workflow task has failed this many times in a row: such a failure does not go away by itself.
 */
const STUCK_AT_ATTEMPT = 3;
/**
 * A saga whose tasks only time out is stuck after this many attempts. After a worker was killed, another worker's attempt
 * succeeds.
 */
const STUCK_WITHOUT_FAILURE_AT_ATTEMPT = 10;
/** One sweep asks about at most this many suspects of each kind; the next sweep continues with those behind them. */
const MOST_SUSPECTS = 50;

/**
 * Where this process's last sweep stopped among the suspects. The next one continues there, so all of them get their turn.
 */
export interface SuspectRounds {
  /** Id of the last payout asked about among those whose next step is late. */
  late: string;
  /** Id of the last payout asked about among those that are merely old. */
  old: string;
}

export const createSuspectRounds = (): SuspectRounds => ({ late: '', old: '' });

/** Returns the open payouts, and those of them whose sagas do not run. */
export async function payoutsWithoutSaga(
  db: Database,
  running: ReadonlySet<string>,
): Promise<{
  readonly open: readonly OpenPayoutRow[];
  readonly missing: readonly OpenPayoutRow[];
}> {
  const open = await openPayouts(db, {});
  return { open, missing: open.filter(({ payoutId }) => !running.has(payoutId)) };
}

export interface RunningSagas {
  /** Payouts that ended a while ago although their sagas still run. */
  readonly ended: readonly string[];
  /**
   * Payouts whose sagas may be stuck: those that were stuck at the last sweep and, in turn, as many others as one sweep
   * asks Temporal about.
   */
  readonly suspects: readonly string[];
}

/** Compares the sagas that run with their payouts. `payoutIdOf` returns undefined for another pool's workflow. */
export async function judgeRunning(
  db: Database,
  running: ReadonlySet<string>,
  {
    rounds,
    payoutIdOf,
  }: {
    readonly rounds: SuspectRounds;
    readonly payoutIdOf: (workflowId: string) => string | undefined;
  },
): Promise<RunningSagas> {
  const { ended, waiting, old } = await lateSteps(db, [...running]);
  const kept = (await keptStuckSagas(db)).flatMap((workflowId) => payoutIdOf(workflowId) ?? []);
  const late = inTurn([...ended, ...waiting], rounds.late);
  const aged = inTurn(old, rounds.old);
  rounds.late = late.at(-1) ?? '';
  rounds.old = aged.at(-1) ?? '';
  return { ended, suspects: [...new Set([...kept, ...late, ...aged])] };
}

/** Returns the next ids after this one, and starts again with the first when the end is reached. */
function inTurn(payoutIds: readonly string[], after: string): readonly string[] {
  const sorted = [...payoutIds].sort();
  const first = sorted.findIndex((payoutId) => payoutId > after);
  const cut = first === -1 ? 0 : first;
  return [...sorted.slice(cut), ...sorted.slice(0, cut)].slice(0, MOST_SUSPECTS);
}

/**
 * Returns the failure that keeps a saga from going on; undefined when it is not stuck. `readFailure` reads the saga's last
 * failure from its history, and is called only when its task was tried often enough to matter.
 */
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
