/** Makes passes over real sources, and tests what the sentinel then finds about their silence. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BucketWorld, eventText, job } from '../../test/harness/bucket-world.js';
import { ALICE, at, T0 } from '../../test/harness/sync-world.js';
import { TEST_SENTINEL } from '../../test/kit/test-pool.js';
import { startTestOrchestrator } from '../events/sources/testing/test-orchestrator.js';
import { lookAtSources } from './looking.js';

const MINUTE_S = 60;
const HOUR_S = 3_600;

let world: BucketWorld;

/** Makes the sentinel look at T0 plus these seconds, and returns the codes of the open findings. */
async function look(seconds: number): Promise<readonly string[]> {
  const { findings } = await lookAtSources({
    db: world.database.db,
    settings: TEST_SENTINEL,
    sources: [world.config],
    roundIntervalMs: null,
    now: () => new Date(T0 + seconds * 1_000),
  });
  return findings.map(({ code }) => code);
}

async function passAndLook(seconds: number): Promise<readonly string[]> {
  await world.pass(seconds);
  return look(seconds);
}

/** Sets when the source was added, by the test's own clock, by which its passes run, too. */
async function meet(seconds: number): Promise<void> {
  await world.rows(
    `UPDATE source SET created_at = '${new Date(T0 + seconds * 1_000).toISOString()}'`,
  );
}

describe('the sentinel after passes over a bucket', () => {
  beforeEach(async () => {
    world = await BucketWorld.start();
    await meet(0);
  });
  afterEach(() => world.stop());

  const connected = (seconds: number, type = 'worker-connected') =>
    eventText({ ethAddress: ALICE, connection: '10.0.0.1:1' }, { type, seconds });

  it('speaks when no more files come while a worker is connected, until one comes', async () => {
    await world.put('a', [connected(10)]);
    expect(await passAndLook(20)).toEqual([]);
    expect(await passAndLook(59 * MINUTE_S)).toEqual([]);
    expect(await passAndLook(61 * MINUTE_S)).toEqual(['SOURCE_SILENT']);
    await world.put('b', [job(ALICE, 1n, { seconds: 62 * MINUTE_S })]);
    expect(await passAndLook(63 * MINUTE_S)).toEqual([]);
  });

  it('is quiet when no worker is connected', async () => {
    await world.put('a', [connected(10), connected(15, 'worker-disconnected')]);
    expect(await passAndLook(20)).toEqual([]);
    expect(await passAndLook(5 * HOUR_S)).toEqual([]);
  });

  it('reports a prefix under which there never was a file, and is quiet once the prefix is right', async () => {
    await world.put('a', [connected(10)]);
    await world.useSource({
      ...{ id: 'wrong', options: { ...world.storage.options, prefix: 'us-est' } },
    });
    await meet(0);
    expect(await passAndLook(20)).toEqual([]);
    expect(await passAndLook(HOUR_S)).toEqual(['SOURCE_EMPTY']);
    await world.useSource({
      ...{ id: 'bucket', options: { ...world.storage.options, prefix: 'us-west' } },
    });
    expect(await passAndLook(HOUR_S + 60)).toEqual([]);
  });

  it('tells of an orchestrator that answers from an empty table, until its first event', async () => {
    const orchestrator = await startTestOrchestrator();
    await world.useSource({
      ...{ id: 'http', kind: 'orchestrator-http', region: 'eu', nodeType: 'ai' },
      options: { endpoint: orchestrator.url },
    });
    await meet(0);
    expect(await passAndLook(20)).toEqual([]);
    expect(await passAndLook(HOUR_S)).toEqual(['SOURCE_EMPTY']);
    orchestrator.rows.push({
      ...{ id: 1, dt: at(HOUR_S) },
      payload: '{"event_type": "orchestrator-reset", "payload": {}}',
    });
    expect(await passAndLook(HOUR_S + 60)).toEqual([]);
    await orchestrator.stop();
  });
});
