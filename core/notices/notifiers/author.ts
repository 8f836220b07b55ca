/** Exports what the author of a notifier outside this project imports, as `openpool/notifier`. */
export type { OptionsIssue, OptionsSchema, OptionsVerdict } from '../../plugins/options.js';
export type { NoticeKind } from '../rules/notice-kinds.js';
export type {
  DeliveryOutcome,
  Notice,
  Notifier,
  NotifierConfig,
  NotifierModule,
} from './notifier.js';
export { outcomeOf, type Post, type PostAnswer, post, unanswered } from './posting.js';
export { createNotifier } from './registry.js';
