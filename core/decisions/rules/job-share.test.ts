import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROUNDINGS } from '../../base/money.js';
import { splitFee } from '../../events/rules/commission.js';
import { shareJob, workerOfJob } from './job-share.js';

const payee = `0x${'ab'.repeat(20)}` as const;
const place = { nodeType: 'ai', region: 'eu' } as const;

it('splits a job by the terms of its own time, exactly, or keeps all of it', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 200n }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.constantFrom(...ROUNDINGS),
      fc.boolean(),
      (grossWei, commissionBps, rounding, isAbsorbed) => {
        const job = { grossWei, commissionBps, rounding, dtMs: 0, ...place };
        const told = { payee, nodeType: null, region: null };
        const given = isAbsorbed ? null : workerOfJob(job, told);
        const { commissionWei, netWei, worker } = shareJob(job, given, []);
        expect(commissionWei + netWei).toBe(grossWei);
        expect(worker).toEqual(isAbsorbed ? null : { payee, ...place });
        const due = splitFee(grossWei, job).commissionWei;
        expect(commissionWei).toBe(isAbsorbed ? grossWei : due);
      },
    ),
  );
});

it('takes node type and region from the job unless told, and refuses to guess', () => {
  const told = { payee, nodeType: 'transcode', region: 'us' } as const;
  expect(workerOfJob(place, told)).toEqual(told);
  const nowhere = { nodeType: null, region: null };
  const untold = { payee, nodeType: null, region: 'us' };
  expect(() => workerOfJob(nowhere, untold)).toThrow(
    expect.objectContaining({ code: 'WORKER_NOT_NAMED' }),
  );
});

it('splits a job by the rate of its worker at the job’s own time, where there is one', () => {
  const job = { grossWei: 1_001n, commissionBps: 2_500, rounding: 'net-floor', ...place } as const;
  const rates = [
    { id: 3, fromMs: 100, commissionBps: 1_000 },
    { id: 4, fromMs: 200, commissionBps: 500 },
  ];
  const at = (dtMs: number) => shareJob({ ...job, dtMs }, { payee, ...place }, rates);
  expect(at(99)).toMatchObject({ commissionWei: 251n, rateId: null });
  expect(at(100)).toMatchObject({ commissionWei: 101n, rateId: 3 });
  expect(at(200)).toMatchObject({ commissionWei: 51n, rateId: 4 });
});
