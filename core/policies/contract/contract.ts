/**
 * What every policy must keep: it loads, answers for everybody within bounds and in time, and answers the same in another
 * realm, in another order and again. Clock, randomness, network and files throw while it is asked.
 */
import { pathToFileURL } from 'node:url';
import { type About, PolicyRealm, PolicyUnusable, type RawAnswer } from '../realm/policy-realm.js';
import {
  type Checked,
  checkAdmit,
  checkDue,
  checkRank,
  checkShow,
  checkTerms,
} from '../rules/answer-checks.js';
import type { Json } from '../rules/pool-terms.js';
import type { DayFigures, PolicyWorker } from '../rules/questions.js';
import { SAMPLE_STANDINGS, SAMPLE_STATS, SAMPLE_TIMES, SAMPLE_WORKERS } from './samples.js';

/** The policy that is to be checked. */
export interface PolicySubject {
  /** The path or the file URL of its module, as built. */
  readonly module: string;
  readonly options?: { readonly [key: string]: Json } | undefined;
  /** The thresholds that the pool allows, in wei. @default none */
  readonly bounds?: { readonly leastWei: bigint; readonly mostWei: bigint } | undefined;
  /** Workers of your own that it is asked about too. */
  readonly workers?: readonly PolicyWorker[] | undefined;
  readonly timeLimitMs?: number | undefined;
}

/** The rules, in the words of the tests. */
export const CONTRACT = {
  loads: 'loads, has a name and a version, and takes its options',
  answers: 'answers everybody, unknown workers and those without figures too, within the bounds',
  same: 'gives the same answers in another fresh realm, in another order and when asked again',
  until: 'keeps its answer until the moment that it names, and not for ever in small steps',
} as const;
export type ContractRule = keyof typeof CONTRACT;

/** What a policy does wrong, and with which question. */
export interface ContractFault {
  readonly rule: ContractRule;
  readonly words: string;
}

type Question = readonly unknown[];
const ANY_AMOUNT = { leastWei: 0n, mostWei: 10n ** 27n };
/** A policy may name so many moments in a row for one worker. */
const MOST_STEPS = 50;
/** One fault of a kind is enough to tell; others would be the same for the next sample. */
const MOST_TOLD = 5;

/** Checks a policy's module. Returns everything that is wrong; nothing when it keeps the contract. */
export async function contractFaults(subject: PolicySubject): Promise<readonly ContractFault[]> {
  const opened = await openRealm(subject);
  if (!(opened instanceof PolicyRealm)) return [opened];
  const other = await openRealm(subject);
  try {
    if (!(other instanceof PolicyRealm)) return [other];
    const faults: ContractFault[] = [...nameFaults(opened)];
    for (const about of opened.answers)
      faults.push(...(await answerFaults(subject, about, [opened, other])));
    if (opened.answers.includes('terms')) faults.push(...(await untilFaults(subject, opened)));
    return faults;
  } finally {
    await opened.close();
    if (other instanceof PolicyRealm) await other.close();
  }
}

async function openRealm(subject: PolicySubject): Promise<PolicyRealm | ContractFault> {
  const { module, options = {}, timeLimitMs } = subject;
  const url = module.startsWith('file:') ? module : pathToFileURL(module).href;
  try {
    return await PolicyRealm.open({ url, options, timeLimitMs });
  } catch (error) {
    if (error instanceof PolicyUnusable) return { rule: 'loads', words: error.message };
    throw error;
  }
}

function nameFaults({ name, version, answers }: PolicyRealm): readonly ContractFault[] {
  const words = [
    /^[a-z0-9][a-z0-9-]{0,39}$/.test(name)
      ? []
      : ['its name is not lower-case letters, digits and hyphens, at most 40'],
    /^[\w.+-]{1,40}$/.test(version) ? [] : ['its version is no text such as 1.0.0'],
    answers.length > 0 ? [] : ['it has none of the functions terms, due, admit, rank and show'],
  ];
  return words.flat().map((one) => ({ rule: 'loads', words: one }));
}

