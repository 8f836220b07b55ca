import { describe, expect, it } from 'vitest';
import type { RawRow } from '../../events/rules/reading/stored-event.js';
import { readStoredContent } from '../../events/rules/reading/stored-event.js';
import type { Terms } from '../../terms/rules/terms.js';
import type { CreditRate } from '../../terms/rules/worker-rates.js';
import { RebuildTally } from './rebuild-tally.js';

const terms: readonly Terms[] = [
  { id: 1, fromMs: 0, commissionBps: 1_000, rounding: 'commission-floor' },
  { id: 2, fromMs: 10_000, commissionBps: 2_000, rounding: 'net-floor' },
];
const ALICE = `0x${'a1'.repeat(20)}`;
const kept = { grossWei: 100n, commissionWei: 10n, termsId: 1, rateId: null, workerId: 7 };
const row = (changes: Partial<RawRow> = {}): RawRow => ({
  ...{ sourceId: 's', dtMs: 5_000, eventId: '1', batch: 3, eventType: 'job-processed', version: 1 },
  payload: `{"event_type":"job-processed","payload":{"ethAddress":"${ALICE}","fees":100}}`,
  ...{ region: 'eu', nodeType: 'ai', receivedMs: 6_000, match: null, kept, ...changes },
});
const tallyOf = (one: RawRow, rates: readonly CreditRate[] = []) => {
  const tally = new RebuildTally({ terms, workerIdOf: () => 7, ratesOf: () => rates });
  tally.add(one);
  return tally.drain();
};

describe('what a raw event is worth', () => {
  it('follows from what it said, not from the computed columns of its row', () => {
    const wrong = { ...kept, grossWei: 1n };
    const { jobs, differences } = tallyOf(row({ kept: wrong }));
    expect(jobs).toMatchObject([{ kind: 'jobs', workerId: 7, grossWei: 100n, commissionWei: 10n }]);
    expect(differences).toMatchObject([{ due: kept }]);
    expect(tallyOf(row()).differences).toEqual([]);
  });

  it('has the terms of its own time, or those that it was credited under if it came before that time', () => {
    expect(tallyOf(row({ dtMs: 20_000, receivedMs: 30_000 })).jobs[0]?.commissionWei).toBe(20n);
    expect(tallyOf(row({ dtMs: 20_000, receivedMs: 9_000 })).jobs[0]?.commissionWei).toBe(10n);
    // The second terms were already in force when it came, so it cannot have been credited under the first.
    expect(tallyOf(row({ dtMs: 20_000, receivedMs: 11_000 })).jobs[0]?.commissionWei).toBe(20n);
  });

  it('is split with the rounding of its terms, and keeps terms that were withdrawn after it came', () => {
    const withdrawn: Terms = {
      ...terms[1],
      id: 2,
      fromMs: 10_000,
      commissionBps: 2_000,
      rounding: 'net-floor',
      isWithdrawn: true,
    };
    const basis = {
      terms: [...terms.slice(0, 1), withdrawn],
      workerIdOf: () => 7,
      ratesOf: () => [],
    };
    const commissionOf = (one: RawRow) => {
      const tally = new RebuildTally(basis);
      tally.add(one);
      return tally.drain().jobs[0]?.commissionWei;
    };
    const payload = row().payload.replace('100', '101');
    const times = { dtMs: 20_000, receivedMs: 9_000, payload };
    // Of 20.2 wei the pool gets 21, of 10.1 wei it gets 10, by the rounding of each version of the terms.
    expect(commissionOf(row({ ...times, kept: { ...kept, termsId: 2 } }))).toBe(21n);
    expect(commissionOf(row(times))).toBe(10n);
  });

  it('has the rate of its own time, or the one that it was credited with if it came before that time', () => {
    const rates = [
      { id: 3, fromMs: 4_000, commissionBps: 100 },
      { id: 4, fromMs: 15_000, commissionBps: 200 },
      { id: 5, fromMs: 12_000, commissionBps: 300 },
    ];
    const feeOf = (rateId: number | null, times: Partial<RawRow>) =>
      tallyOf(row({ kept: { ...kept, termsId: 2, rateId }, ...times }), rates).jobs[0];
    expect(feeOf(null, { dtMs: 3_999 })).toMatchObject({ rateId: null, commissionWei: 10n });
    expect(feeOf(null, { dtMs: 5_000 })).toMatchObject({ rateId: 3, commissionWei: 1n });
    // The later row took the place of what had been announced.
    expect(feeOf(4, { dtMs: 16_000, receivedMs: 17_000 })).toMatchObject({ rateId: 5 });
    // It came, from a clock that was ahead, before the later row was recorded.
    expect(feeOf(4, { dtMs: 16_000, receivedMs: 11_000 })).toMatchObject({ rateId: 4 });
    expect(feeOf(3, { dtMs: 13_000, receivedMs: 11_000 })).toMatchObject({ rateId: 3 });
    expect(feeOf(3, { dtMs: 16_000, receivedMs: 12_500 })).toMatchObject({ rateId: 5 });
    expect(feeOf(null, { dtMs: 5_000, receivedMs: 3_000 })).toMatchObject({ rateId: null });
  });

  it('is read from both forms in which payloads are stored, and refused with a reason when it cannot be', () => {
    const saying = { eventType: 'job-processed', version: 1 };
    const plain = readStoredContent({ ...saying, payload: `{"ethAddress":"${ALICE}","fees":100}` });
    expect(plain).toEqual(readStoredContent({ ...saying, payload: row().payload }));
    const { unreadable, counts } = tallyOf(row({ payload: '{"fees":' }));
    expect([unreadable.length, counts[0]?.events]).toEqual([1, 1]);
    for (const payload of ['[]', '{"event_type":"job-processed","payload":3}', '{"fees":-1}']) {
      expect(readStoredContent({ ...saying, payload }).ok).toBe(false);
    }
  });
});
