/**
 * What every event source must do, as tests. The author of a source calls `describeEventSource`
 * from a vitest file with a fixture around the real thing.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventSource } from './event-source.js';

/** An event that the place is to hold. */
export interface ContractEvent {
  readonly json: string;
  readonly dt: Date;
}

export interface ContractFixture {
  readonly source: EventSource;
  /** Another source, made from the same options in another spelling. */
  readonly sameAgain: EventSource;
  /** A password or token among the options, when there is one. */
  readonly secret: string | null;
  /**
   * Makes the place hold these events, as JSON texts, with these times; the oldest first. A place
   * that makes its own events holds as many of its own at these times, and gives their JSON texts.
   */
  put(events: readonly ContractEvent[]): Promise<void> | Promise<readonly string[]>;
  /** Makes the place fail from now on, however it likes; null when it cannot. */
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

    /** `count` events, one per second. */
    const put = async (count: number): Promise<string[]> => {
      const events = Array.from({ length: count }, (_, i) => eventOf(i));
      const own = await fixture.put(events);
      return Array.isArray(own) ? own : events.map(({ json }) => json);
    };
    const readAll = async (since: Date | null = null): Promise<string[]> => {
      const raws: string[] = [];
      const { signal } = new AbortController();
      for await (const slice of fixture.source.read({ since, signal })) {
        expect(slice.length).toBeLessThanOrEqual(MAX_SLICE);
        raws.push(...slice.map(({ raw }) => raw));
      }
      return raws;
    };

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

    it('leaves out nothing that is later than what is asked for', async () => {
      const events = await put(100);
      const raws = new Set((await readAll(new Date(START_MS + 50_000))).map(bare));
      for (const event of events.slice(51)) expect(raws).toContain(bare(event));
    });

    it('says for each event where it stood, never the same twice', async () => {
      await put(300);
      const places = new Set<string>();
      const { signal } = new AbortController();
      for await (const slice of fixture.source.read({ since: null, signal })) {
        for (const { place } of slice) places.add(place);
      }
      expect(places.size).toBe(300);
    });

    it('stops with an error when it is told to', async () => {
      await put(3_000);
      const aborter = new AbortController();
      const reading = async (): Promise<void> => {
        for await (const _ of fixture.source.read({ since: null, signal: aborter.signal })) {
          aborter.abort(new Error('told to stop'));
        }
      };
      await expect(reading()).rejects.toThrow('told to stop');
    });

    it('can be left in the middle', async () => {
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
  // Brackets, quotes and backslashes in texts are what naive splitters break at.
  const Payload = JSON.stringify({
    event_type: 'node-reset',
    payload: {},
    note: `}],[{"\\ ${i} ä`,
  });
  const DT = `${dt.toISOString().slice(0, 19)}Z`;
  return { dt, json: JSON.stringify({ ID: i + 1, Payload, Version: 1, DT }) };
}

/** The same JSON value always as the same text. */
function bare(json: string): string {
  return JSON.stringify(JSON.parse(json));
}
