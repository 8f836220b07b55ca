/**
 * Tests each rule of the sentinel on a real Postgres: when it opens a finding, when it does not, and that the finding ends
 * by itself.
 */
import { describe, expect, it } from 'vitest';
import {
  ago,
  DAY,
  HOUR,
  hourBefore,
  MINUTE,
  NOW,
  useSentinelWorld,
} from '../../test/harness/sentinel-world.js';
import { listAuditLog } from '../ledger/store/audit-log-reads.js';
import { acknowledgeFinding } from '../sentinel/store/findings.js';

const { world, run, look, open, openCodes, setSource, count, price, aWeekOfDays, connectWorker } =
  useSentinelWorld();

describe('the sentinel', () => {
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
    await setSource({ last_success_at: world.now });
    await look(HOUR);
    expect(await openCodes()).toEqual([]);
    expect((await open(true)).map(({ resolvedAt }) => resolvedAt)).toEqual([world.now, world.now]);
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
      await acknowledgeFinding(world.db, finding?.id ?? 0, { actor: 'cli', reason });
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
      expect(world.told).toEqual(['EVENTS_SET_ASIDE']);
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
      expect(world.told).toHaveLength(3);
      const { items } = await listAuditLog(world.db, { limit: 2, cursor: null });
      expect(
        items.map(({ actor, action, subject, reason }) => [actor, action, subject, reason]),
      ).toEqual([
        ['cli', 'finding.acknowledge', String(id), 'four now'],
        ['cli', 'finding.acknowledge', String(id), 'the dump was broken'],
      ]);
    });

    it('is refused to acknowledge a finding that does not exist or has ended', async () => {
      const decision = { actor: 'cli', reason: 'known' };
      await expect(acknowledgeFinding(world.db, 4711, decision)).rejects.toMatchObject({
        code: 'FINDING_NOT_FOUND',
      });
      await aside(1);
      await look();
      const [finding] = await open();
      await run('DELETE FROM set_aside');
      await look();
      await expect(acknowledgeFinding(world.db, finding?.id ?? 0, decision)).rejects.toMatchObject({
        code: 'FINDING_RESOLVED',
      });
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

  it('names files that stay incomplete, and files that were overwritten, until they are complete or a week has passed', async () => {
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

  it('finds no source late that a person has paused, and still sees what came of it before', async () => {
    await setSource({ last_success_at: ago(DAY), last_fresh_at: ago(DAY) });
    await run(`INSERT INTO sync_pause (actor, reason) VALUES ('ann', 'the endpoint moves')`);
    await count(ago(HOUR), 'of-another-kind', 3);
    await look();
    expect(await openCodes()).toEqual(['EVENTS_UNKNOWN']);
    await run('DELETE FROM sync_pause');
    await look();
    expect(await openCodes()).toEqual(['EVENTS_UNKNOWN', 'SOURCE_LATE']);
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
