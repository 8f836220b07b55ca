/** Defines the interface through which notices go out: what every kind of notifier has to offer. */
import type { OptionsSchema } from '../../plugins/options.js';
import type { Audience, NoticeKind } from '../rules/notice-kinds.js';

/** A notice as its receiver gets it. Nothing in it is a secret. */
export interface Notice {
  /** The same whenever this notice is delivered, so that a receiver can drop what it has already. */
  readonly id: string;
  /** What it is about: `paid`, `halted`, …; docs/notices.md has all of them. */
  readonly kind: NoticeKind;
  /** When it became true, in ISO format. */
  readonly at: string;
  readonly pool: { readonly id: string; readonly name: string };
  readonly audience: 'operator' | 'payee';
  /** One short line of plain text. */
  readonly title: string;
  /** Some sentences of plain text. They may quote what others wrote: escape them for where they are shown. */
  readonly text: string;
  /** Where to read on; null when the pool has no public address. */
  readonly link: string | null;
  /** The facts. Fields that end in `Wei` are decimal strings of wei; addresses are EIP-55. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** What became of one try to deliver a notice. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  /** It may work later. `afterMs`: not before so many ms, as the receiver says; nothing else is tried meanwhile. */
  | { readonly kind: 'try-again'; readonly why: string; readonly afterMs?: number }
  /** It will never work: the notice is not tried again by itself. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * A way by which notices reach somebody. `deliver` resolves with what became of one try, and may be called again with
 * the same notice: after a crash nobody knows whether it arrived. An error that it throws counts as `try-again`.
 */
export interface Notifier {
  /** Where the notices go, for people: a host or a path, without secrets. */
  readonly sendsTo: string;
  deliver(notice: Notice, signal: AbortSignal): Promise<DeliveryOutcome>;
}

/** The part of the configuration of a target that its plugin sees. */
export interface NotifierConfig<Options = unknown> {
  readonly id: string;
  /** The plugin that delivers: `webhook`, `discord`, or `module` for that of a third party. */
  readonly kind: string;
  /** For the kind `module`: the package that makes the notifier, or its path from `baseDir`; null for other kinds. */
  readonly module: string | null;
  /** The directory of the configuration file. Relative paths in the options start there. */
  readonly baseDir: string;
  /**
   * Whose address it is. An operator's own may be anywhere. One that a worker gave must be public and by https, so that
   * nobody reaches the pool's own network through it.
   */
  readonly addressOf: 'operator' | 'payee';
  /** The notifier's own options, which its plugin checks. Secrets in files have been read in already. */
  readonly options: Options;
}

/** What a module of a third party exports, by name or as its default. */
export interface NotifierModule<Options = never> {
  /** Checks the options. A module without a schema accepts no options. */
  readonly optionsSchema?: OptionsSchema<Options>;
  /** Makes the notifier, which sends nothing yet. `config.options` is what the schema returned. */
  createNotifier(config: NotifierConfig<Options>): Notifier | Promise<Notifier>;
}

/** A target as the configuration has it: what its plugin sees, and who is told what there. */
export interface NoticeTarget extends NotifierConfig, Audience {
  /** A payee's worker that was not seen for so many ms is told as offline; null: never. */
  readonly offlineAfterMs: number | null;
}
