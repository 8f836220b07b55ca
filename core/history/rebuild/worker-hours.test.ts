/** Tests that how jobs went is kept by the hour as the events say, whatever came in whatever order, and found by a rebuild. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import { useArchiveWorld } from '../../../test/harness/archive-world.js';
import { ingestSaid, inventEvents, payeeOf, type Said } from '../../../test/harness/event-world.js';
import { auditLedger } from '../../checks/audit/audit.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { bucketEndUs, responseBucket } from '../../events/rules/sums/hour-tally.js';

const { world, rowsOf, archive, rebuild, hasBeenQuiet } = useArchiveWorld();
const START_MS = Date.parse('2026-03-10T00:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const ORDER = { actor: 'ann', reason: 'the disk', allowDebt: false };

const run = (statement: string) => world.db.$client.query(statement);
const keepFrom = (time: string) =>
  run(`UPDATE setting SET value = '${time}' WHERE key = 'worker_hours_from'`);
const hours = () =>
  rowsOf(
    `SELECT * FROM worker_hour WHERE (jobs, received, answered) <> (0, 0, 0) ORDER BY 1, 2, 3, 4`,
  );
const codes = async (found: Promise<readonly { code: string }[]>) => [
  ...new Set((await found).map(({ code }) => code)),
];

/** Gives events times and models, some of them odd, which depend only on their request or id. */
function withTimes(said: readonly Said[]): readonly Said[] {
  return said.map((one) => {
    const { requestID } = one.fields;
    const n = [...String(requestID ?? one.id)].reduce(
      (sum, char) => sum * 31 + char.charCodeAt(0),
      7,
    );
    const times = [undefined, 0, 1, 49_999, 250, 1_500, 90_000_000, -3, 0.5];
    const responseTime = times[n % times.length] ?? null;
    const isAi = requestID !== undefined;
    const model = isAi ? { pipeline: ['llm', ''][n % 2] ?? '', modelID: `m${n % 3}` } : {};
    const scale = isAi && responseTime !== null ? 1_000_000 : 1;
    const fields = { ...one.fields, ...model, responseTime: responseTime && responseTime * scale };
    return { ...one, fields: { ...fields, duration: n % 4 === 0 ? 2_000 : null } };
  });
}

/** Lives through a random history of two sources, in repeated and shuffled batches. */
async function live(seedNo: number): Promise<readonly Said[]> {
  const draw = createRandom(seedNo);
  const histories = ['a', 'b'].map((id, n) => ({
    id,
    said: [
      ...withTimes(
        inventEvents(seedNo * 2 + n, { fromMs: START_MS, count: 120, stepMs: 23 * MINUTE_MS }),
      ),
    ],
  }));
  for (const { said } of histories) {
    for (let i = 0; i < said.length; i += 9) {
      const [one, other] = [draw.int(0, said.length - 1), draw.int(0, said.length - 1)];
      [said[one], said[other]] = [said[other] as Said, said[one] as Said];
    }
  }
  for (let part = 0; part < 3; part += 1) {
    await Promise.all(
      histories.map(({ id, said }) => {
        const size = Math.ceil(said.length / 3);
        const from = Math.max(0, part * size - draw.int(0, 20));
        return ingestSaid(world.db, id, said.slice(from, (part + 1) * size), draw.int(7, 40));
      }),
    );
  }
  return histories.flatMap(({ said }) => said);
}

const said = (id: number, atMs: number, type: string, fields: Said['fields']): Said => ({
  id,
  atMs,
  type,
  fields,
});

