import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compiled } from './harness/script.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const DAY_TIMEOUT_MS = 240_000;

interface Outcome {
  readonly code: number | null;
  readonly lastLine: string;
  readonly told: string;
}

function runDay(...flags: string[]): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    [compiled('dev/demo/demo.ts'), '--once', '--json', ...flags],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, told] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', (code) =>
      resolve({ code, lastLine: out.trimEnd().split('\n').at(-1) ?? '', told }),
    );
  });
}

/** What every good day has, whatever its seed. */
function expectGoodDay(outcome: Outcome): Record<string, unknown> {
  expect(outcome.code, outcome.told).toBe(0);
  const summary = JSON.parse(outcome.lastLine) as Record<string, unknown>;
  expect(summary).toMatchObject({
    workers: 25,
    rounds: 3,
    driftWei: '0',
    findings: [],
    payouts: { refused: 1, open: 0 },
  });
  expect(summary['events']).toBeGreaterThanOrEqual(10_000);
  const wei = (key: string) => BigInt(String(summary[key]));
  expect(wei('grossWei')).toBe(wei('netWei') + wei('commissionWei') + wei('unattributedWei'));
  expect(wei('netWei')).toBe(wei('paidWei') + wei('pendingWei'));
  expect(wei('onChainWei')).toBe(wei('paidWei'));
  expect(wei('unattributedWei')).toBeGreaterThan(0n);
  expect(wei('pendingWei')).toBeGreaterThan(0n);
  const { paid } = summary['payouts'] as { readonly paid: number };
  expect(paid).toBeGreaterThan(40);
  return summary;
}

describe.concurrent('a bounded day', () => {
  test(
    'ends with the ledger, the orchestrators and the chain in agreement to the wei',
    async () => {
      expectGoodDay(await runDay());
    },
    DAY_TIMEOUT_MS,
  );

  test(
    'ends in agreement when the worker is killed with -9 in the middle of its payouts',
    async () => {
      const outcome = await runDay('--seed', '2', '--kill-worker');
      const summary = expectGoodDay(outcome);
      expect(summary['workerRestarts']).toBe(1);
      expect(outcome.told).toMatch(/kill -9 of the worker, [1-9]\d* payouts open/);
    },
    DAY_TIMEOUT_MS,
  );
});
