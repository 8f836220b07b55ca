/** The first manager's books beside a ledger that has read the same orchestrator: what differs, and what is taken over. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FirstManager, startFirstManager } from '../../test/harness/first-manager.js';
import { chainConfig } from '../../test/harness/money.js';
import { ALICE, BOB, net, useSyncWorld } from '../../test/harness/sync-world.js';
import { createChainClient } from '../chain/quorum.js';
import { exportLog } from './event-export.js';
import { type FirstManagerFile, openFirstManagerFile } from './first-manager-file.js';
import { type ImportOrder, importFile } from './importing.js';
import { compareWithLog } from './log-comparing.js';
import { summarizeLog } from './rules/first-manager.js';

const COMMISSION = {
  commissionBps: 2_500,
  share: { commissionBps: 2_500, rounding: 'commission-floor' },
} as const;
/** Nobody asks it: the file has no payouts. */
const NO_CHAIN = chainConfig({ chainId: 31_337, rpcUrl: 'http://127.0.0.1:9' });
const { world, emit, transcode, received, processed, pass, owed, useSource } = useSyncWorld();

let manager: FirstManager;
let file: FirstManagerFile | undefined;
beforeEach(async () => {
  manager = await startFirstManager();
});
afterEach(async () => {
  await file?.close();
  file = undefined;
  await manager.stop();
});

/** What the first manager has fetched: all events but those with these ids. */
const fetched = (...lost: readonly number[]) =>
  world.orchestrator.rows.flatMap(({ id, dt, payload = '' }) =>
    lost.includes(id) ? [] : [{ dt, payload }],
  );

async function compare() {
  file = await openFirstManagerFile(manager.path);
  const log = summarizeLog(file.log(), COMMISSION);
  const books = await compareWithLog(world.database.db, { file, log, commissionBps: 2_500 });
  return new Map(
    books.map(({ payee, causes, ...sums }) => [
      payee,
      { ...sums, causes: Object.fromEntries(causes) },
    ]),
  );
}

const cut = (fees: bigint) => fees / 4n;

describe('books beside a ledger', () => {
  it('differ by the pool’s share, a lost second, an AI job of nobody, and what one has not read yet, each to the wei', async () => {
    transcode(1, ALICE, 1_000n);
    transcode(1, ALICE, 2_002n);
    received(2, 'r1', BOB);
    processed(3, 'r1', 4_000n);
    transcode(4, BOB, 8_000n);
    transcode(9, ALICE, 16_000n);
    await pass(20);
    // It polled in the middle of the first second, and has not asked since the fourth.
    manager.take(fetched(2, 6));
    const books = await compare();
    expect(books.get(ALICE)).toEqual({
      statedWei: cut(1_000n),
      creditedWei: net(1_000n) + net(2_002n) + net(16_000n),
      causes: {
        'pools-share':
          net(1_000n) + net(2_002n) + net(16_000n) - cut(1_000n) - cut(2_002n) - cut(16_000n),
        'lost-events': cut(2_002n),
        'not-read-yet': cut(16_000n),
      },
      unexplainedWei: 0n,
    });
    expect(books.get(BOB)).toMatchObject({
      causes: { 'credited-to-nobody': cut(4_000n) },
      unexplainedWei: 0n,
    });
  });

  it('explain a job that a restart forgot, and nothing that somebody has changed by hand', async () => {
    emit(1, 'job-received', {
      ethAddress: BOB,
      requestID: 'r',
      pipeline: 'p',
      modelID: 'm',
      nodeType: 'ai',
    });
    emit(2, 'job-processed', {
      requestID: 'r',
      pipeline: 'p',
      modelID: 'm',
      nodeType: 'ai',
      fees: 400n,
    });
    transcode(3, ALICE, 800n);
    await pass(20);
    const [half, ...rest] = fetched();
    manager.take(half === undefined ? [] : [half]);
    manager.restart();
    manager.take(rest);
    const books = await compare();
    expect(books.get(BOB)).toMatchObject({
      causes: { 'credited-to-nobody': 100n },
      unexplainedWei: 0n,
    });
    expect(books.get(ALICE)).toMatchObject({ unexplainedWei: 0n });
    await file?.close();
    manager.run('UPDATE remote_workers SET pending_fees = pending_fees + 7 WHERE eth_address = ?', [
      ALICE,
    ]);
    expect((await compare()).get(ALICE)).toMatchObject({ unexplainedWei: -7n });
  });

  it('name what only the first manager has: the orchestrator was set up anew', async () => {
    transcode(1, ALICE, 1_000n);
    transcode(2, ALICE, 1_000n);
    manager.take(fetched());
    world.orchestrator.rows.splice(0, 1);
    await pass(20);
    expect((await compare()).get(ALICE)).toMatchObject({
      causes: { 'missing-here': -250n },
      unexplainedWei: 0n,
    });
  });
});

