/** Each rule of the sentinel on a real Postgres: when it speaks, when it is quiet, that it ends by itself. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addConnection, addressOf, addWorker, TEST_SENTINEL } from '../api/test-pool.js';
import { listAuditLog } from '../store/audit-log-reads.js';
import { listFindings, type ShownFinding } from '../store/finding-reads.js';
import { acknowledgeFinding } from '../store/findings.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import type { SentinelReport } from '../workflows/contract.js';
import { createSentinelActivities } from './sentinel.js';

const NOW = new Date('2026-03-15T12:10:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const hourBefore = (hours: number) =>
  new Date(Math.floor(NOW.getTime() / HOUR) * HOUR - hours * HOUR);

let database: TestDatabase;
let now: Date;
let told: string[];

async function run(statement: string, values: readonly unknown[] = []) {
  return database.db.$client.query(statement, [...values]);
}

async function look(afterMs = 0): Promise<SentinelReport> {
  now = new Date(NOW.getTime() + afterMs);
  const { lookAtSources } = createSentinelActivities({
    db: database.db,
    settings: TEST_SENTINEL,
    sources: [{ id: 'one', syncIntervalMs: MINUTE }],
    now: () => now,
    onLook: ({ opened, worse }) => told.push(...[...opened, ...worse].map(({ code }) => code)),
  });
  return new MockActivityEnvironment().run(lookAtSources);
}

const open = async (all = false): Promise<readonly ShownFinding[]> =>
  (await listFindings(database.db, { all }, { limit: 100, cursor: null })).items;
const openCodes = async () => (await open()).map(({ code }) => code).sort();

async function setSource(columns: Record<string, Date | string | null>): Promise<void> {
  const sets = Object.keys(columns).map((column, i) => `${column} = $${i + 1}`);
  await run(`UPDATE source SET ${sets.join(', ')} WHERE id = 'one'`, Object.values(columns));
}

async function count(
  hour: Date,
  type: string,
  events: number,
  { zeroFee = 0, version = 1 } = {},
): Promise<void> {
  await run(
    `INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events)
     VALUES ('one', $1, $2, $3, $4, $5)
     ON CONFLICT (source_id, hour, event_type, version) DO UPDATE
       SET events = excluded.events, zero_fee_events = excluded.zero_fee_events`,
    [hour, type, version, events, zeroFee],
  );
}

async function price(hour: Date, perUnitWei: number, jobs = 20) {
  await run(
    `INSERT INTO job_price VALUES ('one', $1, 'ai', 'text-to-image', 'sdxl', $2::int, $3::numeric, 1000)`,
    [hour, jobs, perUnitWei * 1000],
  );
}

/** A day and night of a week: busy from six to twenty-two, nothing at night. */
async function aWeekOfDays(): Promise<void> {
  await setSource({ created_at: ago(30 * DAY) });
  await run(
    `INSERT INTO event_count (source_id, hour, event_type, version, events)
     SELECT 'one', h, 'job-processed', 1, 100 FROM generate_series($1::timestamptz, $2, '1 hour') h
      WHERE extract(hour FROM h AT TIME ZONE 'UTC') BETWEEN 6 AND 21`,
    [hourBefore(24 * 8), hourBefore(1)],
  );
}

async function connectWorker(): Promise<void> {
  const workerId = await addWorker(database.db, { payee: addressOf(1) });
  const connection = '10.0.0.1:1';
  await addConnection(database.db, {
    sourceId: 'one',
    workerId,
    connection,
    at: ago(DAY),
    seq: 1,
  });
}