async function answerFaults(
  subject: PolicySubject,
  about: About,
  [realm, other]: readonly [PolicyRealm, PolicyRealm],
): Promise<readonly ContractFault[]> {
  const questions = questionsOf(about, subject.workers ?? []);
  const first = await realm.ask(about, questions);
  const wrong = first.flatMap((answer, i) => {
    const checked = checkAnswer(about, answer, questions[i] ?? [], subject);
    return 'wrong' in checked
      ? [{ rule: 'answers', words: told(about, questions[i], checked.wrong) } as const]
      : [];
  });
  if (wrong.length > 0) return wrong.slice(0, MOST_TOLD);
  const again = await realm.ask(about, questions);
  const reversed = [...(await other.ask(about, [...questions].reverse()))].reverse();
  const differs = questions.flatMap((question, i) => {
    const [one, two, three] = [first[i], again[i], reversed[i]].map(textOf);
    if (one === two && one === three) return [];
    const words = `it answered ${one} and then ${one === two ? three : two}`;
    return [{ rule: 'same', words: told(about, question, words) } as const];
  });
  return differs.slice(0, MOST_TOLD);
}

function questionsOf(about: About, own: readonly PolicyWorker[]): readonly Question[] {
  const atAllTimes = (subjects: readonly object[]) =>
    subjects.flatMap((one) => SAMPLE_TIMES.map((at): Question => [one, at]));
  const workers = [...SAMPLE_WORKERS, ...own];
  switch (about) {
    case 'terms':
    case 'admit':
      return atAllTimes(workers);
    case 'due':
      return atAllTimes(SAMPLE_STANDINGS);
    case 'rank':
      return atAllTimes(SAMPLE_STATS);
    case 'show':
      return workers.map((worker): Question => [worker]);
  }
}

function checkAnswer(
  about: About,
  answer: RawAnswer,
  question: Question,
  { bounds = ANY_AMOUNT }: PolicySubject,
): Checked<unknown> {
  if ('wrong' in answer) return answer;
  switch (about) {
    case 'terms':
      return checkTerms(answer.value, String(question[1]));
    case 'due':
      return checkDue(answer.value, bounds);
    case 'admit':
      return checkAdmit(answer.value);
    case 'rank':
      return checkRank(answer.value);
    case 'show':
      return checkShow(answer.value);
  }
}

/** Follows the moments that the policy names, and asks just before each: nothing may have changed. */
async function untilFaults(
  subject: PolicySubject,
  realm: PolicyRealm,
): Promise<readonly ContractFault[]> {
  const workers = [...SAMPLE_WORKERS, ...(subject.workers ?? [])];
  const faults: ContractFault[] = [];
  let open = workers.map((worker): [PolicyWorker, string] => [worker, SAMPLE_TIMES[0] ?? '']);
  for (let step = 0; open.length > 0 && faults.length < MOST_TOLD; step += 1) {
    if (step >= MOST_STEPS) {
      const words = `it named ${MOST_STEPS} moments in a row: name only those at which something changes`;
      return [...faults, { rule: 'until', words: told('terms', open[0], words) }];
    }
    const answers = await realm.ask('terms', open);
    const asked = open.flatMap((question, i) => {
      const answer = answers[i];
      const checked = answer && checkAnswer('terms', answer, question, subject);
      const value =
        checked && 'value' in checked ? checkTerms(checked.value, question[1]) : undefined;
      const until = value && 'value' in value ? value.value.until : undefined;
      return until === undefined ? [] : [{ question, until, text: textOf(answer) }];
    });
    const before = asked.map(({ question: [worker], until }): [PolicyWorker, string] => [
      worker,
      new Date(Date.parse(until) - 1).toISOString(),
    ]);
    const justBefore = await realm.ask('terms', before);
    asked.forEach(({ question, until, text }, i) => {
      if (textOf(justBefore[i]) === text) return;
      const words = `it answers otherwise before ${until}, until when its answer was to hold`;
      faults.push({ rule: 'until', words: told('terms', question, words) });
    });
    open = asked.map(({ question: [worker], until }) => [worker, until]);
  }
  return faults.slice(0, MOST_TOLD);
}

function textOf(answer: RawAnswer | undefined): string {
  return JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value} wei` : value,
  );
}

function told(about: About, question: Question | undefined, words: string): string {
  const [subject, at] = question ?? [];
  return `${about}(${describeSubject(subject)}${at === undefined ? '' : `, ${String(at)}`}): ${words}`;
}

function describeSubject(subject: unknown): string {
  if (typeof subject !== 'object' || subject === null || !('address' in subject)) return '';
  const { address, lastDays } = subject as { address: string; lastDays: readonly DayFigures[] };
  return `${address} with ${lastDays.length} days of figures`;
}
