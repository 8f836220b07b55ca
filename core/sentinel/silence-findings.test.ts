/** Tests when the sentinel reports a quiet source as silent, on a real Postgres. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ago,
  DAY,
  HOUR,
  hourBefore,
  MINUTE,
  NOW,
  useSentinelWorld,
} from '../../test/harness/sentinel-world.js';

const { run, look, open, openCodes, setSource, count, aWeekOfDays, connectWorker } =
  useSentinelWorld();

describe('the sentinel', () => {
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

    it('expects nothing more of a dump, even if workers were connected at its end', async () => {
      await connectWorker();
      await setSource({ newest_dt: ago(2 * DAY) });
      await look();
      expect(await openCodes()).toEqual([]);
      await setSource({ newest_dt: ago(HOUR) });
      await look();
      expect(await openCodes()).toEqual(['SOURCE_SILENT']);
    });

    it('does not treat events that were not read as silence', async () => {
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

    it('speaks of a source that never gave an event, until one comes, but not at its beginning', async () => {
      await run('DELETE FROM event_count');
      const never = { last_fresh_at: null, newest_dt: null, last_success_at: ago(0) };
      await setSource({ ...never, created_at: ago(59 * MINUTE) });
      await look();
      expect(await openCodes(), 'just added').toEqual([]);
      await setSource({ created_at: ago(2 * HOUR), last_success_at: null });
      await look();
      expect(await openCodes(), 'never read to its end').toEqual(['SOURCE_LATE']);
      await setSource({ last_success_at: ago(0) });
      await look();
      expect(await open()).toMatchObject([
        { code: 'SOURCE_EMPTY', words: expect.stringContaining('in the 2 h since it was added') },
      ]);
      await run(
        `INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
         VALUES ('one', 'x', 'EVENT_BEFORE_START', 'r', 'r', 'h', '1')`,
      );
      await look();
      expect(await openCodes(), 'its event is set aside').toEqual([]);
      await run('DELETE FROM set_aside');
      await look();
      expect(await openCodes()).toEqual(['SOURCE_EMPTY']);
      await setSource({ last_fresh_at: ago(0), newest_dt: ago(0) });
      await look();
      expect(await openCodes(), 'the first event came').toEqual([]);
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
});
