/**
 * A workflow that runs while a new version is rolled out replays its history in the new code. The files here are histories
 * of released code, for each workflow type one of each ending; a change that breaks one needs `patched`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { WORKFLOW_TYPES } from '../test/harness/workflow-types.js';

interface SavedEvent {
  readonly eventType: string;
  readonly workflowExecutionStartedEventAttributes?: {
    readonly workflowType: { readonly name: string };
  };
}

const dir = new URL('../test/histories/', import.meta.url);
const files = readdirSync(dir).filter((file) => file.endsWith('.json'));
const read = (file: string) =>
  JSON.parse(readFileSync(new URL(file, dir), 'utf8')) as {
    readonly events: readonly SavedEvent[];
  };

/** How a run can end by itself. The saga never fails: it tries for ever, and its payout ends in Postgres. */
const ENDINGS = ['COMPLETED', 'FAILED'];
const SAGA_ENDINGS = ['COMPLETED', 'CONTINUED_AS_NEW'];
/** How a payout can end, and what can happen to its saga before. */
const OF_THE_SAGA = ['paid', 'refused', 'cancelled', 'held', 'resent', 'troubled', 'cancel-requ'];

describe('saved histories', () => {
  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  });

  it('exist of every ending of every workflow type of the contract', () => {
    expect(WORKFLOW_TYPES).toContain('payout');
    const saved = new Set(files.map((file) => endingOf(read(file).events)));
    const wanted = WORKFLOW_TYPES.flatMap((type) =>
      (type === 'payout' ? SAGA_ENDINGS : ENDINGS).map((ending) => `${type} ${ending}`),
    );
    // KEEP_HISTORIES=1 npx vitest run workflows/endings.test.ts workflows/payout.test.ts saves those that are missing.
    expect(wanted.filter((one) => !saved.has(one))).toEqual([]);
  });

  it('are of no type that the contract no longer has', () => {
    const types = files.map((file) => endingOf(read(file).events).split(' ')[0] ?? '');
    expect(types.filter((type) => !WORKFLOW_TYPES.includes(type))).toEqual([]);
  });

  it('cover every ending of a payout', () => {
    const names = files.filter((file) => file.startsWith('payout-')).join(' ');
    for (const ending of OF_THE_SAGA) expect(names).toContain(ending);
  });

  it('tell nothing of the machine that made them', () => {
    const told = files.filter((file) => {
      const text = JSON.stringify(read(file));
      return /"identity":"\d+@|\(?\/(work|home|root|tmp|Users)\//.test(text);
    });
    expect(told).toEqual([]);
  });

  it('are small', () => {
    const sizes = files.map((file) => readFileSync(new URL(file, dir)).length);
    expect(Math.max(...sizes)).toBeLessThan(20_000);
  });

  it.each(files)('%s replays in this version', async (file) => {
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundlePath') } },
      read(file),
    );
  });

  it('do not replay when a step is another one (control)', async () => {
    const text = readFileSync(new URL('payout-paid.json', dir), 'utf8');
    const tampered = withOtherSteps(text);
    expect(tampered).not.toBe(text);
    await expect(
      Worker.runReplayHistory(
        { workflowBundle: { codePath: inject('workflowBundlePath') } },
        JSON.parse(tampered),
      ),
    ).rejects.toThrow();
  });
});

/** The type of a run and how it ended, such as `sync COMPLETED`. */
function endingOf(events: readonly SavedEvent[]): string {
  const type = events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name ?? 'none';
  const end = events.at(-1)?.eventType ?? '';
  return `${type} ${end.replace('EVENT_TYPE_WORKFLOW_EXECUTION_', '')}`;
}

/** Renames the activity in the history. The names of local activities are in markers, encoded as base64. */
function withOtherSteps(history: string): string {
  return history.replaceAll(/"data": ?"([^"]+)"/g, (whole, data: string) => {
    const plain = Buffer.from(data, 'base64').toString('utf8');
    if (!plain.includes('"sendPayout"')) return whole;
    const other = plain.replaceAll('"sendPayout"', '"sendPayoutTwice"');
    return `"data": "${Buffer.from(other).toString('base64')}"`;
  });
}
