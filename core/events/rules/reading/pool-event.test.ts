import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_FEE_WEI } from './event-content.js';
import { type EventOrigin, type EventReading, readPoolEvent } from './pool-event.js';

const ALICE = '0x52908400098527886E0F7030069857D2E4169EE7';
const alice = ALICE.toLowerCase();
const ORIGIN: EventOrigin = { region: 'eu', nodeType: 'ai', fromMs: null };
const DT = '2025-02-03T04:05:06Z';

const element = (payload: string, more: object = {}): string =>
  JSON.stringify({ ID: 17, Payload: payload, Version: 1, DT, ...more });
const event = (type: string, fields: string, more?: object): EventReading =>
  readPoolEvent(element(`{"event_type":"${type}","payload":${fields}}`, more), ORIGIN);
const content = (reading: EventReading) => (reading.ok ? reading.event.content : reading.refusal);
const code = (reading: EventReading) => (reading.ok ? 'ok' : reading.refusal.code);

describe('reading a pool event', () => {
  it('makes the identity, time and payload of an element uniform', () => {
    const payload = '{\n  "event_type": "orchestrator-reset",\n  "payload": {}\n}';
    expect(readPoolEvent(element(payload), ORIGIN)).toEqual({
      ok: true,
      event: {
        ...{ eventId: '17', dtMs: Date.parse(DT), eventType: 'orchestrator-reset', version: 1 },
        ...{ region: 'eu', nodeType: 'ai', payload, content: { kind: 'reset' } },
      },
    });
  });

  it('refuses names with half a character: UTF-8 would make one name of two', () => {
    const raw = `{"ID":"\\ud800","Payload":"{}","Version":1,"DT":"${DT}"}`;
    expect(readPoolEvent(raw, ORIGIN)).toMatchObject({
      ok: false,
      refusal: { code: 'EVENT_ID_MALFORMED' },
    });
  });

  it('reads keys in lower case', () => {
    const payload = '{"event_type":"node-reset","payload":{}}';
    const raw = JSON.stringify({ id: 3, payload, version: 2, dt: DT });
    expect(readPoolEvent(raw, ORIGIN)).toMatchObject({
      ok: true,
      event: { eventId: '3', version: 2 },
    });
  });

  it('reads both halves of an AI job', () => {
    expect(
      content(
        event('job-received', `{"ethAddress":"${ALICE}","requestID":"0a0b","pipeline":"llm"}`),
      ),
    ).toEqual({
      kind: 'received',
      requestId: '0a0b',
      payee: alice,
      pipeline: 'llm',
      modelId: null,
    });
    expect(
      content(
        event('job-processed', '{"requestID":"0a0b","fees":36893488147419103233,"computeUnits":7}'),
      ),
    ).toMatchObject({
      kind: 'job',
      requestId: '0a0b',
      grossWei: 36893488147419103233n,
      computeUnits: 7n,
    });
  });

  it('reads a transcode job of both dialects', () => {
    const job = { kind: 'job', requestId: null, payee: alice, grossWei: 5n, computeUnits: 9n };
    const fields = (units: string) =>
      `{"ethAddress":"${ALICE}","${units}":9,"fees":5,"realTimeRatio":0}`;
    expect(content(event('job-processed', fields('computeUnits')))).toMatchObject(job);
    expect(content(event('transcode', fields('encodedPixels')))).toMatchObject(job);
  });

  it('keeps and counts what has no meaning for the ledger', () => {
    const types = [
      'performance-stats',
      'ai-job-sent',
      'ai-job-processedd',
      'ticket-redeemed',
      'moon',
    ];
    for (const type of types) {
      const reading = event(
        type,
        `{"ethAddress":null,"pricePerAIComputeUnit":0.30000000000000004,"faceValue":${2n ** 250n}}`,
      );
      expect(content(reading)).toEqual({ kind: 'note' });
    }
    expect(content(event('job-processed', '{"fees":"a new unit"}', { Version: 2 }))).toEqual({
      kind: 'note',
    });
  });

  it('takes an empty, missing or zero address for a worker that gave none', () => {
    for (const said of ['""', 'null', `"0x${'0'.repeat(40)}"`]) {
      expect(content(event('job-processed', `{"ethAddress":${said},"fees":1}`))).toMatchObject({
        payee: null,
      });
    }
    expect(content(event('worker-connected', '{"connection":"1.2.3.4:5"}'))).toEqual({
      kind: 'note',
    });
  });

  it('refuses fees that are no amount of wei', () => {
    const malformed = [
      '-1',
      '1.5',
      'null',
      '"abc"',
      '[]',
      '1e30',
      `${2n ** 256n}`,
      `${-(2n ** 70n)}`,
      '123456789012345678.5',
    ];
    for (const fees of malformed) {
      expect(code(event('job-processed', `{"ethAddress":"${ALICE}","fees":${fees}}`))).toBe(
        'EVENT_FEE_MALFORMED',
      );
    }
    expect(code(event('job-processed', `{"ethAddress":"${ALICE}"}`))).toBe('EVENT_FEE_MALFORMED');
    expect(code(event('job-processed', `{"ethAddress":"${ALICE}","fees":${MAX_FEE_WEI}}`))).toBe(
      'ok',
    );
  });

  it('refuses malformed times', () => {
    const malformed = [
      '',
      'yesterday',
      '2025-02-30T00:00:00Z',
      '2025-02-03T25:00:00Z',
      '2025-02-03T24:00:00Z',
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00Z',
      '2025-02-03T04:05:06',
      1738555506,
      null,
    ];
    for (const dt of malformed) {
      expect(code(event('moon', '{}', { DT: dt }))).toBe('EVENT_TIME_MALFORMED');
    }
    const reading = event('moon', '{}', { DT: '2025-02-03T06:05:06.5+02:00' });
    expect(reading).toMatchObject({ event: { dtMs: Date.parse(DT) + 500 } });
  });

  it('says what is wrong, with the id and the time if they can be read', () => {
    expect(event('worker-connected', '{"ethAddress":"0x12"}')).toEqual({
      ok: false,
      refusal: {
        code: 'EVENT_ADDRESS_MALFORMED',
        reason: 'ethAddress "0x12" is no address',
        eventId: '17',
        dtText: DT,
      },
    });
    expect(code(readPoolEvent('{', ORIGIN))).toBe('EVENT_NOT_JSON');
    expect(code(readPoolEvent('[1]', ORIGIN))).toBe('EVENT_NOT_OBJECT');
    expect(code(readPoolEvent(element('no JSON'), ORIGIN))).toBe('EVENT_PAYLOAD_MALFORMED');
    expect(code(event('moon', '7'))).toBe('EVENT_PAYLOAD_MALFORMED');
    expect(code(event('', '{}'))).toBe('EVENT_TYPE_MALFORMED');
    expect(code(event('moon', '{}', { ID: null }))).toBe('EVENT_ID_MALFORMED');
    expect(code(event('moon', '{}', { ID: 1.5 }))).toBe('EVENT_ID_MALFORMED');
    expect(code(event('moon', '{}', { Version: 'x' }))).toBe('EVENT_VERSION_MALFORMED');
    expect(code(event('job-received', '{"requestID":{}}'))).toBe('EVENT_REQUEST_MALFORMED');
  });

  it('refuses values that are nested deeper than the engine can follow', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const nested = (text: string) => readPoolEvent(text.replace('"deep"', deep), ORIGIN);
    const inner = (fields: string) =>
      element(`{"event_type":"job-processed","payload":${fields}}`.replace('"deep"', deep));
    const refusals = [
      nested(element('{"event_type":"moon"}', { ID: 'deep' })),
      nested(element('{"event_type":"moon"}', { DT: 'deep' })),
      nested(element('{"event_type":"moon"}', { Version: 'deep' })),
      ...['fees', 'requestID', 'ethAddress'].map((key) =>
        readPoolEvent(inner(`{"fees":7,"${key}":"deep"}`), ORIGIN),
      ),
    ].map((reading) => !reading.ok && [reading.refusal.code, reading.refusal.reason]);
    expect(refusals).toEqual([
      ['EVENT_ID_MALFORMED', 'ID […] is neither a number nor a text'],
      ['EVENT_TIME_MALFORMED', 'DT […] is no time of an event'],
      ['EVENT_VERSION_MALFORMED', expect.stringContaining('[…]')],
      ['EVENT_FEE_MALFORMED', 'fees […] are no amount of wei'],
      ['EVENT_REQUEST_MALFORMED', 'requestID […] is no id'],
      ['EVENT_ADDRESS_MALFORMED', 'ethAddress […] is no address'],
    ]);
  });

  it('refuses an event that makes the reader itself fail, so no event holds up those after it', () => {
    // This many escapes exhaust the engine's stack for regular expressions.
    const long = '\\'.repeat(8_000_000);
    const said = { ID: 'a', EventType: 'moon', DT, Region: 'eu', NodeType: 'ai' };
    expect(readPoolEvent(JSON.stringify({ ...said, Payload: { long } }), ORIGIN)).toMatchObject({
      refusal: { code: 'EVENT_READER_FAILED', reason: expect.stringContaining('RangeError') },
    });
  });

  it('refuses what is older than the start of the source', () => {
    const fromMs = Date.parse(DT);
    const read = (dt: string) =>
      readPoolEvent(element('{"event_type":"moon"}', { DT: dt }), { ...ORIGIN, fromMs });
    expect(code(read('2025-02-03T04:05:05Z'))).toBe('EVENT_BEFORE_START');
    expect(code(read(DT))).toBe('ok');
  });

  describe('from a file', () => {
    const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const NOWHERE: EventOrigin = { region: null, nodeType: null, fromMs: null };
    const text = (payload: string, more: object = {}): string =>
      JSON.stringify({
        ...{ ID, EventType: 'job-processed', Version: 1, Payload: 0 },
        ...{ NodeType: 'transcode', Region: 'us-west', DT, ...more },
      }).replace('"Payload":0', () => `"Payload": ${payload}`);

    it('takes region and node type from the event, and keeps the payload in the one shape', () => {
      const payload = `{\n  "ethAddress": "${ALICE}",\n  "note": "a: {b,\\n c}", "fees": 9007199254740993 }`;
      expect(readPoolEvent(text(payload), NOWHERE)).toEqual({
        ok: true,
        event: {
          ...{ eventId: ID, uuid: ID, dtMs: Date.parse(DT), eventType: 'job-processed' },
          ...{ version: 1, region: 'us-west', nodeType: 'transcode' },
          payload: `{"event_type":"job-processed","payload":{"ethAddress":"${ALICE}","note":"a: {b,\\n c}","fees":9007199254740993}}`,
          content: {
            ...{ kind: 'job', payee: alice, grossWei: 9_007_199_254_740_993n, computeUnits: 0n },
            ...{ requestId: null, pipeline: null, modelId: null },
          },
        },
      });
    });

    it('takes letters of either case for the same UUID, and no other id for one', () => {
      const read = (raw: string) => readPoolEvent(raw, ORIGIN);
      const upper = text('{"fees":1}', { ID: ID.toUpperCase() });
      expect(read(upper)).toMatchObject({ event: { eventId: ID, uuid: ID } });
      const plain = read(text('{"fees":1}', { ID: 17 }));
      expect(plain).toMatchObject({ ok: true, event: { eventId: '17' } });
      expect(plain.ok && plain.event.uuid).toBeUndefined();
      const payload = '{"event_type":"moon","payload":{}}';
      const http = read(element(payload, { ID: ID.toUpperCase() }));
      expect(http).toMatchObject({ event: { eventId: ID.toUpperCase() } });
    });

    it('takes region and node type from the configuration, and refuses an event that has neither there', () => {
      const fields = '{"fees":1}';
      const silent = text(fields, { Region: '', NodeType: '' });
      expect(readPoolEvent(silent, ORIGIN)).toMatchObject({
        event: { region: 'eu', nodeType: 'ai' },
      });
      expect(code(readPoolEvent(silent, NOWHERE))).toBe('EVENT_ORIGIN_MALFORMED');
      const odd = { NodeType: 'toaster' };
      expect(code(readPoolEvent(text(fields, odd), ORIGIN))).toBe('EVENT_ORIGIN_MALFORMED');
      expect(code(readPoolEvent(text(fields, { Region: 7 }), ORIGIN))).toBe(
        'EVENT_ORIGIN_MALFORMED',
      );
      expect(code(readPoolEvent(element('{"event_type":"moon"}'), NOWHERE))).toBe(
        'EVENT_ORIGIN_MALFORMED',
      );
    });

    it('reads resets, whose payload is empty or missing', () => {
      for (const payload of ['{}', '{ }', 'null']) {
        const reading = readPoolEvent(text(payload, { EventType: 'orchestrator-reset' }), ORIGIN);
        expect(reading).toMatchObject({
          event: {
            content: { kind: 'reset' },
            payload: '{"event_type":"orchestrator-reset","payload":{}}',
          },
        });
      }
    });

    it('refuses payloads that are no object, and events without a type', () => {
      for (const payload of ['[]', '7', '"{}"']) {
        expect(code(readPoolEvent(text(payload), ORIGIN))).toBe('EVENT_PAYLOAD_MALFORMED');
      }
      const untyped = text('{}', { EventType: undefined });
      expect(code(readPoolEvent(untyped, ORIGIN))).toBe('EVENT_TYPE_MALFORMED');
    });

    it('keeps any payload exactly, however it is indented', () => {
      const payload = fc.dictionary(fc.string(), fc.jsonValue());
      fc.assert(
        fc.property(payload, fc.bigInt({ min: 0n }), fc.nat(4), (fields, fees, indent) => {
          const said = JSON.stringify({ ...fields, fees: 0 }, null, indent).replace(
            /"fees": ?0/,
            `"fees": ${fees}`,
          );
          const reading = readPoolEvent(text(said, { EventType: 'moon' }), ORIGIN);
          const kept = reading.ok ? reading.event.payload : '';
          const compact = JSON.stringify({ ...fields, fees: 0 }).replace(
            '"fees":0',
            `"fees":${fees}`,
          );
          expect(kept).toBe(`{"event_type":"moon","payload":${compact}}`);
        }),
      );
    });
  });

  it('returns an event or a refusal for any text', () => {
    const anyText = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => element(json)),
    );
    fc.assert(
      fc.property(anyText, (raw) => {
        expect(typeof readPoolEvent(raw, ORIGIN).ok).toBe('boolean');
      }),
    );
  });
});
