/** What one comparison with the other manager came to, as Temporal shows it, and what of it stops a promotion. */
export interface ShadowReport {
  readonly place: string;
  /** Why it could not be compared; null when it could. */
  readonly failure: string | null;
  readonly payees: number;
  readonly unexplained: number;
}

/** What the last comparison of a pool in shadow mode came to; undefined: there was none yet. */
export interface ShadowFigures {
  readonly beganAt: Date;
  readonly last: LastComparison | undefined;
}

export interface LastComparison {
  readonly at: Date;
  readonly failure: string | null;
  readonly unexplained: number;
}

/** A comparison that is older than this says nothing about today. */
export const STALE_MS = 36 * 3_600_000;

/** Says why nobody should rely on the shadow yet; null when everything is explained. */
export function shadowFault(last: LastComparison | undefined, nowMs: number): string | null {
  if (last === undefined) return 'this pool was never compared with the other manager';
  if (nowMs - last.at.getTime() > STALE_MS) {
    return `it was last compared with the other manager on ${last.at.toISOString()}`;
  }
  if (last.failure !== null)
    return `it could not be compared with the other manager: ${last.failure}`;
  if (last.unexplained === 0) return null;
  const payees = last.unexplained === 1 ? 'one payee' : `${last.unexplained} payees`;
  return `no known cause explains what differs from the other manager for ${payees}: openpool shadow report`;
}
