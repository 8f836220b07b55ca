/** Exports what the author of a policy outside this project imports, as `openpool/policy`. */
export type { OptionsIssue, OptionsSchema, OptionsVerdict } from '../plugins/options.js';
export { definePolicy, type Policy } from './policy.js';
export type {
  AdmitAnswer,
  DayFigures,
  DueAnswer,
  Lifter,
  PolicyStanding,
  PolicyWorker,
  RankAnswer,
  RankStats,
  RankWindow,
  ShowAnswer,
  TermsAnswer,
  WorkerState,
} from './rules/questions.js';
