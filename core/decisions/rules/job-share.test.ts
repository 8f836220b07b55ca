import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROUNDINGS } from '../../base/money.js';
import { splitFee } from '../../events/rules/commission.js';
import { shareJob } from './job-share.js';

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
        const job = { grossWei, commissionBps, rounding, ...place };
        const assignee = isAbsorbed ? null : { payee, nodeType: null, region: null };
        const { commissionWei, netWei, worker } = shareJob(job, assignee);
        expect(commissionWei + netWei).toBe(grossWei);
        expect(worker).toEqual(isAbsorbed ? null : { payee, ...place });
        const due = splitFee(grossWei, job).commissionWei;
        expect(commissionWei).toBe(isAbsorbed ? grossWei : due);
      },
    ),
  );
});

it('takes node type and region from the job unless told, and refuses to guess', () => {
  const job = { grossWei: 1n, commissionBps: 0, rounding: 'net-floor', ...place } as const;
  const told = { payee, nodeType: 'transcode', region: 'us' } as const;
  expect(shareJob(job, told).worker).toEqual(told);
  const nowhere = { ...job, nodeType: null, region: null };
  const untold = { payee, nodeType: null, region: 'us' };
  expect(() => shareJob(nowhere, untold)).toThrow(
    expect.objectContaining({ code: 'WORKER_NOT_NAMED' }),
  );
});
