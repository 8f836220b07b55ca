/** A policy's module in a thread of its own: what it does there, even for ever, does not stop the pool's process. */
import { setInterval } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { foreignText } from '../../base/foreign-text.js';
import { describeIssue } from '../../plugins/options.js';
import type { Json } from '../rules/pool-terms.js';
import { THREAD_CODE } from './thread-code.js';

export const ABOUTS = ['terms', 'due', 'admit', 'rank', 'show'] as const;
/** The functions of a policy. */
export type About = (typeof ABOUTS)[number];

/** What a policy returned, unchecked, or why there is no answer. */
export type RawAnswer = { readonly value: unknown } | { readonly wrong: string };

export interface RealmOptions {
  /** The URL of the module's file. */
  readonly url: string;
  readonly options: Json;
  /** How long one question may take. @default 1 s */
  readonly timeLimitMs?: number | undefined;
}

/** A policy that cannot be used at all: its module does not load, or refuses its options. */
export class PolicyUnusable extends Error {}

const TIME_LIMIT_MS = 1_000;
/** Loading a module may take so many times as long as a question. */
const LOADING_FACTOR = 10;
const HEAP_MB = 256;
/** After so many hangs the rest of the questions are not asked. */
const MOST_HANGS = 3;

const wrong = z.object({ wrong: z.string() });
const loaded = z.object({
  name: z.string(),
  version: z.string(),
  answers: z.array(z.enum(ABOUTS)),
});
type Loaded = z.output<typeof loaded>;
const opened = z.union([
  loaded,
  z.object({ issues: z.array(z.object({ message: z.string(), path: z.array(z.string()) })) }),
  wrong,
]);
const answered = z.array(z.union([wrong, z.object({ value: z.unknown() })]));

/** A loaded policy. Close it: its thread runs until then. */
export class PolicyRealm {
  private hangs = 0;

  readonly name: string;
  readonly version: string;
  /** The functions that it has. */
  readonly answers: readonly About[];

  private constructor(
    private readonly given: RealmOptions,
    private thread: PolicyThread,
    said: Loaded,
  ) {
    this.name = said.name;
    this.version = said.version;
    this.answers = said.answers;
  }

  /** Loads the module and checks the options. Throws PolicyUnusable with what is wrong. */
  static async open(given: RealmOptions): Promise<PolicyRealm> {
    const thread = new PolicyThread();
    const said = await load(thread, given);
    if ('name' in said) {
      return new PolicyRealm(given, thread, said);
    }
    await thread.end();
    throw new PolicyUnusable(said.wrong);
  }

  /**
   * Asks the same function each question, which is the list of its arguments without the options. Returns an answer for
   * each, in their order. A question that the policy hangs on has none, and the others are asked in a new thread.
   */
  async ask(
    about: About,
    questions: readonly (readonly unknown[])[],
  ): Promise<readonly RawAnswer[]> {
    const { timeLimitMs = TIME_LIMIT_MS } = this.given;
    const answers: RawAnswer[] = [];
    while (answers.length < questions.length) {
      const rest = questions.slice(answers.length);
      if (this.hangs >= MOST_HANGS) {
        const left = { wrong: `it was not asked: the policy has hung ${MOST_HANGS} times` };
        return [...answers, ...rest.map(() => left)];
      }
      const end = await this.thread.call({ kind: 'ask', about, questions: rest }, timeLimitMs);
      if ('value' in end) {
        const found = answered.safeParse(end.value);
        const bad = { wrong: 'its thread answered with something else than answers' };
        return [...answers, ...(found.success ? found.data : rest.map(() => bad))];
      }
      // The questions before the one that it hung on were answered, and are asked again: they are pure.
      this.hangs += 1;
      this.thread = new PolicyThread();
      const said = await load(this.thread, this.given);
      if (!('name' in said)) return [...answers, ...rest.map(() => said)];
      const again = await this.ask(about, rest.slice(0, Math.max(end.begun - 1, 0)));
      answers.push(...again, { wrong: end.wrong });
    }
    return answers;
  }

  async close(): Promise<void> {
    await this.thread.end();
  }
}

async function load(
  thread: PolicyThread,
  { url, options, timeLimitMs = TIME_LIMIT_MS }: RealmOptions,
) {
  const end = await thread.call({ kind: 'open', url, options }, timeLimitMs * LOADING_FACTOR);
  if ('wrong' in end) return { wrong: `it does not load: ${end.wrong}` };
  const found = opened.safeParse(end.value);
  if (!found.success) return { wrong: 'its thread answered with something else than a policy' };
  const said = found.data;
  if ('issues' in said) return { wrong: said.issues.map(describeIssue).join('; ') };
  if ('wrong' in said) return { wrong: foreignText(said.wrong) };
  // Both stand in every row that keeps an answer.
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(said.name)) {
    return { wrong: 'its name is not 1 to 40 lower-case letters, digits and hyphens' };
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,39}$/.test(said.version)) {
    return { wrong: 'its version is not 1 to 40 letters, digits, dots and hyphens' };
  }
  return said;
}

type CallEnd =
  | { readonly value: unknown }
  | {
      readonly wrong: string /** The number of questions that were begun. */;
      readonly begun: number;
    };

class PolicyThread {
  private readonly progress = new Int32Array(new SharedArrayBuffer(4));
  private readonly worker = new Worker(THREAD_CODE, {
    eval: true,
    execArgv: [],
    argv: [],
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
    workerData: { progress: this.progress },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });

  constructor() {
    this.worker.unref();
    // Whatever it prints is dropped: a thread of a stranger writes nothing into the pool's log.
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    this.worker.on('error', () => undefined);
  }

  /** Sends a message and waits for its answer. Ends the thread when no question is done for as long as the limit. */
  call(message: object, limitMs: number): Promise<CallEnd> {
    const { worker, progress } = this;
    Atomics.store(progress, 0, 0);
    return new Promise((resolve) => {
      let last = 0;
      const timer = setInterval(() => {
        const begun = Atomics.load(progress, 0);
        if (begun === last) finish({ wrong: `it gave no answer within ${limitMs} ms`, begun });
        last = begun;
      }, limitMs);
      const finish = (end: CallEnd) => {
        clearInterval(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        if ('wrong' in end) void worker.terminate();
        resolve(end);
      };
      const fail = (why: string) => finish({ wrong: why, begun: Atomics.load(progress, 0) });
      const onMessage = (value: unknown) => finish({ value });
      const onError = (error: unknown) => fail(`its thread ended: ${foreignText(error)}`);
      const onExit = () => fail('its thread ended');
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
