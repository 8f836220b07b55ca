/** The options of commands that make a decision: a reason, which the audit log keeps, and often a dry run. */
import type { Command } from 'commander';
import { PoolError } from '../core/base/errors/pool-error.js';

/** The audit log names this as the one who acted. */
export const ACTOR = 'cli';
/** The last line that every dry run prints. */
export const DRY_RUN = 'nothing was changed: a dry run';

export interface Reasoned {
  readonly reason: string;
}

export interface Rehearsable extends Reasoned {
  readonly dryRun: boolean;
}

export const withReason = (command: Command): Command =>
  command.requiredOption('--reason <words>', 'kept in the audit log');

export const withDryRun = (command: Command): Command =>
  command.option('--dry-run', 'show what it would do, and do nothing', false);

export const withRehearsal = (command: Command): Command => withDryRun(withReason(command));

/** Returns who decides and why, for the audit log. Refuses an empty reason. */
export function decisionOf({ reason }: Reasoned) {
  requireReason(reason);
  return { actor: ACTOR, reason };
}

/** Returns who decides and why, and whether this is a dry run. */
export function rehearsalOf({ reason, dryRun }: Rehearsable) {
  return { ...decisionOf({ reason }), dryRun };
}

export function requireReason(reason: string): void {
  if (reason.trim() === '') throw new PoolError('REASON_MISSING', 'the reason is empty');
}

export const rehearsed = (words: string, dryRun: boolean): string =>
  dryRun ? `${words}\n${DRY_RUN}` : words;
