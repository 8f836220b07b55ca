import { expect, it } from 'vitest';
import { benchAudit } from './audit.js';
import { sayToStderr } from './scratch.js';

it('an audit is measured on a short and on a long ledger, and what a day adds', async () => {
  const { sizes, days, ...ratios } = await benchAudit({
    postings: [100_000, 300_000],
    workers: [20],
    say: sayToStderr,
  });
  expect(Object.keys(ratios).sort()).toEqual(['ratioAudit', 'ratioResume']);
  for (const value of Object.values(ratios)) expect(value).toBeGreaterThan(0);
  expect(sizes.map(({ postings }) => postings)).toEqual([100_000, 300_000]);
  for (const figures of [...sizes, ...days]) {
    for (const [key, value] of Object.entries(figures)) expect(value, key).toBeGreaterThan(0);
  }
}, 600_000);
