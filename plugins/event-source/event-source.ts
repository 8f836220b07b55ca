/** The port: where pool events come from. */

/** One event as it was received, not yet looked at. */
export interface RawEvent {
  /** Where it stood, for people: `element 17 of the answer`, a file and an index. */
  readonly place: string;
  /** The element's JSON text. Whether it is JSON at all is found out later. */
  readonly raw: string;
}

export interface ReadRequest {
  /** Only events later than this are wanted; a source may give more, never less. Null: all. */
  readonly since: Date | null;
  readonly signal: AbortSignal;
}

/**
 * A place that pool events are read from. `read` gives slices of at most some hundred events in the
 * order in which the place has them, and holds no more than that in memory. It ends when everything
 * was given; when it cannot give everything it gives what it has and then throws a PoolError
 * `EVENT_SOURCE_…`.
 */
export interface EventSource {
  /** What it reads, without secrets, the same in every spelling: two sources must not share it. */
  readonly readsFrom: string;
  read(request: ReadRequest): AsyncIterable<readonly RawEvent[]>;
}

/** What the configuration says of a source, as far as a plugin sees it. */
export interface EventSourceConfig {
  readonly id: string;
  readonly kind: string;
  /** Where the events do not say so themselves. */
  readonly region: string | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  /** Checked by the plugin's own schema. Secrets in files are read in already. */
  readonly options: unknown;
}
