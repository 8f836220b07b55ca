/**
 * How long Temporal keeps the histories of closed workflows. The dev server's own default is one day: the story of a
 * payout is then gone before its payee asks about it. A worker raises the retention to what the configuration wants, and
 * never shortens it, because other pools or an operator may want more.
 */
import type { ConnectionLike } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { TemporalConfig } from '../../config/sections/connections.js';
import { duration } from '../../core/base/duration.js';
import { foreignText } from '../../core/base/foreign-text.js';
import type { Log } from '../../start/log.js';

interface RetentionOptions {
  readonly connection: ConnectionLike;
  readonly temporal: Pick<TemporalConfig, 'address' | 'namespace' | 'retentionMs'>;
}

/** Reads how long the namespace keeps closed workflows, in ms; null when the server does not say. */
export async function readRetentionMs(options: RetentionOptions): Promise<number | null> {
  const { connection, temporal } = options;
  const { namespace } = temporal;
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  const retention = config?.workflowExecutionRetentionTtl;
  return retention == null ? null : tsToMs(retention);
}

/** Raises the namespace's retention to the configured one. Where the server does not permit that, only warns. */
export async function raiseRetention(
  options: RetentionOptions & { readonly log: Log },
): Promise<void> {
  const { connection, temporal, log } = options;
  const { namespace, retentionMs } = temporal;
  const isMs = await readRetentionMs(options);
  if (isMs === null || isMs >= retentionMs) return;
  try {
    await connection.workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msToTs(retentionMs) },
    });
    const fields = { namespace, beforeMs: isMs, retentionMs };
    log.info(fields, 'Temporal keeps closed workflows longer from now on: temporal.retention');
  } catch (error) {
    const code = 'TEMPORAL_RETENTION_SHORT';
    const words = `${tooShort(temporal, isMs)}; it cannot be raised from here (${foreignText(error)})`;
    log.warn({ code }, `${words}: ${retentionCommand(temporal)}`);
  }
}

/** Says in words that the namespace keeps closed workflows for less time than wanted. */
export function tooShort({ namespace, retentionMs }: RetentionOptions['temporal'], isMs: number) {
  const wanted = `temporal.retention wants ${duration(retentionMs)}`;
  return `the namespace "${namespace}" keeps closed workflows for ${duration(isMs)}, ${wanted}`;
}

/** The command with which an operator raises the retention by hand. */
export function retentionCommand({
  address,
  namespace,
  retentionMs,
}: RetentionOptions['temporal']) {
  const hours = Math.ceil(retentionMs / 3_600_000);
  return (
    `\`temporal operator namespace update --address ${address} --namespace ${namespace} ` +
    `--retention ${hours}h\`, or on Temporal Cloud in the namespace's settings`
  );
}
