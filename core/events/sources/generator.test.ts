import { describe, expect, it } from 'vitest';
import { type PoolEvent, readPoolEvent } from '../rules/reading/pool-event.js';
import { describeEventSource } from './contract-test.js';
import type { EventSource } from './event-source.js';
import { createGenerator } from './generator.js';
import { createEventSource } from './registry.js';

const START = '2026-01-01T00:00:00Z';
const START_MS = Date.parse(START);

interface Wanted {
  readonly options?: object;
  readonly nodeType?: 'ai' | 'transcode' | null;
  readonly seconds?: number;
}

function make({ options = {}, nodeType = 'ai', seconds = 999 }: Wanted): Promise<EventSource> {
  const config = { id: 'g', kind: 'generator', module: null, baseDir: '/', region: 'eu', nodeType };
  const now = new Date(START_MS + seconds * 1_000);
  return createGenerator({ ...config, options: { seed: 7, start: START, ...options } }, () => now);
}

async function read(source: EventSource, since: Date | null = null): Promise<string[]> {
  const raws: string[] = [];
  const { signal } = new AbortController();
  for await (const slice of source.read({ since, signal })) raws.push(...slice.map((e) => e.raw));
  return raws;
}

function understood(raws: readonly string[], nodeType: 'ai' | 'transcode'): PoolEvent[] {
  return raws.map((raw) => {
    const reading = readPoolEvent(raw, { region: 'eu', nodeType, fromMs: null });
    if (!reading.ok) throw new Error(reading.refusal.reason);
    return reading.event;
  });
}

for (const nodeType of ['ai', 'transcode'] as const) {
  describeEventSource(`generator of ${nodeType}`, async () => {
    let now = new Date(START_MS);
    const config = {
      id: 'g',
      kind: 'generator',
      module: null,
      baseDir: '/',
      region: 'eu',
      nodeType,
    };
    const build = (every: string) =>
      createGenerator({ ...config, options: { seed: 1, start: START, every } }, () => now);
    return {
      source: await build('1s'),
      sameAgain: await build('1000ms'),
      secret: null,
      async put(events) {
        now = events.at(-1)?.dt ?? new Date(START_MS - 1);
        return read(await build('1s'));
      },
      breakDown: null,
      async close() {},
    };
  });
}

describe('the generator', () => {
  it('makes the same events from the same seed, and others from another', async () => {
    const first = await read(await make({}));
    expect(await read(await make({}))).toEqual(first);
    expect(await read(await make({ options: { seed: 8 } }))).not.toEqual(first);
    expect(first).toHaveLength(1_000);
  });

  it('adds events as time goes on, and yields the same ones when it is asked from a later time', async () => {
    const early = await read(await make({ seconds: 99 }));
    const late = await read(await make({ seconds: 199 }));
    expect(late.slice(0, 100)).toEqual(early);
    const since = new Date(START_MS + 150_000);
    expect(await read(await make({ seconds: 199 }), since)).toEqual(late.slice(150));
  });

  it('makes AI jobs with exact fees, whose worker comes before the fees', async () => {
    const options = { maxFeeWei: '9'.repeat(30) };
    const events = understood(await read(await make({ options })), 'ai');
    for (let i = 0; i < events.length; i += 2) {
      const [received, processed] = [events[i]?.content, events[i + 1]?.content];
      expect(received).toMatchObject({ kind: 'received', payee: expect.stringMatching(/^0x/) });
      expect(processed).toMatchObject({ kind: 'job', payee: null });
      if (received?.kind !== 'received' || processed?.kind !== 'job') throw new Error('no pair');
      expect(processed.requestId).toBe(received.requestId);
    }
    const fees = events.flatMap(({ content }) =>
      content.kind === 'job' ? [content.grossWei] : [],
    );
    expect(new Set(fees).size).toBe(500);
    expect(fees.some((wei) => wei > 2n ** 64n)).toBe(true);
  });

  it('pays the payees that it is given, or makes up the given number', async () => {
    const payees = [`0x${'a'.repeat(40)}`, `0x${'b'.repeat(40)}`];
    const whoOf = async (wanted: object) => {
      const raws = await read(await make({ nodeType: 'transcode', options: wanted }));
      const all = understood(raws, 'transcode').map(({ content }) =>
        content.kind === 'job' ? content.payee : null,
      );
      return [...new Set(all)].sort();
    };
    expect(await whoOf({ payees })).toEqual(payees);
    expect(await whoOf({ payees: 20 })).toHaveLength(20);
  });

  it('refuses options with their place', async () => {
    for (const [options, place] of [
      [{ seed: 'x' }, 'options.seed'],
      [{ start: 'yesterday' }, 'options.start'],
      [{ every: '1' }, 'options.every'],
      [{ payees: ['0x1'] }, 'options.payees'],
      [{ payee: 1 }, 'payee'],
    ] as const) {
      await expect(make({ options })).rejects.toThrow(place);
      await expect(make({ options })).rejects.toMatchObject({ code: 'EVENT_SOURCE_OPTIONS' });
    }
    await expect(make({ nodeType: null })).rejects.toThrow('nodeType');
    const config = { id: 'g', kind: 'generator', module: null, baseDir: '/', region: 'eu' };
    await createEventSource({ ...config, nodeType: 'ai', options: { seed: 1, start: START } });
  });
});
