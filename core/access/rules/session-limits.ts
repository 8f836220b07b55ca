/** How long a browser stays signed in. */

const MINUTE_MS = 60_000;

/** A session that sent no request for this long has ended. */
export const SESSION_IDLE_MS = 30 * MINUTE_MS;
/** A session ends after this long, however often it sends requests. */
export const SESSION_LONGEST_MS = 12 * 60 * MINUTE_MS;
