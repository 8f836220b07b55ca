import { describe, expect, it } from 'vitest';
import { type DayOutcome, runDay } from '../dev/demo/day.js';
import type { Terminal } from '../dev/demo/terminal.js';
import { readPoolFile } from '../dev/stack/pool/pool-file.js';
import { TEMPORAL_ATTRIBUTES } from '../dev/stack/stack.js';
import { startTemporal } from '../dev/stack/temporal-server.js';

const POOLS = ['open-pool', 'grant-node-pool', 'video-miner-pool', 'titan-node-pool'] as const;
const SILENT: Terminal = { line: () => undefined, status: () => undefined, end: () => undefined };
const FOUR_DAYS_MS = 900_000;

/** What a good day of any pool comes to. */
function expectGoodDay(pool: string, { comparison, problems }: DayOutcome): void {
  expect(problems, pool).toEqual([]);
  expect(comparison.findings, pool).toEqual([]);
  expect(comparison.driftWei, pool).toBe(0n);
  expect(comparison.payouts.paid, pool).toBeGreaterThan(20);
}

/** The pool's share of what a payee earned, in basis points; whole jobs are rounded, so it is near the rate. */
function shareBps({ comparison }: DayOutcome, payee: string): number {
  const row = comparison.payees.find((one) => one.payee === payee.toLowerCase());
  if (row === undefined || row.earnedWei === 0n) throw new Error(`${payee} has earned nothing`);
  return Math.round(Number((row.commissionWei * 1_000_000n) / row.earnedWei) / 100);
}

describe('the four pools', () => {
  it(
    'live at once in one namespace of Temporal, each by its own file, and each agrees to the wei',
    async () => {
      const temporal = await startTemporal({ searchAttributes: TEMPORAL_ATTRIBUTES });
      try {
        const { signal } = new AbortController();
        const days = await Promise.all(
          POOLS.map((name, seed) => {
            const pool = readPoolFile(name);
            const day = { seed: seed + 1, terminal: SILENT, signal, killWorker: false };
            return runDay({ ...day, pool, temporal });
          }),
        );
        for (const [i, pool] of POOLS.entries()) {
          const day = days[i];
          if (day !== undefined) expectGoodDay(pool, day);
        }
        const [open, , video, titan] = days;
        if (open === undefined || video === undefined || titan === undefined) return;
        // Whoever a file says nothing about pays what everybody pays; the others what their file says.
        expect(shareBps(open, open.comparison.payees[3]?.payee ?? '')).toBe(2_500);
        expect(shareBps(video, '0x52908400098527886E0F7030069857D2E4169EE7')).toBe(800);
        expect(shareBps(video, '0x8617E340B3D01FA5F11F306F4090FD50E238070D')).toBe(1_000);
        expect(shareBps(video, '0x27b1fdb04752bbc536007a920d24acb045561c26')).toBe(2_000);
        expect(shareBps(titan, '0x8617E340B3D01FA5F11F306F4090FD50E238070D')).toBe(2_000);
        expect(shareBps(titan, '0x52908400098527886E0F7030069857D2E4169EE7')).toBe(2_500);
      } finally {
        await temporal.stop();
      }
    },
    FOUR_DAYS_MS,
  );
});
