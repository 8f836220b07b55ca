/** The port through which pool events come in: what every kind of source has to offer. */

/** One event as it was received. Nothing in it was checked. */
export interface RawEvent {
  /** Where it stood, for people to find it: `element 17 of the answer`, or a file and an index. */
  readonly place: string;
  /** The text of the element. Whether it is JSON is found out later. */
  readonly raw: string;
  /** Set when the element was longer than this many bytes, the most that is read of one, and was cut off there. */
  readonly cutAtBytes?: number;
}

export interface ReadRequest {
  /** Only later events are wanted; null: all. A source may give more than that, but never less. */
  readonly since: Date | null;
  readonly signal: AbortSignal;
  /**
   * Remembers which objects were read before, for places that are made of objects such as the files in a bucket. A
   * source need not use it. It is missing when everything is to be read.
   */
  readonly memory?: ObjectMemory;
}

/** One object of a place, as a listing gives it. */
export interface ListedObject {
  readonly key: string;
  /** A text that changes when the object changes, such as an ETag. */
  readonly version: string;
  readonly sizeBytes: number;
  /** Whether people need not be told when the object changes, as with a file that grows or a dump that is replaced. */
  readonly mayChange?: boolean;
}

/** Remembers across passes, and across crashes, which objects were read to their end. */
export interface ObjectMemory {
  /** Returns those of the objects that must be read: new ones, changed ones, and those that were not whole. */
  unread(objects: readonly ListedObject[]): Promise<readonly ListedObject[]>;
  /**
   * The key up to which all objects that begin with the prefix may be passed over this time; null: none may. Now and
   * then everything has to be listed, because an object that comes late may sort early.
   */
  skipUpTo(prefix: string): Promise<string | null>;
  /**
   * To be called when everything that the object holds was yielded. It is remembered once those events are stored. A
   * `failure` says why the object is not whole: people are shown it, and the object is read again.
   */
  done(object: ListedObject, failure?: { readonly code: string; readonly message: string }): void;
}

/**
 * A place that pool events are read from. `read` yields slices of at most some hundred events in the order in which the
 * place has them, and holds no more than that in memory. It ends when it has given everything. When it cannot give
 * everything, it gives what it has and then throws a PoolError `EVENT_SOURCE_…`.
 */
export interface EventSource {
  /** The place that it reads, without secrets, and the same for every spelling. No two sources may share it. */
  readonly readsFrom: string;
  read(request: ReadRequest): AsyncIterable<readonly RawEvent[]>;
}

/** The part of the configuration of a source that its plugin sees. */
export interface EventSourceConfig<Options = unknown> {
  /** Permanent: it is part of the identity of every event. */
  readonly id: string;
  /** The plugin that reads it: `orchestrator-http`, `s3`, `file`, `generator`, or `module` for that of a third party. */
  readonly kind: string;
  /** For the kind `module`: the package, or the path from `baseDir`, that makes the source. */
  readonly module: string | null;
  /** The directory of the configuration, where relative paths start. */
  readonly baseDir: string;
  /** For events that do not say it themselves. */
  readonly region: string | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  /** The plugin checks these by its own schema. Secrets in files have been read in already. */
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
    /** Only for the type checker: what the schema takes and gives. */
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
  /** Without a schema no options are accepted. */
  readonly optionsSchema?: OptionsSchema<Options>;
  /** Makes the source; it reads nothing yet. `config.options` is what the schema gave. */
  createEventSource(config: EventSourceConfig<Options>): EventSource | Promise<EventSource>;
}
