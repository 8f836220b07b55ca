/** Asks the pool's policy how remote workers stand, where it says that itself; its answers count instead of the guard's rule. */
import { remoteWorkerKey } from '../base/remote-worker.js';
import type { Reader } from '../db/database.js';
import type { Asker, PolicyChoice } from '../policies/asking.js';
import { PoliciesInUse } from '../policies/policies-in-use.js';
import { checkRank } from '../policies/rules/answer-checks.js';
import type { PolicyWorker, RankAnswer, RankStats } from '../policies/rules/questions.js';
import type { PolicyFailure } from '../policies/rules/resolving-report.js';
import { readSubjects } from '../policies/store/subjects.js';
import type { TermsVersion } from '../terms/rules/terms.js';
import { findTermsHistory } from '../terms/store/recorded-terms.js';
import { type FactsOf, rankWindow } from './rules/rank-window.js';
import type { GuardSettings } from './rules/settings.js';
import type { KeptStanding } from './store/states.js';

export interface RankingDeps {
  /** Which policy a version of the terms has. */
  readonly choiceOf: (version: TermsVersion) => PolicyChoice;
  readonly settings: GuardSettings;
}

export interface Candidate extends KeptStanding {
  readonly facts: FactsOf;
  /** Whether it was judged before. */
  readonly isKnown: boolean;
}

export interface Ranking {
  /** Who answered. */
  readonly decidedBy: string;
  /**
   * An answer for each candidate; null: the policy fails for it, and it stays as it is. Null for all: the policy says nothing
   * about states, and the guard's own rule decides.
   */
  readonly answers: readonly (RankAnswer | null)[] | null;
  /** What was wrong with the answers; null: nothing was asked, and what was found before stays. */
  readonly failures: readonly PolicyFailure[] | null;
  /** Whether it is known that no state keeps a payout back: the pool has no policy that may hold whoever is excluded. */
  readonly paidAsBefore: boolean;
}

/**
 * Asks how the candidates stand. A policy is foreign code that may take seconds, so no transaction may wait for it: this
 * writes nothing.
 */
export async function askRank(
  db: Reader,
  candidates: readonly Candidate[],
  deps: RankingDeps,
): Promise<Ranking> {
  const history = await findTermsHistory(db);
  if (history === undefined) {
    return { decidedBy: '', answers: null, failures: null, paidAsBefore: true };
  }
  const policies = new PoliciesInUse(deps.choiceOf);
  try {
    const asker = await policies.of(history.inForce);
    // The pass over the policy records that it does not load. It may be one that ranks, so everybody stays as they are.
    if (asker === null) {
      const answers = candidates.map(() => null);
      return { decidedBy: '', answers, failures: null, paidAsBefore: false };
    }
    const isBuiltIn = deps.choiceOf(history.inForce).module === null;
    const paidAsBefore = isBuiltIn || !asker.answers.includes('due');
    if (!asker.answers.includes('rank')) {
      return { decidedBy: '', answers: null, failures: [], paidAsBefore };
    }
    const { now } = history;
    const stats = await readStats(db, candidates, { asker, now, settings: deps.settings });
    const questions = stats.flatMap((one) =>
      one === null ? [] : [[one, now.toISOString()] as const],
    );
    const asked = await policies.ask(asker, { about: 'rank', questions }, checkRank);
    const left = [...asked];
    return {
      decidedBy: `policy ${asker.name} ${asker.version}`,
      answers: stats.map((one) => (one === null ? null : (left.shift() ?? null))),
      failures: policies.failed(),
      paidAsBefore,
    };
  } finally {
    await policies.close();
  }
}

async function readStats(
  db: Reader,
  candidates: readonly Candidate[],
  { asker, now, settings }: { asker: Asker; now: Date; settings: GuardSettings },
): Promise<readonly (RankStats | null)[]> {
  const payees = [...new Set(candidates.map(({ payee }) => payee))];
  const { workers } = await readSubjects(db, payees, {
    now,
    withFigures: asker.looksAt !== 'nothing',
    withPresence: asker.looksAt === 'presence',
  });
  const known = new Map(workers.map((worker) => [keyOf(worker), worker]));
  return candidates.map((one) => {
    const worker = known.get(remoteWorkerKey(one));
    if (worker === undefined) return null;
    const { pipeline, modelId, standing, isKnown, facts, figures } = one;
    const of = (window: 'hour' | 'day' | 'week') =>
      rankWindow(facts[window], figures?.[window], settings.leastJobs);
    return {
      ...worker,
      pipeline,
      model: modelId,
      state: standing.state,
      since: isKnown ? new Date(standing.sinceMs).toISOString() : null,
      hour: of('hour'),
      day: of('day'),
      week: of('week'),
    };
  });
}

const keyOf = ({ address, nodeType, region }: PolicyWorker): string =>
  nodeType === null || region === null
    ? address
    : remoteWorkerKey({ payee: address, nodeType, region });
