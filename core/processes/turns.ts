/**
 * Keeps which loops of this process have work, and when each of them last made progress. Beats, the health check and the
 * watchdog ask here: a process that answers while its loops stand still is not healthy.
 */

interface Busy {
  turnedAtMs: number;
  /** The longest time between two turns; more is a fault. */
  readonly mostMs: number;
}

export interface StandingLoop {
  readonly name: string;
  readonly standsForMs: number;
}

/** A loop that has work from now on. */
export interface Turn {
  turned(): void;
  /** It has no work any more. */
  end(): void;
}

export class Turns {
  private readonly busy = new Map<string, Busy>();

  begin(name: string, mostMs: number): Turn {
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

  /** Notes progress of a loop from within, where it has work. */
  turned(name: string): void {
    const own = this.busy.get(name);
    if (own !== undefined) own.turnedAtMs = performance.now();
  }

  /** Whether this loop has no work, or got on within this time. */
  isTurning(name: string, withinMs: number): boolean {
    const own = this.busy.get(name);
    return own === undefined || performance.now() - own.turnedAtMs <= withinMs;
  }

  /** Loops that have not turned for this share of what is the most that they may take. */
  standing(share = 1): readonly StandingLoop[] {
    const now = performance.now();
    return [...this.busy].flatMap(([name, { turnedAtMs, mostMs }]) => {
      const standsForMs = now - turnedAtMs;
      return standsForMs > mostMs * share ? [{ name, standsForMs }] : [];
    });
  }
}

/** Of this process. */
export const turns = new Turns();

/** The sender and the settlement loop: whatever they wait for answers, or is given up, within seconds. */
export const MONEY_LOOP_MS = 5 * 60_000;
/** A source is waited for as long as its own time-outs say; this is beyond all of them. */
export const SYNC_LOOP_MS = 45 * 60_000;
/** A loop that stands for this share of its time is not healthy any more. */
export const UNHEALTHY_SHARE = 0.3;
