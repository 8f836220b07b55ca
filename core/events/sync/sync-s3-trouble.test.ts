import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BucketWorld, fileOf, job, keyOf } from '../../../test/harness/bucket-world.js';
import { ALICE, BOB, T0 } from '../../../test/harness/sync-world.js';

let world: BucketWorld;

describe('a sync pass over a bucket with problems', () => {
  beforeEach(async () => {
    world = await BucketWorld.start();
  });
  afterEach(() => world.stop());

  it('reads an object again that another has overwritten, and says so with both ETags', async () => {
    const first = [job(ALICE, 1n), job(ALICE, 2n)];
    await world.put('a', first);
    await world.pass(10);
    await world.put('a', [...first.slice(1), job(BOB, 8n)]);
    expect(await world.pass(20)).toMatchObject({ fresh: 1, duplicates: 1 });
    expect(await world.owed()).toEqual({ [ALICE]: 3n, [BOB]: 8n });
    const { incomplete, changed } = await world.findings();
    expect(incomplete).toEqual([]);
    expect(changed).toMatchObject([
      {
        ...{ key: keyOf('a'), wasWhole: true, seenAt: new Date(T0 + 20_000) },
        oldVersion: expect.stringMatching(/^[0-9a-f]{32}$/),
        newVersion: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
    expect(changed[0]?.oldVersion).not.toBe(changed[0]?.newVersion);
    await world.pass(30);
    expect((await world.findings()).changed).toHaveLength(1);
  });

  it('counts a half-written file as far as it goes, says so, and counts all of it once when it is whole', async () => {
    const events = [job(ALICE, 1n), job(ALICE, 2n), job(ALICE, 4n)];
    const key = keyOf('b');
    await world.put('a', [job(BOB, 1n)]);
    await world.storage.put(key, fileOf(events).slice(0, -90));
    await world.storage.put(keyOf('c'), '');
    await world.put('d', [job(BOB, 2n)]);
    world.asked();
    expect(await world.pass(10)).toMatchObject({ fresh: 4, setAside: 0 });
    expect(await world.owed()).toEqual({ [ALICE]: 3n, [BOB]: 3n });
    expect((await world.findings()).incomplete).toMatchObject([
      { key: expect.stringContaining('-c.'), message: expect.stringContaining('is empty') },
      {
        key,
        code: 'EVENT_SOURCE_TRUNCATED',
        message: expect.stringContaining(`${key} ends after 2`),
      },
    ]);
    world.asked();
    await world.pass(20);
    expect(world.asked()).toEqual(['LIST', 'b', 'c']);
    await world.storage.put(key, fileOf(events));
    await world.put('c', []);
    expect(await world.pass(30)).toMatchObject({ fresh: 1, duplicates: 2 });
    expect(await world.owed()).toEqual({ [ALICE]: 7n, [BOB]: 3n });
    const { incomplete, changed } = await world.findings();
    expect(incomplete).toEqual([]);
    expect(changed.map(({ wasWhole }) => wasWhole)).toEqual([false, false]);
  });

  it('asks less and less often for a file that stays half-written', async () => {
    await world.storage.put(keyOf('a'), '[');
    const tries: number[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      world.asked();
      await world.pass(minute * 60);
      if (world.asked().includes('a')) tries.push(minute);
    }
    expect(tries).toEqual([0, 1, 2, 4, 8]);
  });

  it('sets malformed events aside with file, place and id, and counts their neighbours', async () => {
    const [bad, odd] = [randomUUID(), randomUUID()];
    await world.put('a', [
      job(ALICE, 1n),
      job(ALICE, -5n, { id: bad }),
      job(ALICE, 3n, { id: odd, nodeType: 'toaster' }),
      job(ALICE, 3n, { region: '' }),
      '{"ID": "x", "EventType": "moon", "Payload": [], "DT": "2026-03-01T12:00:00Z"}',
      job(BOB, 2n),
    ]);
    expect(await world.pass(10)).toMatchObject({ fresh: 2, setAside: 4 });
    expect(await world.owed()).toEqual({ [ALICE]: 1n, [BOB]: 2n });
    const place = (n: number): string => `element ${n} of ${keyOf('a')}`;
    expect(await world.setAside()).toMatchObject([
      { code: 'EVENT_FEE_MALFORMED', event_id: bad, place: place(2) },
      { code: 'EVENT_ORIGIN_MALFORMED', event_id: odd, place: place(3) },
      { code: 'EVENT_ORIGIN_MALFORMED', place: place(4) },
      { code: 'EVENT_PAYLOAD_MALFORMED', event_id: 'x', place: place(5) },
    ]);
    world.asked();
    await world.pass(20);
    expect(world.asked()).toEqual(['LIST']);
  });

  it('skips an object that vanishes after it was listed', async () => {
    for (const name of ['a', 'b', 'c']) await world.put(name, [job(ALICE, 1n)]);
    world.storage.answer = (request, _, answer) => {
      const isGone = request.method === 'GET' && request.url?.includes('us-west-ai-b') === true;
      world.storage.answer = isGone ? undefined : world.storage.answer;
      if (isGone) world.storage.remove(keyOf('b')).then(answer, answer);
      else answer();
    };
    expect(await world.pass(10)).toMatchObject({ fresh: 2 });
    expect(await world.findings()).toEqual({ incomplete: [], changed: [] });
  });

  it('reads an object again, and counts it once, when the pass before died before it could remember it', async () => {
    await world.put('a', [job(ALICE, 1n)]);
    await world.database.db.$client.query('ALTER TABLE source_object RENAME TO hidden');
    await expect(world.pass(10)).rejects.toThrow();
    expect(await world.owed()).toEqual({});
    await world.database.db.$client.query('ALTER TABLE hidden RENAME TO source_object');
    await world.database.db.$client.query(
      'ALTER TABLE source_object ADD CONSTRAINT dies CHECK (false) NOT VALID',
    );
    await expect(world.pass(20)).rejects.toThrow();
    expect(await world.owed()).toEqual({ [ALICE]: 1n });
    await world.database.db.$client.query('ALTER TABLE source_object DROP CONSTRAINT dies');
    expect(await world.pass(30)).toMatchObject({ fresh: 0, duplicates: 1 });
    world.asked();
    await world.pass(40);
    expect(world.asked()).toEqual(['LIST']);
  });

  it('goes on after a cancelled pass with what was not stored yet', async () => {
    const events = Array.from({ length: 12_000 }, (_, i) => job(ALICE, 1n, { seconds: i }));
    await world.put('a', events);
    await world.put(
      'b',
      events.map((event) => event.replace(/"ID": "[^"]+"/, `"ID": "${randomUUID()}"`)),
    );
    await world.put('c', [job(ALICE, 1n)]);
    const environment = new MockActivityEnvironment();
    const isFirstKnown = async (): Promise<boolean> =>
      (await world.rows('SELECT FROM source_object')).length > 0;
    world.storage.answer = (request, _, answer) => {
      if (request.url?.includes('us-west-ai-c') !== true) return answer();
      // The storage never answers: the pass is cancelled while it waits, with one file remembered.
      void vi.waitUntil(isFirstKnown, 30_000).then(() => environment.cancel('CANCELLED'));
    };
    await expect(world.pass(13_000, environment)).rejects.toMatchObject({
      name: 'CancelledFailure',
    });
    world.storage.answer = undefined;
    expect((await world.owed())[ALICE]).toBeGreaterThanOrEqual(20_000n);
    world.asked();
    await world.pass(13_060);
    const read = world.asked();
    expect(read).not.toContain('a');
    expect(read).toContain('c');
    expect(await world.owed()).toEqual({ [ALICE]: 24_001n });
  });

  it('reads the objects that it may although others are forbidden, and says which those are', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await world.put(name, [job(ALICE, 1n)]);
    world.storage.answer = (request, response, answer) => {
      if (!/us-west-ai-[a-d]/.test(request.url ?? '')) return answer();
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end('<Error><Code>AccessDenied</Code><Message>not for you</Message></Error>');
    };
    expect(await world.pass(10)).toMatchObject({ fresh: 1 });
    expect(await world.owed()).toEqual({ [ALICE]: 1n });
    const { incomplete } = await world.findings();
    expect(incomplete).toHaveLength(4);
    expect(incomplete[0]).toMatchObject({
      ...{ code: 'EVENT_SOURCE_UNAUTHORIZED', message: expect.stringContaining('not for you') },
    });
    world.storage.answer = undefined;
    expect(await world.pass(20)).toMatchObject({ fresh: 4 });
    expect((await world.findings()).incomplete).toEqual([]);
  });

  it('does not ask for all objects where it may read none', async () => {
    for (let i = 0; i < 120; i += 1) await world.put(`x${i}`, []);
    world.storage.answer = (request, response, answer) => {
      if (!/us-west-ai-x/.test(request.url ?? '')) return answer();
      response.writeHead(403).end();
    };
    world.asked();
    await expect(world.pass(10)).rejects.toMatchObject({ type: 'EVENT_SOURCE_UNAUTHORIZED' });
    expect(world.asked().length).toBeLessThan(115);
  });

  it('reports what keeps it from the bucket, keeps what it has, and goes on', async () => {
    for (const name of ['a', 'b', 'c']) await world.put(name, [job(ALICE, 1n)]);
    world.storage.answer = (request, response, answer) => {
      if (request.url?.includes('us-west-ai-b') !== true) return answer();
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('[', () => response.socket?.destroy());
    };
    await expect(world.pass(10)).rejects.toMatchObject({
      ...{ type: 'EVENT_SOURCE_UNREACHABLE', message: expect.stringContaining('us-west-ai-b') },
    });
    expect(await world.owed()).toEqual({ [ALICE]: 2n });
    world.storage.answer = undefined;
    world.asked();
    await world.pass(20);
    expect(world.asked()).toEqual(['LIST', 'b']);
    expect(await world.owed()).toEqual({ [ALICE]: 3n });
  });
});
