/** The workflows that tell people what happens: one finds out what is to be told to whom, and one for each target tells it. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { DELIVER_CALL, onLane, SPREAD_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import { type NoticesInput, noticesWorkflowId, type PoolInput, poolIdKey } from './contract.js';
import { show } from './details.js';

const { spreadNotices } = onLane<Activities>('notices', SPREAD_CALL);
const lane = onLane<Activities>('notices', DELIVER_CALL);

/**
 * Decides for new notices which targets are told, and starts a delivery for each target that has something due. It waits
 * for none of them, so that a slow receiver keeps no other one waiting.
 */
export async function notices({ poolId }: PoolInput) {
  const { targetIds } = await spreadNotices({ poolId });
  const started = await Promise.all(targetIds.map((targetId) => start({ poolId, targetId })));
  const running = started.filter((isNew) => !isNew).length;
  show(`${targetIds.length} targets have something to be told; ${running} deliveries still run.`);
  return { targets: targetIds.length, running };
}

/** Starts the delivery to a target; returns false when the one before still runs. */
async function start(input: NoticesInput): Promise<boolean> {
  const { poolId, targetId } = input;
  try {
    await startChild(deliverNotices, {
      workflowId: noticesWorkflowId(poolId, targetId),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [input],
      memo: { pool: poolId },
      typedSearchAttributes: [{ key: poolIdKey, value: poolId }],
      staticSummary: `Tells ${targetId} what happened`,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** Delivers what is due at one target, until nothing is, or until the target does not answer. */
export async function deliverNotices(input: NoticesInput) {
  show(`Telling **${input.targetId}** what happened.`);
  const report = await lane.deliverNotices(input);
  const { delivered, failed, refused, lastError } = report;
  const words = `${delivered} delivered, ${failed} tried in vain, ${refused} refused.`;
  show(words, lastError === null ? [] : [lastError]);
  return report;
}
