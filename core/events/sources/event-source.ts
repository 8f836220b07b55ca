/** Defines the interface through which pool events come in: what every kind of source has to offer. */
import type { OptionsSchema } from '../../plugins/options.js';

/** One event as it was received, not checked in any way. */
export interface RawEvent {
  /** Where the event was found, for people who look for it: `element 17 of the answer`, or a file and an index. */
  readonly place: string;
  /** The text of the element, not yet parsed: it may turn out not to be JSON. */
  readonly raw: string;
  /** Set when the element was longer than this limit in bytes, and was cut off there. */
  readonly cutAtBytes?: number;
}

/** What the scanners are told that cut a text into events. */
export interface ScanOptions {
  /** The limit for one element. A longer one is cut off there and so unreadable; its neighbours are not affected. */
  readonly maxElementBytes: number;
  /** @default 250 */
  readonly sliceSize?: number;
  /** The name of what is read, for messages. @default 'the answer' */
  readonly what?: string;
}

export interface ReadRequest {
  /** Only events later than this are wanted; null: all. A source may yield more than that, but never less. */
  readonly since: Date | null;
  readonly signal: AbortSignal;
  /** Remembers which objects of a place were read; a source need not use it. Missing: everything is to be read. */
  readonly memory?: ObjectMemory;
}

/** One object, such as a file, as the listing of a place has it. */
export interface ListedObject {
  readonly key: string;
  /** A text that changes when the object changes, such as an ETag. */
  readonly version: string;
  readonly sizeBytes: number;
  /** True when its changes are normal and not reported, as of a file that grows or a dump that is replaced. */
  readonly mayChange?: boolean;
}

/** Remembers across passes, and across crashes, which objects were read to their end. */
export interface ObjectMemory {
  /** Returns the objects that must be read: new ones, changed ones, and those that were incomplete. */
  unread(objects: readonly ListedObject[]): Promise<readonly ListedObject[]>;
  /**
   * Returns the key up to which the objects with this prefix can be skipped this time; null: skip none. From time to
   * time everything has to be listed, because an object that arrives late may sort early.
   */
  skipUpTo(prefix: string): Promise<string | null>;
  /**
   * To be called when everything in the object was yielded. The object is remembered as read once those events are
   * stored. A `failure` says why the object is incomplete: people are shown it, and the object is read again.
   */
  done(object: ListedObject, failure?: { readonly code: string; readonly message: string }): void;
}

/**
 * A place that pool events are read from. `read` yields slices of at most some hundred events in the order in which the
 * place has them, and holds no more than that in memory. It ends when it has yielded everything. When it cannot get
 * everything, it yields what it has and then throws a PoolError `EVENT_SOURCE_…`.
 */
export interface EventSource {
  /** The place that the source reads: without secrets, and the same for every spelling. No two sources may share it. */
  readonly readsFrom: string;
  read(request: ReadRequest): AsyncIterable<readonly RawEvent[]>;
}

/** The part of the configuration of a source that its plugin sees. */
export interface EventSourceConfig<Options = unknown> {
  /** The id of the source. It never changes, because it is part of the identity of every event. */
  readonly id: string;
  /** The plugin that reads it: `orchestrator-http`, `s3`, `file`, `generator`, or `module` for that of a third party. */
  readonly kind: string;
  /** For the kind `module`: the package that makes the source, or its path from `baseDir`; null for other kinds. */
  readonly module: string | null;
  /** The directory of the configuration file. Relative paths in the options start there. */
  readonly baseDir: string;
  /** The region and node type of events that do not say them themselves. */
  readonly region: string | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  /** The source's own options, which its plugin checks. Secrets in files have been read in already. */
  readonly options: Options;
}

/** What a module of a third party exports, by name or as its default. */
export interface EventSourceModule<Options = never> {
  /** Checks the options. A module without a schema accepts no options. */
  readonly optionsSchema?: OptionsSchema<Options>;
  /** Makes the source, which reads nothing yet. `config.options` is what the schema returned. */
  createEventSource(config: EventSourceConfig<Options>): EventSource | Promise<EventSource>;
}