describe('the sentinel', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    told = [];
    await run(
      `INSERT INTO source (id, kind, reads_from, region, node_type, created_at, last_success_at,
                           last_fresh_at, newest_dt)
       VALUES ('one', 'orchestrator-http', 'x', 'us-west', 'transcode', $1, $2, $2, $2)`,
      [ago(30 * DAY), ago(20_000)],
    );
  });
  afterEach(() => database.close());

  it('has nothing to say of a pool with nothing wrong', async () => {
    await aWeekOfDays();
    await connectWorker();
    for (let h = 0; h < 40; h += 1) await price(hourBefore(h), 1_000 + (h % 7) * 100);
    await run(
      `INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
       VALUES ('one', $1, 'a', 'processed', 5, 'no-other-half')`,
      [ago(HOUR)],
    );
    await run(`INSERT INTO arrival_hour VALUES ('one', $1, 50, 400, 900), ('one', $2, 9, 0, 0)`, [
      hourBefore(1),
      hourBefore(0),
    ]);
    expect(await look()).toEqual({
      ...{ sources: 1, opened: 0, worse: 0, resolved: 0, open: 0 },
      findings: [],
    });
  });

  it('tells a source that fails for long from one that nobody reads, and both end by themselves', async () => {
    const code = 'EVENT_SOURCE_TIMEOUT';
    await setSource({ last_success_at: ago(14 * MINUTE), last_error_code: code });
    await look();
    expect(await openCodes()).toEqual([]);
    await setSource({ last_success_at: ago(16 * MINUTE) });
    await look();
    const [failing] = await open();
    expect(failing).toMatchObject({
      ...{ code: 'SOURCE_FAILING', sourceId: 'one', severity: 'warning' },
      words: expect.stringContaining('for 16 min: every pass fails with EVENT_SOURCE_TIMEOUT'),
    });
    await look(HOUR);
    expect(await open()).toMatchObject([{ id: failing?.id, severity: 'grave', timesSeen: 2 }]);
    await setSource({ last_error_code: null });
    await look(HOUR);
    expect(await openCodes()).toEqual(['SOURCE_LATE']);
    await setSource({ last_success_at: now });
    await look(HOUR);
    expect(await openCodes()).toEqual([]);
    expect((await open(true)).map(({ resolvedAt }) => resolvedAt)).toEqual([now, now]);
  });

  it('lets a first pass over years take its time while something comes', async () => {
    await setSource({
      last_success_at: null,
      created_at: ago(DAY),
      last_fresh_at: ago(MINUTE),
    });
    await look();
    expect(await openCodes()).toEqual([]);
    await setSource({ last_fresh_at: ago(HOUR) });
    await look();
    expect(await openCodes()).toEqual(['SOURCE_LATE']);
  });

  describe('about silence', () => {
    beforeEach(async () => {
      await aWeekOfDays();
      await setSource({ last_fresh_at: ago(31 * MINUTE) });
    });

    it('speaks when workers are connected and jobs would have come, until something new comes', async () => {
      await connectWorker();
      await look();
      const [silent] = await open();
      expect(silent).toMatchObject({
        code: 'SOURCE_SILENT',
        words:
          'nothing new for 30 min while 1 worker is connected; by its rhythm about 51 events of jobs would have come',
        figures: { connectedWorkers: 1, eventsMissed: 51 },
      });
      await setSource({ last_fresh_at: ago(0), last_success_at: ago(0) });
      await look();
      expect(await openCodes()).toEqual([]);
      await setSource({ last_fresh_at: ago(40 * MINUTE) });
      await look();
      const again = await open();
      expect(again).toMatchObject([{ code: 'SOURCE_SILENT', timesSeen: 1 }]);
      expect(again[0]?.id).not.toBe(silent?.id);
    });

    it('is quiet while no worker is connected, and after the reset that took them offline', async () => {
      await look();
      expect(await openCodes()).toEqual([]);
      await connectWorker();
      await run(`INSERT INTO source_reset VALUES ('one', 'us-west', 'transcode', $1, 9)`, [
        ago(HOUR),
      ]);
      await look();
      expect(await openCodes()).toEqual([]);
    });

    it('is quiet in a night as quiet as the others, and not in the morning after', async () => {
      await connectWorker();
      const evening = new Date('2026-03-14T22:00:00Z');
      await setSource({ last_fresh_at: evening });
      const at = (clock: string) => new Date(`2026-03-15T${clock}Z`).getTime() - NOW.getTime();
      await setSource({ last_success_at: new Date('2026-03-15T06:00:00Z') });
      await look(at('06:00:10'));
      expect(await openCodes()).toEqual([]);
      await setSource({ last_success_at: new Date('2026-03-15T06:10:00Z') });
      await look(at('06:10:10'));
      expect(await openCodes()).toEqual(['SOURCE_SILENT']);
    });

    it('expects nothing more of a dump, whoever was connected at its end', async () => {
      await connectWorker();
      await setSource({ newest_dt: ago(2 * DAY) });
      await look();
      expect(await openCodes()).toEqual([]);
      await setSource({ newest_dt: ago(HOUR) });
      await look();
      expect(await openCodes()).toEqual(['SOURCE_SILENT']);
    });

    it('does not take what was not read for silence', async () => {
      await connectWorker();
      await setSource({ last_success_at: ago(14 * MINUTE) });
      await look();
      expect(await openCodes()).toEqual([]);
    });

    it('gives a young source twice the time, because nobody knows its rhythm', async () => {
      await run('DELETE FROM event_count');
      await setSource({ created_at: ago(55 * MINUTE), last_fresh_at: ago(50 * MINUTE) });
      await connectWorker();
      await look();
      expect(await openCodes()).toEqual([]);
      await setSource({ created_at: ago(65 * MINUTE), last_fresh_at: ago(62 * MINUTE) });
      await look();
      expect((await open())[0]?.words).toContain('too young to have a rhythm');
    });

    it('is quiet about workers that nobody has had a job for in a week', async () => {
      await run('DELETE FROM event_count');
      await count(hourBefore(3), 'worker-connected', 400);
      await connectWorker();
      await setSource({ last_fresh_at: ago(3 * HOUR) });
      await look();
      expect(await openCodes()).toEqual([]);
    });
  });

  it('counts jobs without a fee as a share of this hour and the last, and no older ones', async () => {
    await count(hourBefore(2), 'job-processed', 100, { zeroFee: 100 });
    await count(hourBefore(1), 'job-processed', 90, { zeroFee: 3 });
    await count(hourBefore(1), 'worker-connected', 5);
    await look();
    expect(await openCodes()).toEqual([]);
    await count(hourBefore(0), 'transcode', 10, { zeroFee: 2 });
    await look();
    expect(await open()).toMatchObject([
      {
        code: 'ZERO_FEE_JOBS',
        severity: 'warning',
        figures: { jobs: 100, zeroFeeJobs: 5, shareBps: 500 },
        words: expect.stringContaining('5 of 100 jobs since the last hour began, 5.0 %'),
      },
    ]);
    await count(hourBefore(0), 'transcode', 200, { zeroFee: 190 });
    await look();
    expect(await open()).toMatchObject([{ severity: 'grave', timesSeen: 2 }]);
    await look(2 * HOUR);
    expect(await openCodes()).not.toContain('ZERO_FEE_JOBS');
  });

  it('names jobs that are nobody’s after a day, with what they are worth', async () => {
    await run(
      `INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
       SELECT 'one', $1::timestamptz - n * interval '5 hours', n::text,
              CASE WHEN n = 9 THEN 'received' ELSE 'processed' END, 10^17, 'no-other-half'
         FROM generate_series(1, 9) n`,
      [NOW],
    );
    await look();
    expect(await open()).toMatchObject([
      {
        code: 'JOBS_UNMATCHED',
        words: expect.stringMatching(/^4 jobs worth 0\.4 ETH, older than 24 h, /),
        figures: { jobs: 4, grossWei: '400000000000000000' },
      },
    ]);
    await run('DELETE FROM unmatched_job WHERE dt < $1', [ago(DAY)]);
    await look();
    expect(await openCodes()).toEqual([]);
  });

  describe('about prices', () => {
    it.each([
      ['three times as high', 3_000, '3.00 times as much', 'warning'],
      ['a third of it', 333, '3.00 times less', 'warning'],
      ['ten times as high', 10_000, '10.00 times as much', 'grave'],
    ])('speaks when one is %s', async (_, perUnit, times, severity) => {
      for (let h = 1; h < 8; h += 1) await price(hourBefore(h), 1_000);
      await price(hourBefore(0), perUnit);
      await look();
      const [jump] = await open();
      expect(jump).toMatchObject({
        ...{ code: 'PRICE_JUMP', severity, subject: 'ai / text-to-image / sdxl' },
      });
      expect(jump?.words).toContain(`costs ${perUnit} wei`);
      expect(jump?.words).toContain('usually 1000');
      expect(jump?.words).toContain(times);
    });

    it('is quiet about less than the factor, few jobs, few hours and old hours', async () => {
      for (let h = 1; h < 6; h += 1) await price(hourBefore(h), 1_000);
      await price(hourBefore(0), 9_000);
      await look();
      expect(await openCodes(), 'five hours').toEqual([]);
      await price(hourBefore(6), 1_000);
      await run(`UPDATE job_price SET jobs = 9 WHERE hour = $1`, [hourBefore(0)]);
      await look();
      expect(await openCodes(), 'nine jobs').toEqual([]);
      await run(`UPDATE job_price SET jobs = 10, gross_wei = 2999000 WHERE hour = $1`, [
        hourBefore(0),
      ]);
      await look();
      expect(await openCodes(), 'less than the factor').toEqual([]);
      await run(`UPDATE job_price SET gross_wei = 3000000 WHERE hour = $1`, [hourBefore(0)]);
      await look();
      expect(await openCodes()).toEqual(['PRICE_JUMP']);
      await setSource({ last_success_at: new Date(NOW.getTime() + 3 * HOUR) });
      await look(3 * HOUR);
      expect(await openCodes(), 'an old hour').toEqual([]);
    });

    it('takes a price that stays for the usual one in the end', async () => {
      for (let h = 10; h < 20; h += 1) await price(hourBefore(h), 1_000);
      for (let h = 0; h < 10; h += 1) await price(hourBefore(h), 5_000);
      await look();
      expect(await openCodes()).toEqual(['PRICE_JUMP']);
      await run('UPDATE job_price SET gross_wei = 5000000 WHERE hour = $1', [hourBefore(10)]);
      await look();
      expect(await openCodes()).toEqual([]);
    });
  });

  it('sees a clock that is ahead, for two hours', async () => {
    await run(`INSERT INTO arrival_hour VALUES ('one', $1, 4, 0, 119999)`, [hourBefore(0)]);
    await look();
    expect(await openCodes()).toEqual([]);
    await run('UPDATE arrival_hour SET most_ahead_ms = 120000');
    await look();
    expect(await open()).toMatchObject([
      { code: 'CLOCK_AHEAD', words: expect.stringContaining('2 min ahead of our clock') },
    ]);
    await setSource({ last_success_at: new Date(NOW.getTime() + 2 * HOUR) });
    await look(2 * HOUR);
    expect(await openCodes()).toEqual([]);
  });

  it('sees a clock that is behind hour after hour, not a file that came late once', async () => {
    const insert = `INSERT INTO arrival_hour VALUES ('one', $1, 30, $2, 0)`;
    await run(insert, [hourBefore(1), HOUR]);
    await look();
    expect(await openCodes(), 'one hour').toEqual([]);
    await run(insert, [hourBefore(0), 20_000]);
    await look();
    expect(await openCodes(), 'a good pass since').toEqual([]);
    await run('UPDATE arrival_hour SET least_behind_ms = NULL WHERE hour = $1', [hourBefore(0)]);
    await look();
    expect(await openCodes(), 'deep passes only').toEqual([]);
    await run('UPDATE arrival_hour SET least_behind_ms = $2 WHERE hour = $1', [
      hourBefore(0),
      40 * MINUTE,
    ]);
    await look();
    expect(await open()).toMatchObject([
      { code: 'CLOCK_BEHIND', figures: { behindMs: 40 * MINUTE } },
    ]);
  });

  it('names what is set aside by its reason, but not what the configuration asked to leave out', async () => {
    await run(
      `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
       SELECT 'one', 'x', code, 'r', 'r', n || code, '1' FROM generate_series(1, 3) n,
              unnest(ARRAY['EVENT_CHANGED', 'EVENT_BEFORE_START', 'EVENT_NOT_JSON', 'EVENT_FEE_MALFORMED']) code`,
    );
    await look();
    expect(await open()).toMatchObject([
      {
        ...{ code: 'EVENTS_SET_ASIDE', subject: 'unreadable', figures: { events: 6 } },
        words: expect.stringContaining('3 EVENT_FEE_MALFORMED, 3 EVENT_NOT_JSON'),
      },
      { code: 'EVENTS_SET_ASIDE', subject: 'EVENT_CHANGED', figures: { events: 3 } },
    ]);
    await run('UPDATE set_aside SET resolved_at = now()');
    await look();
    expect(await openCodes()).toEqual([]);
  });

  it('names types and versions that it does not know for a day', async () => {
    await count(hourBefore(0), 'job-processed', 7);
    await count(hourBefore(0), 'ticket-redeemed', 7);
    await count(hourBefore(1), 'job-processed', 5, { version: 2 });
    await count(hourBefore(20), 'moon-phase', 2);
    await count(hourBefore(26), 'sun-phase', 2);
    await look();
    expect((await open()).map(({ subject }) => subject).sort()).toEqual([
      'job-processed v2',
      'moon-phase v1',
    ]);
    await look(6 * HOUR);
    expect((await open()).map(({ subject }) => subject)).not.toContain('moon-phase v1');
  });

  describe('and its operator', () => {
    const aside = (events: number, code = 'EVENT_CHANGED') =>
      run(
        `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
         SELECT 'one', 'x', $2, 'r', 'r', gen_random_uuid()::text, '1' FROM generate_series(1, $1) n`,
        [events, code],
      );
    const acknowledge = async (reason: string) => {
      const [finding] = await open();
      await acknowledgeFinding(database.db, finding?.id ?? 0, { actor: 'cli', reason });
      return finding?.id;
    };

    it('is not told again of what is acknowledged, until it is twice as bad or returns', async () => {
      await aside(2);
      await look();
      const id = await acknowledge('the dump was broken');
      await aside(1);
      await look();
      expect(await open()).toMatchObject([
        { id, acknowledged: { by: 'cli', reason: 'the dump was broken' }, figures: { events: 3 } },
      ]);
      expect(told).toEqual(['EVENTS_SET_ASIDE']);
      await aside(1);
      const { worse, findings } = await look();
      expect({ worse, findings: findings.length }).toEqual({ worse: 1, findings: 1 });
      expect(await open()).toMatchObject([{ id, acknowledged: null, timesSeen: 3 }]);
      await acknowledge('four now');
      await run('UPDATE set_aside SET resolved_at = now()');
      await look();
      await aside(1);
      await look();
      const [returned] = await open();
      expect(returned).toMatchObject({ acknowledged: null, timesSeen: 1 });
      expect(returned?.id).not.toBe(id);
      expect(told).toHaveLength(3);
      const { items } = await listAuditLog(database.db, { limit: 2, cursor: null });
      expect(
        items.map(({ actor, action, subject, reason }) => [actor, action, subject, reason]),
      ).toEqual([
        ['cli', 'finding.acknowledge', String(id), 'four now'],
        ['cli', 'finding.acknowledge', String(id), 'the dump was broken'],
      ]);
    });

    it('is refused by name what is not there and what has ended', async () => {
      const decision = { actor: 'cli', reason: 'known' };
      await expect(acknowledgeFinding(database.db, 4711, decision)).rejects.toMatchObject({
        code: 'FINDING_NOT_FOUND',
      });
      await aside(1);
      await look();
      const [finding] = await open();
      await run('DELETE FROM set_aside');
      await look();
      await expect(
        acknowledgeFinding(database.db, finding?.id ?? 0, decision),
      ).rejects.toMatchObject({ code: 'FINDING_RESOLVED' });
    });

    it('finds one finding of a thing, however many look at once, and no old look undoes a newer one', async () => {
      await aside(1);
      await Promise.all([look(), look(), look(), look()]);
      expect(await open()).toMatchObject([{ code: 'EVENTS_SET_ASIDE', timesSeen: 4 }]);
      await run('DELETE FROM set_aside');
      await look(MINUTE);
      await aside(1, 'EVENT_NOT_JSON');
      expect(await look(MINUTE - 1)).toMatchObject({ opened: 0 });
      expect(await openCodes()).toEqual([]);
    });
  });

  it('names files that stay half, and files that were overwritten, until they are whole or a week has passed', async () => {
    await run(`UPDATE source SET objects_listed_at = $1`, [ago(0)]);
    await run(
      `INSERT INTO source_object (source_id, key, version, size_bytes, failure_code, failure,
                                  failed_since, due_at, read_at)
       VALUES ('one', 'half.json', '1', 7, 'EVENT_SOURCE_TRUNCATED', 'cut', $1, $1, $1)`,
      [ago(HOUR - 1)],
    );
    await run(
      `INSERT INTO source_object_change (source_id, key, old_version, new_version, old_size_bytes,
                                         new_size_bytes, was_whole, seen_at)
       VALUES ('one', 'half.json', '0', '1', 5, 7, false, $1)`,
      [ago(0)],
    );
    await look();
    expect(await openCodes()).toEqual([]);
    await run(
      `INSERT INTO source_object_change (source_id, key, old_version, new_version, old_size_bytes,
                                         new_size_bytes, was_whole, seen_at)
       VALUES ('one', 'twice.json', '1', '2', 7, 9, true, $1)`,
      [ago(0)],
    );
    await look(MINUTE);
    expect(await openCodes()).toEqual(['FILES_INCOMPLETE', 'FILES_OVERWRITTEN']);
    await run('UPDATE source_object SET failure_code = NULL, failed_since = NULL, due_at = NULL');
    await setSource({ last_success_at: ago(-7 * DAY), last_fresh_at: ago(-7 * DAY) });
    await look(7 * DAY + 1);
    expect(await openCodes()).toEqual([]);
  });

  it('forgets a source that was removed', async () => {
    await setSource({ last_success_at: ago(DAY), last_fresh_at: ago(DAY) });
    await look();
    expect(await openCodes()).toEqual(['SOURCE_LATE']);
    await setSource({ removed_at: ago(0) });
    await look();
    expect(await openCodes()).toEqual([]);
  });
});
