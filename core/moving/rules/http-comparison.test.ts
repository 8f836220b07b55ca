import { describe, expect, it } from 'vitest';
import type { Address } from '../../base/address.js';
import { LedgerReplay } from './http-comparison.js';

const ALICE: Address = `0x${'a1'.repeat(20)}`;
const AT = Date.parse('2026-03-01T12:00:00Z');
const job = (second: number, fees: bigint, payee: Address | null = ALICE, more: object = {}) => ({
  type: 'job-processed',
  dt: new Date(AT + second * 1_000),
  payload: JSON.stringify({
    event_type: 'job-processed',
    payload: { fees: Number(fees), ...(payee === null ? {} : { ethAddress: payee }), ...more },
  }),
  grossWei: fees,
  payee,
});

function explain(
  jobs: readonly ReturnType<typeof job>[],
  statedWei: bigint,
  given: { readonly offsets?: readonly bigint[]; readonly isWhole?: boolean } = {},
) {
  const replay = new LedgerReplay(2_500, AT + 100_000);
  for (const one of jobs) replay.take(one);
  const { offsets, isWhole = true } = given;
  const [found] = replay.explain({
    stated: new Map([[ALICE, statedWei]]),
    credited: new Map([[ALICE, (jobs.reduce((sum, one) => sum + one.grossWei, 0n) * 3n) / 4n]]),
    offsets: new Map(offsets && [[ALICE, offsets]]),
    isWhole,
  });
  return found === undefined ? undefined : { ...found, causes: Object.fromEntries(found.causes) };
}

describe('what the first manager answers', () => {
  it('is explained by the pool’s share, and by recent jobs that it has not read yet', () => {
    const jobs = [job(1, 400n), job(200, 800n), job(201, 1_200n)];
    expect(explain(jobs, 600n)).toMatchObject({
      causes: { 'pools-share': 1_200n },
      unexplainedWei: 0n,
    });
    expect(explain(jobs, 300n)).toMatchObject({
      causes: { 'not-read-yet': 300n },
      unexplainedWei: 0n,
    });
    expect(explain(jobs, 100n)).toMatchObject({
      causes: { 'not-read-yet': 500n },
      unexplainedWei: 0n,
    });
  });

  it('is unexplained when an old job or one in the middle is missing, or a wei more is there', () => {
    const jobs = [job(1, 400n), job(200, 800n), job(201, 1_200n)];
    expect(explain(jobs, 500n)?.unexplainedWei).toBe(100n);
    expect(explain(jobs, 400n)?.unexplainedWei).toBe(200n);
    expect(explain(jobs, 601n)?.unexplainedWei).toBe(-1n);
  });

  it('may hold a constant amount from before the ledger, which each comparison narrows', () => {
    const late = { isWhole: false };
    const first = explain([job(1, 400n), job(200, 800n)], 1_000_000n, late);
    expect(first).toMatchObject({ unexplainedWei: 0n, offsets: [999_700n, 999_900n] });
    const more = [job(1, 400n), job(200, 800n), job(300, 4_000n)];
    // It had read everything then: the other amount fits no longer.
    const second = explain(more, 1_001_000n, { ...late, offsets: first?.offsets ?? [] });
    expect(second).toMatchObject({ unexplainedWei: 0n, offsets: [999_700n] });
    const third = explain(more, 1_000_999n, { ...late, offsets: second?.offsets ?? [] });
    expect(third).toMatchObject({ unexplainedWei: 1n, offsets: [999_700n] });
  });

  it('has AI jobs of nobody, as the first manager reads what newer orchestrators send', () => {
    const found = explain([job(1, 400n), { ...job(2, 4_000n, null), payee: ALICE }], 100n);
    expect(found).toMatchObject({ causes: { 'credited-to-nobody': 1_000n }, unexplainedWei: 0n });
  });
});
