/**
 * Records which loops of this process have work, and when each last made progress (its last turn), for heartbeats, health
 * check and watchdog: a process that answers while its loops are stuck is not healthy.
 */

interface Busy {
  turnedAtMs: number;
  /** The limit for the time between two turns, in milliseconds. A loop that exceeds it is stuck. */
  readonly mostMs: number;
}

export class Turns {
  private readonly busy = new Map<string, Busy>();

  /** Returns the handle by which a loop that has work reports its progress, and at last that it has no more. */
  begin(name: string, mostMs: number) {
    const own: Busy = { turnedAtMs: performance.now(), mostMs };
    this.busy.set(name, own);
    return {
      turned: () => {
        own.turnedAtMs = performance.now();
      },
      end: () => {
        if (this.busy.get(name) === own) this.busy.delete(name);
      },
    };
  }

  /** Records progress of a loop from code that has only its name. Does nothing while the loop has no work. */
  turned(name: string): void {
    const own = this.busy.get(name);
    if (own !== undefined) own.turnedAtMs = performance.now();
  }

  /** Tells whether this loop is all right: it has no work, or it made progress within this time. */
  isTurning(name: string, withinMs: number): boolean {
    const own = this.busy.get(name);
    return own === undefined || performance.now() - own.turnedAtMs <= withinMs;
  }

  /** Returns the loops that made no progress for more than this share of their limit. */
  standing(share = 1) {
    const now = performance.now();
    return [...this.busy].flatMap(([name, { turnedAtMs, mostMs }]) => {
      const standsForMs = now - turnedAtMs;
      return standsForMs > mostMs * share ? [{ name, standsForMs }] : [];
    });
  }
}

/** The loops of this process. */
export const turns = new Turns();

/** The progress limit of sender and settler: everything that they wait for answers or times out within seconds. */
export const MONEY_LOOP_MS = 5 * 60_000;
/** The progress limit of a sync, longer than all the time-outs that a source sets itself. */
export const SYNC_LOOP_MS = 45 * 60_000;
/** A loop that made no progress for this share of its limit counts as unhealthy. */
export const UNHEALTHY_SHARE = 0.3;
