import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../config/config.js';
import { transact } from '../core/db/transact.js';
import { changeTerms, readTermsHistory } from '../core/terms/store/recorded-terms.js';
import { runningFiles } from '../core/terms/store/worker-terms.js';
import { waitUntil } from '../dev/kit/process.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { testConfig } from '../test/kit/test-pool.js';
import { prepareTerms } from './terms-file.js';

interface Line {
  readonly level: string;
  readonly words: string;
  readonly fields: unknown;
}

let database: TestDatabase;
const watches: Awaited<ReturnType<typeof prepareTerms>>[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  await database.close();
});

async function start(pool: Partial<Config['pool']> = {}) {
  const lines: Line[] = [];
  const say = (level: string) => (fields: unknown, words?: string) => {
    lines.push({ level, words: words ?? String(fields), fields });
  };
  const base = testConfig();
  const config = { ...base, pool: { ...base.pool, ...pool } };
  const log = { warn: say('warn'), info: say('info'), debug: say('debug') };
  const watch = await prepareTerms({ config, db: database.db, log }, 50);
  watches.push(watch);
  return { watch, lines, warnings: () => lines.filter(({ level }) => level === 'warn') };
}

const inForce = async () => (await readTermsHistory(database.db)).inForce.commissionBps;
const act = (commissionBps: number) =>
  transact(database.db, (tx) =>
    changeTerms(tx, { changes: { commissionBps }, from: null, actor: 'cli', reason: 'why not' }),
  );

describe('the terms of a worker’s file', () => {
  it('are logged as a warning when an older file comes back, which changes nothing; a file that agrees logs nothing', async () => {
    expect((await start()).warnings()).toEqual([]);
    const five = { commissionBps: 500, termsFrom: new Date('2026-02-01T00:00:00Z') };
    expect((await start(five)).warnings()).toMatchObject([
      { words: 'the terms of pool.termsFrom are recorded' },
    ]);
    const old = await start();
    expect(await inForce()).toBe(500);
    expect(old.warnings()).toMatchObject([
      {
        words: expect.stringMatching(
          /not in force: they were recorded at .* replaced since\. if the file/,
        ),
        fields: {
          finding: 'TERMS_DIFFER',
          file: expect.stringContaining('commission 25%'),
          inForce: expect.stringContaining('commission 5%'),
        },
      },
    ]);
    expect(await runningFiles(database.db)).toHaveLength(3);
    await old.watch.stop();
    expect(await runningFiles(database.db)).toHaveLength(2);
  });

  it('are compared with the ledger while the worker runs: a change is logged once, and so is that the file is now old', async () => {
    const running = await start();
    await act(500);
    const told = (words: string) => running.lines.filter((line) => line.words.includes(words));
    const until = (words: string) =>
      waitUntil({
        ...{ what: words, timeoutMs: 10_000, intervalMs: 20 },
        ready: async () => told(words).length > 0,
      });
    await until('the terms changed: commission 25% → 5%');
    await until('the terms of the configuration are not in force');
    await act(2_500);
    await until('the terms changed: commission 5% → 25%');
    await until('agree with the ledger');
    expect(running.warnings()).toHaveLength(3);
  });

  it('stop the start when the ledger has other terms for their date', async () => {
    const termsFrom = new Date('2026-02-01T00:00:00Z');
    await start({ termsFrom });
    await expect(start({ termsFrom, commissionBps: 500 })).rejects.toMatchObject({
      code: 'TERMS_FROM_TAKEN',
    });
  });
});
