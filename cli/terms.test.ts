/** The dated terms on the command line, on a real database with nothing else running. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openTerms } from '../core/terms/store/recorded-terms.js';
import { keepFile } from '../core/terms/store/worker-terms.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';

const FILE = {
  values: {
    ...{ commissionBps: 2_500, thresholdWei: 5n * 10n ** 15n, minIntervalMs: 3_600_000 },
    rounding: 'commission-floor',
  },
  namedMs: null,
} as const;

describe('openpool terms', () => {
  let dir: string;
  let database: TestDatabase;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-terms-'));
    database = await createTestDatabase();
    const config = {
      sources: [
        {
          ...{ id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning' },
          options: { endpoint: 'https://one.example.com' },
        },
      ],
      database: { url: database.url },
      temporal: { address: '127.0.0.1:1' },
      chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:1'] },
      wallet: { keystoreFile: 'none', passphraseFile: 'none' },
    };
    await writeFile(join(dir, 'pool.yaml'), stringify(config));
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });
  const run = (...words: readonly string[]) =>
    runOpenpool(['terms', ...words, '--config', join(dir, 'pool.yaml')]);

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
