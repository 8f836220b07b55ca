import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BucketWorld, eventText, fileOf, job, keyOf } from '../../../test/harness/bucket-world.js';
import { ALICE, BOB, T0 } from '../../../test/harness/sync-world.js';

let world: BucketWorld;

describe('a sync pass over files in a bucket', () => {
  beforeEach(async () => {
    world = await BucketWorld.start();
  });
  afterEach(() => world.stop());

  it('credits their jobs, to the wei, to workers of the region and node type that the events say', async () => {
    await world.put('a', [
      job(ALICE, 36_893_488_147_419_103_233n),
      job(ALICE, 9_007_199_254_740_993n, { region: 'us-east', nodeType: 'transcode' }),
      eventText({ ethAddress: BOB, requestID: 'r1', pipeline: 'llm' }, { type: 'job-received' }),
    ]);
    await world.put('b', [eventText({ requestID: 'r1', fees: 5n }, { seconds: 9 })]);
    expect(await world.pass(10)).toMatchObject({ events: 4, fresh: 4, setAside: 0 });
    expect(await world.owed()).toEqual({
      [ALICE]: 36_893_488_147_419_103_233n + 9_007_199_254_740_993n,
      [BOB]: 5n,
    });
    expect(
      await world.rows('SELECT DISTINCT region, node_type FROM remote_worker ORDER BY 1'),
    ).toEqual([
      { region: 'us-east', node_type: 'transcode' },
      { region: 'us-west', node_type: 'ai' },
    ]);
    expect(
      await world.rows('SELECT payload FROM pool_event WHERE gross_wei > 10::numeric ^ 19'),
    ).toEqual([
      {
        payload: `{"event_type":"job-processed","payload":{"ethAddress":"${ALICE}","computeUnits":7,"fees":36893488147419103233}}`,
      },
    ]);
  });

  it('asks for the listing alone when there is nothing new', async () => {
    await world.put('a', [job(ALICE, 1n)]);
    await world.put('b', []);
    world.asked();
    await world.pass(10);
    expect(world.asked()).toEqual(['LIST', 'a', 'b']);
    expect(await world.pass(20)).toMatchObject({ events: 0, fresh: 0, batches: 0 });
    expect(world.asked()).toEqual(['LIST']);
    expect(await world.findings()).toEqual({ incomplete: [], changed: [] });
  });

  it('counts files that come late, however early they sort', async () => {
    await world.put('20260302', [job(ALICE, 1n, { seconds: 86_400 })]);
    await world.pass(90_000);
    await world.put('20260301', [job(BOB, 2n)]);
    await world.put('20250101', [job(ALICE, 4n, { seconds: -30_000_000 })]);
    expect(await world.pass(90_060)).toMatchObject({ events: 2, fresh: 2 });
    expect(await world.owed()).toEqual({ [ALICE]: 5n, [BOB]: 2n });
  });

  it('counts an event once that is in several files, however they are indented', async () => {
    const event = job(ALICE, 9_007_199_254_740_993n, {
      id: '0a0b0c0d-0000-4000-8000-00000000000a',
    });
    const copy = event.replaceAll(/\n\s+/g, '').replace('0a0b0c0d', '0A0B0C0D');
    await world.put('a', [event]);
    await world.put('b', [copy, job(BOB, 1n)]);
    expect(await world.pass(10)).toMatchObject({ events: 3, fresh: 2, duplicates: 1, setAside: 0 });
    await world.put('c', [event, copy]);
    expect(await world.pass(20)).toMatchObject({ fresh: 0, duplicates: 2, setAside: 0 });
    expect(await world.owed()).toEqual({ [ALICE]: 9_007_199_254_740_993n, [BOB]: 1n });
  });

  it('sets a UUID aside that comes again with another time or another payload', async () => {
    const id = randomUUID();
    await world.put('a', [job(ALICE, 100n, { id }), job(ALICE, 100n, { id, seconds: 1 })]);
    expect(await world.pass(10)).toMatchObject({ fresh: 1, setAside: 1 });
    await world.put('b', [job(ALICE, 100n, { id, seconds: 7_000_000 }), job(ALICE, 999n, { id })]);
    expect(await world.pass(20)).toMatchObject({ fresh: 0, setAside: 2 });
    expect(await world.owed()).toEqual({ [ALICE]: 100n });
    expect(await world.setAside()).toMatchObject(
      ['a', 'b', 'b'].map((name) => ({
        ...{ code: 'EVENT_CHANGED', event_id: id },
        place: expect.stringMatching(`^element [12] of ${keyOf(name)}$`),
      })),
    );
  });

  it('counts an event once that is also in a dump of the same bucket', async () => {
    const events = [job(ALICE, 100n), job(BOB, 10n)];
    await world.put('a', events);
    await world.pass(10);
    const baseDir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    await writeFile(
      join(baseDir, 'dump.json'),
      fileOf([...events, job(BOB, 1n, { region: 'eu' })]),
    );
    const options = { path: 'dump.json' };
    await world.useSource({
      id: 'dump',
      kind: 'file',
      baseDir,
      region: 'x',
      nodeType: 'ai',
      options,
    });
    expect(await world.pass(20)).toMatchObject({ fresh: 1, duplicates: 2, setAside: 0 });
    expect(await world.owed()).toEqual({ [ALICE]: 100n, [BOB]: 11n });
    await rm(baseDir, { recursive: true });
  });

  it('counts each event once when two sources take in the same ones at the same time', async () => {
    const events = Array.from({ length: 1_000 }, (_, i) => job(ALICE, 1n, { seconds: i }));
    await world.put('a', events);
    const bucket = world.config;
    const baseDir = await mkdtemp(join(tmpdir(), 'openpool-dump-'));
    await writeFile(join(baseDir, 'dump.json'), fileOf([...events].reverse()));
    const options = { path: 'dump.json' };
    await world.useSource({
      id: 'dump',
      kind: 'file',
      baseDir,
      region: 'x',
      nodeType: 'ai',
      options,
    });
    const second = world.pass(9_000);
    world.config = bucket;
    const reports = await Promise.all([world.pass(9_000), second]);
    expect(reports.map(({ setAside }) => setAside)).toEqual([0, 0]);
    expect(reports.reduce((sum, { fresh }) => sum + fresh, 0)).toBe(1_000);
    expect(await world.owed()).toEqual({ [ALICE]: 1_000n });
    await rm(baseDir, { recursive: true });
  });

  it('reads everything again when its beginning is moved', async () => {
    await world.useSource({ id: 'bucket', from: new Date(T0) });
    await world.put('a', [job(ALICE, 1n), job(BOB, 2n, { seconds: -60 })]);
    expect(await world.pass(10)).toMatchObject({ fresh: 1, setAside: 1 });
    const before = world.config;
    await world.useSource({ from: new Date(T0 - 3_600_000) });
    const moved = world.config;
    // One of two workers has not been restarted yet.
    world.config = before;
    expect(await world.pass(20)).toMatchObject({ fresh: 0, setAside: 1 });
    world.config = moved;
    expect(await world.pass(30)).toMatchObject({ retried: 1, setAside: 0 });
    expect(await world.owed()).toEqual({ [ALICE]: 1n, [BOB]: 2n });
    expect(await world.pass(40)).toMatchObject({ retried: 0 });
  });
});
