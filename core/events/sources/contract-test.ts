/** Tests what every event source must do: its author calls `describeEventSource` from a vitest file. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventSource, RawEvent } from './event-source.js';

/** An event that the fixture puts into the place that the source reads. */
export interface ContractEvent {
  readonly json: string;
  readonly dt: Date;
}

export interface ContractFixture {
  readonly source: EventSource;
  /** A second source, made from the same options written differently. It must have the same `readsFrom`. */
  readonly sameAgain: EventSource;
  /** A password or token among the options, which must not appear in `readsFrom`; null when there is none. */
  readonly secret: string | null;
  /**
   * Puts these events into the place, with these times, the oldest first. A place that makes its own events makes as
   * many at these times instead, and returns their JSON texts.
   */
  put(events: readonly ContractEvent[]): Promise<void> | Promise<readonly string[]>;
  /** Makes the place fail from now on, in any way; null when it cannot. */
  readonly breakDown: (() => Promise<void>) | null;
  close(): Promise<void>;
}

const MAX_SLICE = 1_000;
const START_MS = Date.UTC(2026, 0, 1);

export function describeEventSource(kind: string, open: () => Promise<ContractFixture>): void {
  describe(`an event source of kind ${kind}`, () => {
    let fixture: ContractFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.close());

    /** Puts `count` events into the place, one per second, and returns their JSON texts. */
    const put = async (count: number): Promise<string[]> => {
      const events = Array.from({ length: count }, (_, i) => eventOf(i));
      const own = await fixture.put(events);
      return Array.isArray(own) ? own : events.map(({ json }) => json);
    };
    const readEvents = async (since: Date | null = null): Promise<readonly RawEvent[]> => {
      const events: RawEvent[] = [];
      const { signal } = new AbortController();
      for await (const slice of fixture.source.read({ since, signal })) {
        expect(slice.length).toBeLessThanOrEqual(MAX_SLICE);
        events.push(...slice);
      }
      return events;
    };
    const readAll = async (since: Date | null = null): Promise<readonly string[]> =>
      (await readEvents(since)).map(({ raw }) => raw);

    it('gives every event once, as its own JSON, in order', async () => {
      const events = await put(3_000);
      expect((await readAll()).map(bare)).toEqual(events.map(bare));
    });

    it('gives nothing when there is nothing', async () => {
      await fixture.put([]);
      expect(await readAll()).toEqual([]);
    });

    it('gives the same when it is read again', async () => {
      await put(20);
      expect(await readAll()).toEqual(await readAll());
    });

    it('leaves out no event that is later than `since`', async () => {
      const events = await put(100);
      const raws = new Set((await readAll(new Date(START_MS + 50_000))).map(bare));
      for (const event of events.slice(51)) expect(raws).toContain(bare(event));
    });

    it('names the place of each event, and never the same one twice', async () => {
      await put(300);
      const places = (await readEvents()).map(({ place }) => place);
      expect(new Set(places).size).toBe(300);
    });

    it('stops with an error when the read is aborted', async () => {
      await put(3_000);
      const aborter = new AbortController();
      const reading = async (): Promise<void> => {
        for await (const _ of fixture.source.read({ since: null, signal: aborter.signal })) {
          aborter.abort(new Error('told to stop'));
        }
      };
      await expect(reading()).rejects.toThrow('told to stop');
    });

    it('lets a reader stop in the middle, and is read from the start the next time', async () => {
      await put(3_000);
      const { signal } = new AbortController();
      for await (const slice of fixture.source.read({ since: null, signal })) {
        expect(slice.length).toBeGreaterThan(0);
        break;
      }
      expect(await readAll()).toHaveLength(3_000);
    });

    it('names its failures', async ({ skip }) => {
      if (fixture.breakDown === null) return skip('it cannot fail');
      await put(1);
      await fixture.breakDown();
      await expect(readAll()).rejects.toMatchObject({
        name: 'PoolError',
        code: expect.stringMatching(/^EVENT_SOURCE_/),
      });
    });

    it('says what it reads: the same in every spelling, and no secret in it', () => {
      expect(fixture.sameAgain.readsFrom).toBe(fixture.source.readsFrom);
      if (fixture.secret !== null) expect(fixture.source.readsFrom).not.toContain(fixture.secret);
    });
  });
}

function eventOf(i: number): ContractEvent {
  const dt = new Date(START_MS + i * 1_000);
  // Brackets, quotes and backslashes inside strings are where naive splitters fail.
  const Payload = JSON.stringify({
    event_type: 'node-reset',
    payload: {},
    note: `}],[{"\\ ${i} ä`,
  });
  const DT = `${dt.toISOString().slice(0, 19)}Z`;
  return { dt, json: JSON.stringify({ ID: i + 1, Payload, Version: 1, DT }) };
}

/** Writes a JSON value in one way, so equal values become equal texts. */
function bare(json: string): string {
  return JSON.stringify(JSON.parse(json));
}
