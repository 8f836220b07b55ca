/** The dated terms on the command line, on a real database with nothing else running. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTerms } from '../core/terms/store/recorded-terms.js';
import { keepFile } from '../core/terms/store/worker-terms.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { openQuietPool } from '../test/harness/quiet-pool.js';

const FILE = {
  values: {
    ...{ commissionBps: 2_500, thresholdWei: 5n * 10n ** 15n, minIntervalMs: 3_600_000 },
    rounding: 'commission-floor',
  },
  namedMs: null,
} as const;

describe('openpool terms', () => {
  let pool: Awaited<ReturnType<typeof openQuietPool>>;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = await openQuietPool(database.url);
  });
  afterAll(async () => {
    await database.close();
    await pool.close();
  });
  const run = (...words: readonly string[]) => pool.openpool('terms', ...words);

  it('shows what is in force, changes it with a reason, and warns that the file is then out of date', async () => {
    expect((await run('show')).err).toContain('TERMS_UNKNOWN');
    await openTerms(database.db, FILE, 'host/1');
    const first = await run('show');
    expect(first).toMatchObject({ code: 0 });
    expect(first.out).toMatch(
      /in force +commission 25%, .*\nsince +the beginning\nthis file +agrees/,
    );

    const order = ['change', '--commission', '5%', '--min-interval', '90m', '--reason', 'an offer'];
    const dry = await run(...order, '--dry-run');
    expect(dry.out).toMatch(
      /commission 25% → 5%, minimum interval 1h → 90m, for jobs and rounds from .*\nnothing was changed: a dry run/,
    );
    expect((await run('show')).code).toBe(0);
    expect((await run(...order)).code).toBe(0);
    await keepFile(database.db, 'host/1', FILE);

    const shown = await run('show');
    expect(shown.code).toBe(3);
    expect(shown.out).toMatch(/in force +commission 5%, .* 90m, rounding commission-floor\n/);
    expect(shown.out).toMatch(
      /this file +commission 25%, .*: they were recorded at .* replaced since/,
    );
    expect(shown.out).toMatch(/worker host\/1 +commission 25%/);
    expect(shown.out).toContain('openpool terms change');
    const listed = await run('list');
    expect(listed.out).toMatch(/in-force +5% .* cli: an offer\n/);
    expect(listed.out).toMatch(/the beginning +replaced +25% .* the first start/);
  });

  it('refuses a change that is none, and says why', async () => {
    for (const [words, told] of [
      [['--reason', 'x'], 'say what changes'],
      [['--commission', '5', '--reason', 'x'], '--commission 5: a share is wanted'],
      [['--commission', '5%', '--reason', ' '], 'REASON_MISSING'],
      [['--rounding', 'up', '--reason', 'x'], 'give commission-floor or net-floor'],
      [['--commission', '6%', '--from', 'soon', '--reason', 'x'], '"soon" is no time'],
    ] as const) {
      const said = await run('change', ...words);
      expect(said.err).toContain(told);
      expect(said.code).toBe(2);
    }
    const past = ['change', '--commission', '6%', '--from', '2026-01-01', '--reason', 'x'];
    expect(await run(...past)).toMatchObject({
      code: 1,
      err: expect.stringContaining('TERMS_FROM_PAST'),
    });
  });
});