describe('an import of what was earned', () => {
  const runImport = async (changes: Partial<ImportOrder> = {}) => {
    file ??= await openFirstManagerFile(manager.path);
    const deps = { db: world.database.db, rpc: createChainClient(NO_CHAIN), chain: NO_CHAIN };
    const how = { balances: 'earned', commissionBps: 2_500, until: null, accepted: [] } as const;
    const who = { dryRun: true, planHash: null, actor: 'test', reason: 'we move in' };
    return importFile(deps, { file, ...how, ...who, ...changes });
  };

  it('leaves the ledger’s own credits, takes the word for what was paid only when it is accepted, and waits for the sources', async () => {
    transcode(1, ALICE, 1_000n);
    transcode(2, BOB, 1_000n);
    manager.take(fetched());
    // Its row says that something was paid, and no payout tells of it.
    manager.run(
      'UPDATE remote_workers SET paid_fees = 50, pending_fees = 200 WHERE eth_address = ?',
      [BOB],
    );
    await expect(runImport()).rejects.toMatchObject({ code: 'IMPORT_LEDGER_UNFIT' });
    await pass(20);
    const { planHash, blocking } = await runImport();
    expect(blocking.map(({ name }) => name)).toEqual(['paid-without-transaction']);
    const apply = { planHash, dryRun: false, accepted: ['paid-without-transaction'] } as const;
    expect(await runImport(apply)).toMatchObject({ applied: true });
    expect(await owed()).toMatchObject({ [ALICE]: net(1_000n), [BOB]: net(1_000n) - 50n });
    await expect(runImport(apply)).rejects.toMatchObject({ code: 'IMPORT_DONE' });
  });
});

describe('the events of a file', () => {
  it('are read by a source, each once although a later copy has them again', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'openpool-export-'));
    transcode(1, ALICE, 1_000n);
    transcode(1, ALICE, 1_000n);
    received(2, 'r1', BOB);
    processed(3, 'r1', 4_000n);
    manager.take(fetched());
    const order = { region: 'us-west', nodeType: 'transcode' } as const;
    const write = async (name: string) => {
      file = await openFirstManagerFile(manager.path);
      const report = await exportLog(file, { ...order, to: join(dir, name) });
      await file.close();
      file = undefined;
      return report;
    };
    expect(await write('first.json')).toEqual({ events: 4, unreadable: 0 });
    transcode(5, ALICE, 500n);
    manager.take(fetched(1, 2, 3, 4));
    expect(await write('second.json')).toEqual({ events: 5, unreadable: 0 });
    await expect(write('second.json')).rejects.toMatchObject({ code: 'IMPORT_FILE_UNREADABLE' });
    await useSource({ kind: 'file', options: { path: join(dir, '*.json') } });
    await pass(20);
    expect(await owed()).toMatchObject({
      [ALICE]: 2n * net(1_000n) + net(500n),
      [BOB]: net(4_000n),
    });
    await rm(dir, { recursive: true });
  });
});
