import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BucketWorld, fileOf, job, keyOf } from '../../../test/harness/bucket-world.js';

const OBJECTS = 10_000;
const EVENTS_PER_OBJECT = 4;
const PAYEES = 20;
const MINUTE_S = 60;
const DAY_S = 86_400;
const NAME_START_MS = Date.parse('2026-01-01T00:00:00Z');

/** The fee is above 2^53, so no sum of fees survives a double. */
const FEE_WEI = 9_007_199_254_740_993n;
const payeeOf = (n: number): string => `0x${(n % PAYEES).toString(16).padStart(40, 'a')}`;

let world: BucketWorld;

/** Makes the objects: one file for each minute, named as an orchestrator names them. */
function* objects(): Generator<readonly [key: string, content: string]> {
  const time = (n: number): string =>
    new Date(NAME_START_MS + n * 60_000).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let n = 0; n < OBJECTS; n += 1) {
    const events = Array.from({ length: EVENTS_PER_OBJECT }, (_, i) =>
      job(payeeOf(n + i), FEE_WEI + BigInt(n), { seconds: n * MINUTE_S + i }),
    );
    yield [keyOf(`${time(n)}_${time(n + 1)}`), fileOf(events)];
  }
}

/** Returns what each payee is owed in the end; nobody takes a commission here. */
function expectedWei(): Record<string, bigint> {
  const owed: Record<string, bigint> = {};
  for (let n = 0; n < OBJECTS; n += 1) {
    for (let i = 0; i < EVENTS_PER_OBJECT; i += 1) {
      const payee = payeeOf(n + i);
      owed[payee] = (owed[payee] ?? 0n) + FEE_WEI + BigInt(n);
    }
  }
  return owed;
}

/** Runs a pass and returns what it asked of the storage, how long it took, and how the process grew meanwhile. */
async function measuredPass(seconds: number) {
  const { asked } = world.storage;
  asked.length = 0;
  const beforeBytes = process.memoryUsage().rss;
  let peakBytes = beforeBytes;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
  };
  const timer = setInterval(look, 50);
  const startedMs = performance.now();
  const report = await world.pass(seconds);
  const tookS = (performance.now() - startedMs) / 1_000;
  clearInterval(timer);
  look();
  const listings = asked.filter((line) => line.includes('list-type=2')).length;
  const reads = asked.length - listings;
  const grownMb = Math.round((peakBytes - beforeBytes) / 1_048_576);
  const told = `${tookS.toFixed(1)} s, ${listings} listings, ${reads} reads, RSS + ${grownMb} MB`;
  return { report, listings, reads, grownMb, told };
}

describe('a bucket of many files that nobody has read', () => {
  beforeEach(async () => {
    world = await BucketWorld.start();
    await world.storage.fill(objects());
  });
  afterEach(() => world.stop());

  it('is read whole in the first pass, to the wei, and not again', async () => {
    const endS = OBJECTS * MINUTE_S;
    const first = await measuredPass(endS);
    expect(first.report).toMatchObject({
      ...{ fresh: OBJECTS * EVENTS_PER_OBJECT, duplicates: 0, setAside: 0 },
    });
    expect(first.reads).toBe(OBJECTS);
    expect(await world.owed()).toEqual(expectedWei());
    const quick = await measuredPass(endS + MINUTE_S);
    const nextDay = await measuredPass(endS + 2 * DAY_S);
    process.stdout.write(
      `${OBJECTS} files of ${EVENTS_PER_OBJECT} events: first ${first.told}; quick ${quick.told}; next day ${nextDay.told}\n`,
    );
    for (const { report, reads } of [quick, nextDay]) {
      expect(report).toMatchObject({ events: 0, fresh: 0, setAside: 0 });
      expect(reads).toBe(0);
    }
    expect(quick.listings).toBeLessThan(nextDay.listings);
    expect(await world.owed()).toEqual(expectedWei());
    expect(await world.setAside()).toEqual([]);
    for (const { grownMb } of [first, quick, nextDay]) expect(grownMb).toBeLessThan(250);
  }, 600_000);
});
