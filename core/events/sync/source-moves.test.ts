import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSyncActivities } from '../../../activities/sync.js';
import { ALICE, at, net, T0, useSyncWorld } from '../../../test/harness/sync-world.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { MAX_FEE_WEI } from '../rules/reading/event-content.js';
import { createEventSource } from '../sources/registry.js';
import type { SourceConfig } from '../sources/source-config.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../sources/testing/test-orchestrator.js';
import { moveSource, registerSources, resumeSource } from '../store/sources/source-register.js';

const { world, transcode, pass, rowsOf, owed, sourceRow } = useSyncWorld();
const WHO = { actor: 'test', reason: 'another machine' };

let next: TestOrchestrator;

const placeOf = async ({ url }: TestOrchestrator): Promise<string> =>
  (await createEventSource({ ...world.config, options: { endpoint: url } })).readsFrom;

/** Changes the configuration as the operator would, for the next start. */
function configureNext(): SourceConfig {
  world.config = { ...world.config, options: { endpoint: next.url } };
  return world.config;
}

async function register(): Promise<void> {
  const { readsFrom } = await createEventSource(world.config);
  await registerSources(world.database.db, [{ ...world.config, readsFrom }]);
}

const move = async (overrides: { accept?: boolean; dryRun?: boolean } = {}) =>
  moveSource(world.database.db, world.config.id, {
    ...{ ...WHO, to: await placeOf(next), accept: false, dryRun: false },
    ...overrides,
  });

describe('a source that is moved to another address', () => {
  beforeEach(async () => {
    next = await startTestOrchestrator();
    for (let i = 0; i < 20; i += 1) transcode(i, ALICE, 100n + BigInt(i));
    await pass(30);
  });
  afterEach(() => next.stop());

  it('is refused at the start with the command that moves it, and then goes on where it was', async () => {
    // The event is written after the last pass, in the same second as the newest event.
    transcode(19, ALICE, 7n);
    transcode(25, ALICE, 9n);
    next.rows = [...world.orchestrator.rows];
    const { id } = configureNext();
    await expect(register()).rejects.toMatchObject({
      code: 'SOURCE_MOVED',
      message: expect.stringContaining(`openpool source move ${id} --to ${await placeOf(next)}`),
    });
    await expect(pass(40)).rejects.toMatchObject({ type: 'SOURCE_MOVED' });
    const before = await owed();
    expect(await move({ dryRun: true })).toMatchObject({ changed: true, mustProve: true });
    await expect(register()).rejects.toMatchObject({ code: 'SOURCE_MOVED' });
    expect(await move()).toMatchObject({ changed: true, newestAt: new Date(T0 + 19_000) });
    await register();
    expect(await pass(40)).toMatchObject({ fresh: 2, duplicates: 20, setAside: 0 });
    expect((await owed())[ALICE]).toBe((before[ALICE] ?? 0n) + net(7n) + net(9n));
    expect(await sourceRow()).toMatchObject({ move_unproven: false });
    expect(await move()).toMatchObject({ changed: false });
    const [entry] = await rowsOf(
      "SELECT actor, reason, subject, detail FROM audit_log WHERE action = 'source.move'",
    );
    expect(entry).toMatchObject({ ...WHO, subject: id, detail: { to: await placeOf(next) } });
    expect(await checkInvariants(world.database.db, { withEvents: true })).toEqual([]);
  });

  it('counts nothing of an orchestrator that does not know the last jobs, until that is accepted', async () => {
    // A wiped data directory and another orchestrator look the same from outside.
    const before = await owed();
    next.rows = [
      {
        ...firstRow(),
        dt: at(100),
        payload: firstRow().payload?.replace('"fees": 100', '"fees": 5000') ?? '',
      },
    ];
    configureNext();
    await move();
    await register();
    await expect(pass(200)).rejects.toMatchObject({ type: 'SOURCE_MOVE_UNPROVEN' });
    await expect(pass(200)).rejects.toMatchObject({ type: 'SOURCE_MOVE_UNPROVEN' });
    expect(await owed()).toEqual(before);
    expect(await move({ accept: true })).toMatchObject({ changed: true, mustProve: false });
    expect(await pass(300)).toMatchObject({ fresh: 1 });
    expect((await owed())[ALICE]).toBe((before[ALICE] ?? 0n) + net(5000n));
  });

  it('counts nothing when the same id and time come with another text', async () => {
    const before = await owed();
    next.rows = world.orchestrator.rows.map((row) => ({
      ...row,
      payload: row.payload?.replace('"computeUnits": 1000', '"computeUnits": 1001') ?? '',
    }));
    configureNext();
    await move();
    await register();
    await expect(pass(200)).rejects.toMatchObject({ type: 'SOURCE_MOVE_UNPROVEN' });
    expect(await owed()).toEqual(before);
    expect(await rowsOf('SELECT FROM set_aside')).toEqual([]);
  });

  it('is no longer read at the old address by a worker that keeps running', async () => {
    const old = world.config;
    next.rows = [...world.orchestrator.rows];
    await move();
    const source = await createEventSource(old);
    const { syncSource } = createSyncActivities({
      ...{
        db: world.database.db,
        sources: new Map([[old.id, { config: old, source }]]),
        version: '1',
      },
      ...{
        jobMatchWindowMs: 3_600_000,
        maxJobFeeWei: MAX_FEE_WEI,
        now: () => new Date(T0 + 60_000),
      },
    });
    await expect(
      new MockActivityEnvironment().run(syncSource, { sourceId: old.id }),
    ).rejects.toMatchObject({ type: 'SOURCE_MOVED' });
  });

  it('takes over the place of a stopped and removed source for the same orchestrator, and of no other', async () => {
    const { db } = world.database;
    const first = world.config;
    const readsFrom = await placeOf(world.orchestrator);
    next.rows = [...world.orchestrator.rows];
    const alias = { ...first, id: 'alias', options: { endpoint: next.url } };
    await registerSources(db, [
      { ...first, readsFrom },
      { ...alias, readsFrom: await placeOf(next) },
    ]);
    world.config = alias;
    await expect(pass(40)).rejects.toMatchObject({ type: 'SOURCE_READ_TWICE' });
    world.config = first;
    await expect(move()).rejects.toMatchObject({ code: 'SOURCE_READ_TWICE' });
    await registerSources(db, [{ ...first, readsFrom }]);
    configureNext();
    expect(await move()).toMatchObject({ changed: true });
    await register();
    expect(await pass(50)).toMatchObject({ fresh: 0, duplicates: 20 });
  });

  it('refuses a place of another kind, an unknown source, and to resume a source that is not stopped', async () => {
    const { db } = world.database;
    const order = { ...WHO, accept: false, dryRun: false };
    const wrong = moveSource(db, world.config.id, { ...order, to: 'file:/dumps/*.json' });
    await expect(wrong).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const unknown = moveSource(db, 'nobody', { ...order, to: 'http://a/pool/events' });
    await expect(unknown).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' });
    await expect(resumeSource(db, world.config.id, WHO)).rejects.toMatchObject({
      code: 'SOURCE_NOT_STOPPED',
    });
  });
});

function firstRow() {
  const [row] = world.orchestrator.rows;
  if (row === undefined) throw new Error('there are twenty');
  return row;
}
