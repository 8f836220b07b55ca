/** Tests what the sentinel finds about fees, jobs that are nobody’s and prices, on a real Postgres. */
import { describe, expect, it } from 'vitest';
import {
  ago,
  DAY,
  HOUR,
  hourBefore,
  NOW,
  useSentinelWorld,
} from '../../test/harness/sentinel-world.js';

const { run, look, open, openCodes, setSource, count, price } = useSentinelWorld();

describe('the sentinel', () => {
  it('counts jobs without a fee as a share of this hour and the last, and no older ones', async () => {
    await count(hourBefore(2), 'job-processed', 100, { zeroFee: 100 });
    await count(hourBefore(1), 'job-processed', 90, { zeroFee: 3 });
    await count(hourBefore(1), 'worker-connected', 5);
    await look();
    expect(await openCodes()).toEqual([]);
    await count(hourBefore(0), 'transcode', 10, { zeroFee: 2 });
    await look();
    expect(await open()).toMatchObject([
      {
        code: 'ZERO_FEE_JOBS',
        severity: 'warning',
        figures: { jobs: 100, zeroFeeJobs: 5, shareBps: 500 },
        words: expect.stringContaining('5 of 100 jobs since the last hour began, 5.0 %'),
      },
    ]);
    await count(hourBefore(0), 'transcode', 200, { zeroFee: 190 });
    await look();
    expect(await open()).toMatchObject([{ severity: 'grave', timesSeen: 2 }]);
    await look(2 * HOUR);
    expect(await openCodes()).not.toContain('ZERO_FEE_JOBS');
  });

  it('names jobs that are nobody’s after a day, with what they are worth', async () => {
    await run(
      `INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
       SELECT 'one', $1::timestamptz - n * interval '5 hours', n::text,
              CASE WHEN n = 9 THEN 'received' ELSE 'processed' END, 10^17, 'no-other-half'
         FROM generate_series(1, 9) n`,
      [NOW],
    );
    await look();
    expect(await open()).toMatchObject([
      {
        code: 'JOBS_UNMATCHED',
        words: expect.stringMatching(/^4 jobs worth 0\.4 ETH, older than 24 h, /),
        figures: { jobs: 4, grossWei: '400000000000000000' },
      },
    ]);
    await run('DELETE FROM unmatched_job WHERE dt < $1', [ago(DAY)]);
    await look();
    expect(await openCodes()).toEqual([]);
  });

  describe('about prices', () => {
    it.each([
      ['three times as high', 3_000, '3.00 times as much', 'warning'],
      ['a third of it', 333, '3.00 times less', 'warning'],
      ['ten times as high', 10_000, '10.00 times as much', 'grave'],
    ])('speaks when one is %s', async (_, perUnit, times, severity) => {
      for (let h = 1; h < 8; h += 1) await price(hourBefore(h), 1_000);
      await price(hourBefore(0), perUnit);
      await look();
      const [jump] = await open();
      expect(jump).toMatchObject({
        ...{ code: 'PRICE_JUMP', severity, subject: 'ai / text-to-image / sdxl' },
      });
      expect(jump?.words).toContain(`costs ${perUnit} wei`);
      expect(jump?.words).toContain('usually 1000');
      expect(jump?.words).toContain(times);
    });

    it('is quiet about less than the factor, few jobs, few hours and old hours', async () => {
      for (let h = 1; h < 6; h += 1) await price(hourBefore(h), 1_000);
      await price(hourBefore(0), 9_000);
      await look();
      expect(await openCodes(), 'five hours').toEqual([]);
      await price(hourBefore(6), 1_000);
      await run(`UPDATE job_price SET jobs = 9 WHERE hour = $1`, [hourBefore(0)]);
      await look();
      expect(await openCodes(), 'nine jobs').toEqual([]);
      await run(`UPDATE job_price SET jobs = 10, gross_wei = 2999000 WHERE hour = $1`, [
        hourBefore(0),
      ]);
      await look();
      expect(await openCodes(), 'less than the factor').toEqual([]);
      await run(`UPDATE job_price SET gross_wei = 3000000 WHERE hour = $1`, [hourBefore(0)]);
      await look();
      expect(await openCodes()).toEqual(['PRICE_JUMP']);
      await setSource({ last_success_at: new Date(NOW.getTime() + 3 * HOUR) });
      await look(3 * HOUR);
      expect(await openCodes(), 'an old hour').toEqual([]);
    });

    it('treats a price that stays as the usual one in the end', async () => {
      for (let h = 10; h < 20; h += 1) await price(hourBefore(h), 1_000);
      for (let h = 0; h < 10; h += 1) await price(hourBefore(h), 5_000);
      await look();
      expect(await openCodes()).toEqual(['PRICE_JUMP']);
      await run('UPDATE job_price SET gross_wei = 5000000 WHERE hour = $1', [hourBefore(10)]);
      await look();
      expect(await openCodes()).toEqual([]);
    });
  });
});
