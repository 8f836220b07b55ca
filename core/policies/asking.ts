/** Asks a policy: one that is a module in its thread, the built-in one here. Whoever asks checks the answers. */
import { createHash } from 'node:crypto';
import { foreignText } from '../base/foreign-text.js';
import { resolveModule } from '../plugins/load-module.js';
import { readOptions } from '../plugins/options.js';
import type { TermsVersion } from '../terms/rules/terms.js';
import { builtInPolicy } from './built-in.js';
import type { Policy } from './policy.js';
import {
  ABOUTS,
  type About,
  PolicyRealm,
  PolicyUnusable,
  type RawAnswer,
} from './realm/policy-realm.js';
import { type Json, PLAIN_TERMS, toJson } from './rules/pool-terms.js';
import type { PolicyStanding, PolicyWorker, RankStats } from './rules/questions.js';

/** Which policy a version of the terms has. */
export interface PolicyChoice {
  /** A package, or a path from `baseDir`; null: the built-in policy. */
  readonly module: string | null;
  readonly options: Json;
  readonly baseDir: string;
  readonly timeLimitMs?: number | undefined;
}

/** Returns the policy of a version of the terms. The path of a module starts at `baseDir`. */
export function policyChoice(
  { baseDir }: Pick<PolicyChoice, 'baseDir'>,
  { commissionBps, policy }: Pick<TermsVersion, 'commissionBps' | 'policy'>,
): PolicyChoice {
  const module = policy?.module ?? null;
  if (policy && module !== null) return { module, options: toJson(policy.options), baseDir };
  const terms = typeof policy?.options === 'object' ? policy.options : PLAIN_TERMS;
  return { module, options: toJson({ ...terms, defaults: { commissionBps } }), baseDir };
}

/** What each function of a policy is asked, without the options. */
export interface Questions {
  readonly terms: readonly [worker: PolicyWorker, at: string];
  readonly due: readonly [standing: PolicyStanding, at: string];
  readonly admit: readonly [worker: PolicyWorker, at: string];
  readonly rank: readonly [stats: RankStats, at: string];
  readonly show: readonly [worker: PolicyWorker];
}

/** A policy that is ready to be asked. Close it afterwards. */
export interface Asker {
  readonly name: string;
  readonly version: string;
  readonly optionsHash: string;
  /** The functions that it has. */
  readonly answers: readonly About[];
  /** What it looks at of the figures of workers: nothing, what was earned by day, or that and when they were connected. */
  readonly looksAt: 'nothing' | 'earnings' | 'presence';
  ask<A extends About>(about: A, questions: readonly Questions[A][]): Promise<readonly RawAnswer[]>;
  close(): Promise<void>;
}

/** Loads the policy and checks its options. Throws PolicyUnusable with what is wrong. */
export async function openPolicy(choice: PolicyChoice): Promise<Asker> {
  const { module, options, baseDir, timeLimitMs } = choice;
  const optionsHash = createHash('sha256')
    .update(JSON.stringify(toJson(options)))
    .digest('hex');
  if (module === null) {
    const builtIn = await withOptions(builtInPolicy, options);
    const looksAt = builtIn.options.tiers.length > 0 ? 'earnings' : 'nothing';
    return { ...askerOf(builtIn), optionsHash, looksAt };
  }
  const notFound = (message: string) => new PolicyUnusable(message);
  const url = await resolveModule({ module, baseDir }, { notFound });
  const realm = await PolicyRealm.open({ url, options, timeLimitMs });
  const { name, version, answers } = realm;
  return {
    name,
    version,
    answers,
    optionsHash,
    looksAt: 'presence',
    ask: (about, questions) => realm.ask(about, questions),
    close: () => realm.close(),
  };
}

async function withOptions<Options>(
  policy: Policy<Options>,
  given: Json,
): Promise<BuiltIn<Options>> {
  if (policy.options === undefined) throw new PolicyUnusable('it takes no options');
  const read = await readOptions(given, policy.options);
  if ('wrong' in read) throw new PolicyUnusable(read.wrong);
  return { policy, options: read.value };
}

interface BuiltIn<Options> {
  readonly policy: Policy<Options>;
  readonly options: Options;
}
type Calls = { readonly [A in About]: ((question: Questions[A]) => unknown) | null };

function askerOf<Options>({
  policy,
  options,
}: BuiltIn<Options>): Omit<Asker, 'optionsHash' | 'looksAt'> {
  const { name, version, terms, due, admit, rank, show } = policy;
  const calls: Calls = {
    terms: terms === undefined ? null : ([worker, at]) => terms(worker, at, options),
    due: due === undefined ? null : ([standing, at]) => due(standing, at, options),
    admit: admit === undefined ? null : ([worker, at]) => admit(worker, at, options),
    rank: rank === undefined ? null : ([stats, at]) => rank(stats, at, options),
    show: show === undefined ? null : ([worker]) => show(worker, options),
  };
  return {
    name,
    version,
    answers: ABOUTS.filter((about) => calls[about] !== null),
    async ask(about, questions) {
      const call = calls[about];
      if (call === null) throw new RangeError(`${name} answers nothing about ${about}`);
      return questions.map((question): RawAnswer => {
        try {
          return { value: call(question) };
        } catch (error) {
          return { wrong: `it failed: ${foreignText(error)}` };
        }
      });
    },
    async close() {},
  };
}
