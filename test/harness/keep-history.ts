/** Saves the histories of workflows for the replay test, when a person asks for it with `KEEP_HISTORIES=1`. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import { inject } from 'vitest';
import { findTemporal } from '../../dev/setup/temporal-binary.mjs';

const HISTORIES = new URL('../histories/', import.meta.url);

/** Leaves out what tells of the machine that made a history and means nothing to a replay. */
const withoutMachine = (key: string, value: unknown): unknown =>
  key === 'stackTrace' || key === 'identity' ? '' : value;

/**
 * With `KEEP_HISTORIES=1`, saves the history of the handle's run as `test/histories/<name>.json`, one event on each line; for
 * use after a deliberate change of a workflow. Otherwise it does nothing.
 */
export async function keepHistory(
  handle: WorkflowHandle,
  name: string,
  run: { readonly runId?: string; readonly address?: string } = {},
): Promise<void> {
  if (process.env['KEEP_HISTORIES'] !== '1') return;
  const { runId, address = inject('temporalAddress') } = run;
  const command = ['workflow', 'show', '--workflow-id', handle.workflowId, '--output', 'json'];
  if (runId !== undefined) command.push('--run-id', runId);
  const { stdout } = await promisify(execFile)(await findTemporal(), [
    ...command,
    '--address',
    address,
  ]);
  const { events } = JSON.parse(stdout, withoutMachine) as { readonly events: readonly object[] };
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  await mkdir(HISTORIES, { recursive: true });
  await writeFile(new URL(`${name}.json`, HISTORIES), `{"events": [\n${lines}\n]}\n`);
}
