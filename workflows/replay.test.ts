/**
 * A saga that runs while a new version is rolled out replays its history in the new code. The files here are histories
 * of the released code, one for each ending; a change that breaks one needs `patched`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, inject, it } from 'vitest';

const dir = new URL('../test/histories/', import.meta.url);
const files = readdirSync(dir).filter((file) => file.endsWith('.json'));

/** The workflow types that a schedule starts. Each has run in the demo once; `temporal workflow show --output json` keeps it. */
const CLOCKWORK = [
  ...['archiveEvents', 'audit', 'guard', 'notices', 'payoutRound', 'policies', 'recheck'],
  ...['reconcile', 'sentinel', 'sweep', 'sync'],
];

describe('saved histories', () => {
  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  });

  it('cover every ending of the saga', () => {
    const names = files.join(' ');
    for (const ending of ['paid', 'refused', 'cancelled', 'held', 'resent', 'troubled']) {
      expect(names).toContain(ending);
    }
  });

  it('cover all that the clockwork starts', () => {
    const kept = files.map((file) => file.replace('.json', ''));
    expect(kept).toEqual(expect.arrayContaining(CLOCKWORK));
  });

  it.each(files)('%s replays in this version', async (file) => {
    const history: unknown = JSON.parse(readFileSync(new URL(file, dir), 'utf8'));
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundlePath') } },
      history,
    );
  });

  it('do not replay when a step is another one (control)', async () => {
    const [file] = files.filter((name) => name === 'payout-paid.json');
    const text = readFileSync(new URL(file ?? '', dir), 'utf8');
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

/** Renames the activity in the history. The names of local activities are in markers, encoded as base64. */
function withOtherSteps(history: string): string {
  return history.replaceAll(/"data": "([^"]+)"/g, (whole, data: string) => {
    const plain = Buffer.from(data, 'base64').toString('utf8');
    if (!plain.includes('"sendPayout"')) return whole;
    const other = plain.replaceAll('"sendPayout"', '"sendPayoutTwice"');
    return `"data": "${Buffer.from(other).toString('base64')}"`;
  });
}
