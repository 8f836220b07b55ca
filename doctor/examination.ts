/** Runs checks at the same time. A check that depends on one that failed is not run, and says why. */

import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import type { AilmentCode, CheckId, CheckRow } from '../core/diagnosis/rules/checks.js';
import { AILMENTS, inOrder } from '../core/diagnosis/rules/checks.js';

/** A check that runs, or ran. Other checks may ask for its value. */
export interface Step<T> {
  readonly ended: Promise<Ended<T>>;
}

/** The value of a check, or the check at which it failed: its own, or one that it depends on. */
type Ended<T> = { readonly value: T } | { readonly failedAt: CheckId };

/** Ends a check whose findings are told already, and whose value others cannot have. */
export class Unusable extends Error {}

/** Ends a check that asked for the value of one that failed. */
class NotChecked extends Error {
  constructor(readonly failedAt: CheckId) {
    super(failedAt);
  }
}

type Told = Pick<CheckRow, 'what'> & Partial<Pick<CheckRow, 'subject' | 'todo'>>;

/** What a running check is given: the values of others, and where to say what it found. */
export interface Findings {
  /** Returns another check's value. Ends this check when that one failed. */
  need<T>(step: Step<T>): Promise<T>;
  /** Returns another check's value, or undefined when that one failed. */
  want<T>(step: Step<T>): Promise<T | undefined>;
  /** Does a part of the check that may take ten times as long. */
  takeLonger<T>(work: () => Promise<T>): Promise<T>;
  pass(what: string, subject?: string): void;
  warn(code: AilmentCode, told: Told): void;
  fail(code: AilmentCode, told: Told): void;
  /** Says what an error of the catalogue says. */
  error(error: PoolError, told?: { readonly subject?: string; readonly verdict?: 'warn' }): void;
  /** Says something with a code of another list, such as that of a halt. */
  say(row: Omit<CheckRow, 'check' | 'subject'> & { readonly subject?: string }): void;
}

export class Examination {
  readonly #rows: CheckRow[] = [];
  readonly #steps: Promise<unknown>[] = [];

  /** @param limitMs how long a check may take, not counting what it waits for other checks */
  constructor(readonly limitMs: number) {}

  /** Starts a check. */
  step<T>(check: CheckId, work: (findings: Findings) => Promise<T>): Step<T> {
    const ended = this.#run(check, work);
    this.#steps.push(ended);
    return { ended };
  }

  /** Waits until all checks have ended, and returns what they found. */
  async rows(): Promise<readonly CheckRow[]> {
    await Promise.all(this.#steps);
    return inOrder(this.#rows);
  }

  async #run<T>(check: CheckId, work: (findings: Findings) => Promise<T>): Promise<Ended<T>> {
    // A check that was given up may go on in the background: what it says then is no longer heard.
    let isOver = false;
    const add = (row: Omit<CheckRow, 'check'>) => {
      if (!isOver) this.#rows.push({ check, ...row });
    };
    const patience = new Patience(this.limitMs);
    try {
      const value = await Promise.race([work(findingsOf(add, patience)), patience.isOver]);
      return { value };
    } catch (error) {
      if (error instanceof NotChecked) {
        const what = `not checked, because ${error.failedAt} failed`;
        add({ subject: null, verdict: 'unchecked', code: null, what, todo: null });
        return { failedAt: error.failedAt };
      }
      if (!(error instanceof Unusable)) add(rowOf(error));
      return { failedAt: check };
    } finally {
      isOver = true;
      patience.end();
    }
  }
}

class TimedOut extends Error {
  constructor(limitMs: number) {
    super(`no answer came within ${limitMs / 1_000} s`);
  }
}

/** A time limit that stands still while a check waits for another one. */
class Patience {
  readonly isOver: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor(readonly limitMs: number) {
    this.isOver = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.isOver.catch(() => undefined);
    this.start();
  }

  start(limitMs = this.limitMs): void {
    clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    this.#timer = setTimeout(() => this.#fail(new TimedOut(limitMs)), limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#hasEnded = true;
    this.stop();
  }
}

function findingsOf(add: (row: Omit<CheckRow, 'check'>) => void, patience: Patience): Findings {
  const want = async <T>(step: Step<T>): Promise<Ended<T>> => {
    patience.stop();
    const ended = await step.ended;
    patience.start();
    return ended;
  };
  const tell = (verdict: 'warn' | 'fail') => (code: AilmentCode, told: Told) => {
    const { what, subject = null, todo = AILMENTS[code] } = told;
    add({ subject, verdict, code, what, todo });
  };
  return {
    async need(step) {
      const ended = await want(step);
      if ('failedAt' in ended) throw new NotChecked(ended.failedAt);
      return ended.value;
    },
    async want(step) {
      const ended = await want(step);
      return 'failedAt' in ended ? undefined : ended.value;
    },
    async takeLonger(work) {
      patience.start(10 * patience.limitMs);
      return work();
    },
    pass: (what, subject) =>
      add({ subject: subject ?? null, verdict: 'pass', code: null, what, todo: null }),
    warn: tell('warn'),
    fail: tell('fail'),
    error: ({ code, message, help }, { subject, verdict } = {}) =>
      add({
        subject: subject ?? null,
        verdict: verdict ?? 'fail',
        code,
        what: message,
        todo: help,
      }),
    say: ({ subject, ...row }) => add({ subject: subject ?? null, ...row }),
  };
}

/** What an error says that ended a check. */
function rowOf(error: unknown): Omit<CheckRow, 'check'> {
  if (error instanceof PoolError) {
    const { code, message: what, help: todo } = error;
    return { subject: null, verdict: 'fail', code, what, todo };
  }
  const isLate = error instanceof TimedOut;
  const code = isLate ? 'CHECK_TIMED_OUT' : 'CHECK_FAILED';
  const what = foreignText(error);
  return { subject: null, verdict: 'fail', code, what, todo: AILMENTS[code] };
}
