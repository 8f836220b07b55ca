import { Context } from '@temporalio/activity';

/** Names the run of a person's command, the same in each of its attempts. */
export function commandId(): string {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('a command runs in a workflow');
  return `${workflowExecution.workflowId}/${workflowExecution.runId}`;
}
