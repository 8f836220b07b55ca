/** The port of a policy. The pool asks it at times and keeps its answers as dated rows; nothing else ever calls it. */
import type { OptionsSchema } from '../plugins/options.js';
import type {
  AdmitAnswer,
  DueAnswer,
  PolicyStanding,
  PolicyWorker,
  RankAnswer,
  RankStats,
  ShowAnswer,
  TermsAnswer,
} from './rules/questions.js';

/**
 * A pool's policy. Each function is synchronous and pure: what it returns depends on its arguments alone, so it
 * has no clock, randomness, network or files, and the same question gets the same answer. `at` is ISO 8601.
 * A function that is absent leaves the matter to the pool's terms.
 */
export interface Policy<Options = unknown> {
  /** 1 to 40 lower-case letters, digits and hyphens. */
  readonly name: string;
  /** 1 to 40 letters, digits, dots and hyphens. */
  readonly version: string;
  /** A standard schema for the options in the pool's file. Absent: the policy takes none. */
  readonly options?: OptionsSchema<Options> | undefined;
  /** Asked for each remote worker. */
  readonly terms?:
    | ((worker: PolicyWorker, at: string, options: Options) => TermsAnswer)
    | undefined;
  /** This one and the following are asked for each payee. */
  readonly due?:
    | ((standing: PolicyStanding, at: string, options: Options) => DueAnswer)
    | undefined;
  readonly admit?:
    | ((worker: PolicyWorker, at: string, options: Options) => AdmitAnswer)
    | undefined;
  readonly rank?: ((stats: RankStats, at: string, options: Options) => RankAnswer) | undefined;
  readonly show?: ((worker: PolicyWorker, options: Options) => ShowAnswer) | undefined;
}

/** Returns the policy unchanged, frozen; it gives its functions their types. Its module exports it as `policy` or by default. */
export function definePolicy<Options = Record<string, never>>(
  policy: Policy<Options>,
): Policy<Options> {
  return Object.freeze(policy);
}
