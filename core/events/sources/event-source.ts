/** The port: where pool events come from. */

/** One event as it was received, not yet looked at. */
export interface RawEvent {
  /** Where it stood, for people: `element 17 of the answer`, a file and an index. */
  readonly place: string;
  /** The element's JSON text. Whether it is JSON at all is found out later. */
  readonly raw: string;
  /** It is longer than this many bytes, the most that is read of one, and cut off there. */
  readonly cutAtBytes?: number;
}

export interface ReadRequest {
  /** Only events later than this are wanted; a source may give more, never less. Null: all. */
  readonly since: Date | null;
  readonly signal: AbortSignal;
  /**
   * For places that are made of objects (files in a bucket): which of them were read before. A source
   * may leave it alone; it is missing when everything is to be read.
   */
  readonly memory?: ObjectMemory;
}

/** One object of a place, as a listing tells it. */
export interface ListedObject {
  readonly key: string;
  /** Another text when the object is another; an ETag. */
  readonly version: string;
  readonly sizeBytes: number;
  /** That it becomes another is nothing to tell people: a file that grows, a dump that is replaced. */
  readonly mayChange?: boolean;
}

/** Remembers across passes, and across crashes, which objects were read to their end. */
export interface ObjectMemory {
  /** Of the objects, those that must be read: new, changed, or not whole when they were read. */
  unread(objects: readonly ListedObject[]): Promise<readonly ListedObject[]>;
  /**
   * Of the objects that begin with the prefix, all up to this key may be passed over this time; null:
   * look at all. Now and then everything is looked at, because what comes late may sort early.
   */
  skipUpTo(prefix: string): Promise<string | null>;
  /**
   * Everything that the object holds was yielded; it is remembered once those events are stored. With
   * a failure: as far as it is whole. It is shown to people, and the object is read again.
   */
  done(object: ListedObject, failure?: { readonly code: string; readonly message: string }): void;
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
export interface EventSourceConfig<Options = unknown> {
  readonly id: string;
  readonly kind: string;
  /** For the kind `module`: the package, or the path from `baseDir`, that makes the source. */
  readonly module: string | null;
  /** The configuration's own directory: where relative paths start. */
  readonly baseDir: string;
  /** Where the events do not say so themselves. */
  readonly region: string | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  /** Checked by the plugin's own schema. Secrets in files are read in already. */
  readonly options: Options;
}

/** Checks options: zod, valibot, arktype and others make such schemas (standardschema.dev). */
export interface OptionsSchema<Options> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) => OptionsVerdict<Options> | Promise<OptionsVerdict<Options>>;
    /** For the types alone: says what the schema gives. */
    readonly types?: { readonly input: unknown; readonly output: Options } | undefined;
  };
}

export type OptionsVerdict<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly OptionsIssue[] };

export interface OptionsIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a module of a third party exports, by name or as its default. */
export interface EventSourceModule<Options = never> {
  /** Without one, no options are accepted. */
  readonly optionsSchema?: OptionsSchema<Options>;
  /** `config.options` is what the schema gave. Reads nothing yet. */
  createEventSource(config: EventSourceConfig<Options>): EventSource | Promise<EventSource>;
}