describe('how jobs went, by the hour', () => {
  it('is told from duration and response time: milliseconds of transcoding, nanoseconds of AI', async () => {
    await keepFrom('2026-03-01T00:00:00Z');
    const ethAddress = payeeOf(1);
    const model = { pipeline: 'llm', modelID: 'm' };
    const job = { fees: 5n, computeUnits: 900 };
    await ingestSaid(world.db, 'a', [
      said(1, START_MS, 'job-processed', {
        ...job,
        ethAddress,
        responseTime: 1_000,
        duration: 1_900,
        realTimeRatio: 1,
      }),
      said(2, START_MS, 'job-processed', {
        ...job,
        ethAddress,
        responseTime: 4_000,
        duration: 2_000,
        realTimeRatio: 0,
      }),
      said(3, START_MS, 'job-processed', { ...job, ethAddress, responseTime: 0, duration: 2_000 }),
      said(4, START_MS + 59 * MINUTE_MS, 'job-received', { ...model, ethAddress, requestID: 'r1' }),
      said(5, START_MS + 61 * MINUTE_MS, 'job-processed', {
        ...job,
        ...model,
        requestID: 'r1',
        responseTime: 3_000_000_000,
      }),
      said(6, START_MS + 62 * MINUTE_MS, 'job-received', { ...model, ethAddress, requestID: 'r2' }),
    ]);
    const none = { jobs: '0', received: '0', answered: '0', rated_jobs: '0' };
    const found = await hours();
    expect(found).toMatchObject([
      {
        ...none,
        pipeline: '',
        jobs: '3',
        rated_jobs: '2',
        slow_jobs: '1',
        instant_jobs: '1',
        rated_duration_ms: '3900',
        rated_response_us: '5000000',
        timed_units: '1800',
      },
      { ...none, pipeline: 'llm', received: '1', answered: '1' },
      { ...none, pipeline: 'llm', jobs: '1', received: '1', response_us: '3000000' },
    ]);
    expect(found[2]?.responses[responseBucket(3_000_000)]).toBe(1);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  });

  it.each([1, 2, 3])(
    'is what a rebuild finds, whatever came in whatever order (seed %i)',
    async (seedNo) => {
      await keepFrom('2026-03-10T05:00:00Z');
      await live(seedNo);
      expect((await hours()).length).toBeGreaterThan(40);
      expect(await codes(checkInvariants(world.db, { withEvents: true }))).toEqual([]);
      expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
      const [first] = await rowsOf('SELECT min(hour) AS hour FROM worker_hour');
      expect(first?.hour.getTime()).toBeGreaterThanOrEqual(Date.parse('2026-03-10T05:00:00Z'));
    },
  );

  it('is worked out again to the row when it was lost or changed', async () => {
    await keepFrom('2026-03-01T00:00:00Z');
    await live(4);
    const kept = await hours();
    await run(`UPDATE worker_hour SET jobs = jobs + 1, responses[3] = responses[3] + 2 WHERE pipeline = 'llm';
      DELETE FROM worker_hour WHERE pipeline = ''`);
    expect(await codes(checkInvariants(world.db))).toEqual(['HOURS_DRIFT']);
    expect((await rebuild()).findings.map(({ code }) => code)).toContain('HOURS_DIFFER');
    expect(await rebuild({ apply: ORDER })).toMatchObject({ ok: true });
    expect(await hours()).toEqual(kept);
    expect(await codes(checkInvariants(world.db))).toEqual([]);
  });

  it('is missed by the audit when the writer forgets it', async () => {
    await keepFrom('2026-03-01T00:00:00Z');
    await run(`CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE TRIGGER forget BEFORE INSERT ON worker_hour FOR EACH ROW EXECUTE FUNCTION forget()`);
    await ingestSaid(world.db, 'a', [
      said(1, START_MS, 'job-processed', { fees: 5n, ethAddress: payeeOf(1) }),
    ]);
    const found = await auditLedger(world.db, { isWhole: false });
    expect(found).toMatchObject([{ code: 'HOURS_DRIFT' }]);
    expect(found[0]?.message).toContain('`openpool rebuild --apply`');
    await run('ALTER TABLE worker_hour DISABLE TRIGGER forget');
    expect(await rebuild({ apply: ORDER })).toMatchObject({ ok: true });
    expect(await auditLedger(world.db, { isWhole: false })).toEqual([]);
  });

  it('ends after a month, and can be worked out again from the files of the archive', async () => {
    await keepFrom('2026-01-01T00:00:00Z');
    const old = { fromMs: Date.parse('2026-01-05T00:00:00Z'), count: 60, stepMs: 9 * HOUR_MS };
    await ingestSaid(world.db, 'a', withTimes(inventEvents(5, old)));
    const kept = await hours();
    await hasBeenQuiet();
    expect((await archive()).archived.length).toBeGreaterThan(0);
    // The archive run has also ended the hours of back then. A rebuild that is to have them finds them in the files.
    await keepFrom('2026-01-01T00:00:00Z');
    expect(await hours()).toEqual([]);
    expect(await rebuild({ apply: ORDER })).toMatchObject({ ok: true });
    expect(await hours()).toEqual(kept);
  });
});

describe('the buckets of response times', () => {
  it('follow each other without a gap, each with its end', () => {
    for (let bucket = 0; bucket < 23; bucket += 1) {
      expect(responseBucket(bucketEndUs(bucket))).toBe(bucket);
      expect(responseBucket(bucketEndUs(bucket) + 1)).toBe(bucket + 1);
    }
    expect([responseBucket(1), responseBucket(9e10)]).toEqual([0, 23]);
  });
});
