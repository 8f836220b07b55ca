/** What a sweep decides: which payouts need a saga, which sagas it asks Temporal about, and which of them are stuck. */
import type { Database } from '../db/database.js';
import { type OpenPayoutRow, openPayouts } from '../payouts/store/payout-progress.js';
import { keptStuckSagas, lateSteps } from './store/stuck-sagas.js';

/** A workflow task that failed this often in a row fails for a reason that stays. */
const STUCK_AT_ATTEMPT = 3;
/** A task that only timed out, because a worker was killed, succeeds when another worker takes it up. */
const STUCK_WITHOUT_FAILURE_AT_ATTEMPT = 10;
/** The most suspects of each kind that one sweep asks about; the next sweep goes on behind them. */
const MOST_SUSPECTS = 50;

/** How far the sweeps of this process came among the suspects. All of them get their turn. */
export interface SuspectRounds {
  /** The last payout asked about of those whose next step is late. */
  late: string;
  /** The last one of those that are merely old. */
  old: string;
}

export const createSuspectRounds = (): SuspectRounds => ({ late: '', old: '' });

/** The open payouts, and of them those whose sagas do not run. */
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
  /** Sagas that run although their payouts ended a while ago. */
  readonly ended: readonly string[];
  /**
   * Sagas that may be stuck: those that were stuck at the last sweep, and of the others as many as one sweep asks
   * Temporal about, in turn.
   */
  readonly suspects: readonly string[];
}

/** Compares the sagas that run with their payouts. `payoutIdOf` answers undefined for another pool's workflow. */
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

/** The next ones behind this id, from the start again when there are not enough. */
function inTurn(payoutIds: readonly string[], after: string): readonly string[] {
  const sorted = [...payoutIds].sort();
  const first = sorted.findIndex((payoutId) => payoutId > after);
  const cut = first === -1 ? 0 : first;
  return [...sorted.slice(cut), ...sorted.slice(0, cut)].slice(0, MOST_SUSPECTS);
}

/**
 * What keeps a saga from going on; undefined when nothing does. `readFailure` reads its last failure from its history,
 * and is called only when its task was tried often enough to matter.
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
