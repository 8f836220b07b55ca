/** Tests what the sentinel finds about the terms, on a real Postgres. */
import { describe, expect, it } from 'vitest';
import { DAY, useSentinelWorld } from '../../test/harness/sentinel-world.js';
import { transact } from '../db/transact.js';
import type { TermsFile, TermsValues } from '../terms/rules/terms.js';
import { changeTerms, openTerms } from '../terms/store/recorded-terms.js';
import { forgetFile, keepFile } from '../terms/store/worker-terms.js';

const { world, run, look, open, openCodes } = useSentinelWorld();
const VALUES: TermsValues = {
  ...{ commissionBps: 2_500, thresholdWei: 5n, minIntervalMs: 0, rounding: 'commission-floor' },
};
const file = (commissionBps: number): TermsFile => ({
  values: { ...VALUES, commissionBps },
  namedMs: null,
});
const change = (commissionBps: number, from: Date | null = null) =>
  transact(world.db, (tx) =>
    changeTerms(tx, { changes: { commissionBps }, from, actor: 'cli', reason: 'a better offer' }),
  );
/** Moves the recorded changes into the past, as if this much time had passed; a trigger forbids it otherwise. */
const passed = (ms: number) =>
  run(
    `ALTER TABLE terms DISABLE TRIGGER keep_terms;
     UPDATE terms SET created_at = created_at - interval '${ms} ms', from_dt = from_dt - interval '${ms} ms'
      WHERE from_dt > '1970-01-01Z';
     ALTER TABLE terms ENABLE TRIGGER keep_terms`,
  );

describe('the sentinel', () => {
  it('reports every change of the terms for a day, but not the first terms', async () => {
    await openTerms(world.db, file(2_500), 'here');
    await look();
    expect(await openCodes()).toEqual([]);
    const { after } = await change(500);
    await look();
    expect(await open()).toMatchObject([
      {
        ...{ code: 'TERMS_CHANGED', sourceId: '', subject: String(after.id), severity: 'warning' },
        words: expect.stringMatching(/^the terms (will )?changed? at 20.*Z: commission 25% → 5%$/),
      },
    ]);
    await passed(DAY + 1_000);
    await look();
    expect(await openCodes()).toEqual([]);
  });

  it('reports an announced change when it is announced, and again when it comes into force', async () => {
    await openTerms(world.db, file(2_500), 'here');
    await change(500, new Date(Date.now() + 10 * DAY));
    await look();
    expect(await open()).toMatchObject([
      { code: 'TERMS_CHANGED', words: expect.stringContaining('the terms will change at') },
    ]);
    await passed(5 * DAY);
    await look();
    expect(await openCodes()).toEqual([]);
    await passed(5 * DAY + 1_000);
    await look();
    expect(await open()).toMatchObject([
      { code: 'TERMS_CHANGED', words: expect.stringContaining('the terms changed at') },
    ]);
  });

  it('reports configuration files with other terms while their workers run, without naming the hosts', async () => {
    const { db } = world;
    await openTerms(db, file(2_500), 'here');
    await change(500);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await passed(2 * DAY);
    await keepFile(db, 'secret-host/1', file(2_500));
    await keepFile(db, 'secret-host/2', file(2_500));
    await keepFile(db, 'secret-host/3', file(777));
    await keepFile(db, 'secret-host/4', file(500));
    await look();
    const findings = await open();
    expect(findings.map(({ code, figures }) => [code, figures])).toEqual([
      ['TERMS_DIFFER', { workers: 1 }],
      ['TERMS_DIFFER', { workers: 2 }],
    ]);
    expect(findings[1]?.words).toMatch(
      /of 2 running workers says commission 25%.*: they were recorded at .* and have been replaced since; in force are commission 5%/,
    );
    expect(findings[0]?.words).toMatch(
      /says commission 7.77%.*pool.termsFrom does not say from when/,
    );
    expect(JSON.stringify(findings)).not.toContain('secret-host');
    // One worker stops properly, another disappears.
    await forgetFile(db, 'secret-host/3');
    await run(
      `UPDATE worker_terms SET seen_at = now() - interval '1 hour' WHERE worker < 'secret-host/3'`,
    );
    await look();
    expect(await openCodes()).toEqual([]);
  });
});
