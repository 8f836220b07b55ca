/** Moving in on the command line, on a real database and a real SQLite file, with nothing else running. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { payloadText } from '../../dev/kit/event-element.js';
import { runOpenpool } from '../../test/harness/command-line.js';
import type { TestDatabase } from '../../test/harness/database.js';
import { type FirstManager, startFirstManager } from '../../test/harness/first-manager.js';
import { balancesOf, createMoneyDatabase, randomAddress } from '../../test/harness/money.js';

describe('openpool import', () => {
  let dir: string;
  let database: TestDatabase;
  let manager: FirstManager;
  const alice = randomAddress();
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-import-'));
    [database, manager] = await Promise.all([createMoneyDatabase(), startFirstManager()]);
    const payload = { ethAddress: alice, fees: 4_000n, computeUnits: 5 };
    manager.take([{ payload: payloadText('job-processed', payload), dt: '2026-03-01T12:00:00Z' }]);
    const source = { id: 'one', region: 'eu', nodeType: 'ai', from: '2026-03-01T12:00:01Z' };
    const config = {
      sources: [{ ...source, options: { endpoint: 'https://one.example.com' } }],
      database: { url: database.url },
      temporal: { address: '127.0.0.1:1' },
      chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:1'] },
      wallet: { keystoreFile: 'none', passphraseFile: 'none' },
    };
    await writeFile(join(dir, 'pool.yaml'), stringify(config));
  });
  afterAll(async () => {
    await Promise.all([database.close(), manager.stop()]);
    await rm(dir, { recursive: true, force: true });
  });
  const run = (...words: readonly string[]) =>
    runOpenpool(['import', ...words, '--config', join(dir, 'pool.yaml')]);
  const how = ['--balances', 'stated', '--commission', '25%', '--reason', 'we move in'];

  it('shows the plan first, books that plan once, and lists what was imported', async () => {
    const dry = await run('database', manager.path, ...how, '--dry-run');
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toContain('pools-share');
    expect(dry.out).toContain('nothing was changed: a dry run');
    const plan = /^plan +([0-9a-f]{16})$/m.exec(dry.out)?.[1] ?? '';
    const early = await run('database', manager.path, ...how);
    expect(early).toMatchObject({ code: 1 });
    expect(early.err).toContain('IMPORT_PLAN_DIFFERS');
    const done = await run('database', manager.path, ...how, '--plan', plan, '--json');
    expect(JSON.parse(done.out)).toMatchObject({
      applied: true,
      plan: { totals: { statedPendingWei: '1000', openedPendingWei: '1000' } },
    });
    expect(await balancesOf(database.db, alice)).toMatchObject({ pending: 1_000n });
    expect((await run('database', manager.path, ...how, '--plan', plan)).err).toContain(
      'IMPORT_DONE',
    );
    expect((await run('list')).out).toMatch(/pool-manager\.db .* cli: we move in/);
  });

  it('writes the events for a source of kind file, and refuses names that nobody may accept', async () => {
    const to = join(dir, 'events.json');
    const said = await run(
      'events',
      manager.path,
      '--region',
      'eu',
      '--node-type',
      'ai',
      '--to',
      to,
    );
    expect(said.out).toContain('1 events written');
    expect(JSON.parse(await readFile(to, 'utf8'))).toMatchObject([
      { EventType: 'job-processed', DT: '2026-03-01T12:00:00Z', Payload: { fees: 4_000 } },
    ]);
    const wrong = await run('database', manager.path, ...how, '--accept', 'transaction-unknown');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain('--accept transaction-unknown: give some of');
  });
});
