/** Compares the newest blocks that endpoints show with each other. */

/** The newest block of an endpoint, by the block's own time. */
export interface Head {
  readonly name: string;
  readonly headAtMs: number;
}

/** Returns the time of the newest block that any endpoint shows; null when there is none. */
export function newestHeadMs(heads: readonly Head[]): number | null {
  return heads.length === 0 ? null : Math.max(...heads.map(({ headAtMs }) => headAtMs));
}

/** Lists the endpoints that are further behind the newest block than is allowed: a worker counts no answer of theirs. */
export function laggingHeads(heads: readonly Head[], maxHeadAgeMs: number) {
  const newestMs = newestHeadMs(heads) ?? 0;
  return heads
    .map(({ name, headAtMs }) => ({ name, behindMs: newestMs - headAtMs }))
    .filter(({ behindMs }) => behindMs > maxHeadAgeMs);
}
