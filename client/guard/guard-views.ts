/** What API and command line show of the performance guard. */

import { toChecksum } from '../../core/chain/checksums.js';
import type { Reader } from '../../core/db/database.js';
import { type JudgedHour, judgeHours } from '../../core/guard/rules/effect.js';
import type { WorkerStanding } from '../../core/guard/standings.js';
import { readEffects } from '../../core/guard/store/effects.js';
import type { KeptOverride } from '../../core/guard/store/overrides.js';

/** What to know of orchestrators that do not obey the list of preferred workers. */
export const PREFERENCE_ADVICE =
  'Published orchestrators fetch the list, do not use it, and ask for AI only. What works without it: `openpool guard list --excluded` for the orchestrator’s operator, and the notices to workers.';

const SHOWN_MS = 7 * 86_400_000;

/** Reads whether orchestrators obeyed the list of preferred workers in the last seven days, hour by hour. */
export async function readEffect(reader: Reader, nowMs: number): Promise<readonly JudgedHour[]> {
  return judgeHours(await readEffects(reader, new Date(nowMs - SHOWN_MS)));
}

export const viewEffect = ({ hourMs, ...one }: JudgedHour) => ({ hour: new Date(hourMs), ...one });

/** Returns the addresses of which at least one worker is excluded, each once. */
export function excludedAddresses(standings: readonly WorkerStanding[]): readonly string[] {
  const excluded = standings.filter(({ standing }) => standing.state === 'excluded');
  return [...new Set(excluded.map(({ payee }) => toChecksum(payee)))];
}

/** Shows how a remote worker stands in a pipeline and model; empty names: transcoding. */
export function viewStanding(one: WorkerStanding) {
  const { payee, nodeType, region, pipeline, modelId, figures, decidedBy } = one;
  const { state, sinceMs, reason, lifts } = one.standing;
  return {
    ethAddress: payee,
    nodeType,
    region,
    pipeline,
    modelId,
    state,
    since: new Date(sinceMs),
    reason,
    lifts,
    decidedBy,
    figures: figures ?? {},
  };
}

/** Shows what an operator decided instead of the guard; null: whatever it is. */
export function viewOverride(one: KeptOverride) {
  const { id, payee, nodeType, region, pipeline, modelId, state, reason } = one;
  return {
    id: String(id),
    ethAddress: payee,
    nodeType,
    region,
    pipeline,
    modelId,
    state,
    from: one.fromDt,
    until: one.untilDt,
    by: one.actor,
    reason,
    createdAt: one.createdAt,
    withdrawnAt: one.withdrawnAt,
    withdrawnBy: one.withdrawnBy,
  };
}
