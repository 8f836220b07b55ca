/** What judging everybody once came to. */
import type { GuardMode } from './settings.js';
import type { GuardState } from './states.js';

export interface JudgingReport {
  readonly mode: GuardMode;
  readonly judged: number;
  readonly changes: readonly {
    readonly payee: string;
    readonly nodeType: string;
    readonly region: string;
    /** Pipeline and model; empty for transcoding. */
    readonly of: string;
    readonly before: GuardState;
    readonly state: GuardState;
    readonly reason: string;
  }[];
}
