import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asNatural, asObject, compactMember, field, parseLossless } from './lossless-json.js';

describe('lossless JSON', () => {
  it('keeps every digit of integers that a double cannot hold, as text', () => {
    const text =
      '{"fees":9007199254740993,"winProb":-115792089237316195423570985008687907853,"n":1}';
    expect(parseLossless(text)).toEqual({
      fees: '9007199254740993',
      winProb: '-115792089237316195423570985008687907853',
      n: 1,
    });
    expect(parseLossless('[9007199254740991,9007199254740992,-9007199254740991]')).toEqual([
      9007199254740991,
      '9007199254740992',
      -9007199254740991,
    ]);
  });

  it('keeps them at any depth, and survives any nesting', () => {
    expect(parseLossless('{"a":[[{"b":[{"c":[90071992547409931]}]}]]}')).toEqual({
      a: [[{ b: [{ c: ['90071992547409931'] }] }]],
    });
    const deep = 50_000;
    expect(() => parseLossless(`${'['.repeat(deep)}${']'.repeat(deep)}`)).not.toThrow();
  });

  it('leaves digits inside strings, fractions and exponents alone', () => {
    const text =
      '{"a":"say \\"12345678901234567890\\" : 12345678901234567","b":0.12345678901234567,"c":1e400,"d":[1234567890123456.5]}';
    expect(parseLossless(text)).toEqual(JSON.parse(text));
  });

  it('reads what JSON.parse reads, for any value without long integers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify({ value, long: '1234567890123456' }, null, indent);
        const expected = JSON.parse(text, (_, v) =>
          typeof v === 'number' && !Number.isSafeInteger(v) && /^-?\d+$/.test(JSON.stringify(v))
            ? JSON.stringify(v)
            : v,
        );
        expect(parseLossless(text)).toEqual(expected);
      }),
    );
  });

  it('returns any natural number exactly, wherever it is', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.string(), (n, noise) => {
        const parsed = parseLossless(
          `[{${JSON.stringify(noise)}:[${n}]},${JSON.stringify(noise)}]`,
        );
        const [first] = parsed as [Record<string, [string | number]>];
        expect(asNatural(first[noise]?.[0], 2n ** 256n)).toBe(n);
      }),
    );
  });

  it('refuses numbers that are negative, fractional, rounded or too large, and values that are no numbers', () => {
    for (const value of [
      -1,
      '-1',
      1.5,
      '1.5',
      2 ** 53,
      '1e3',
      '',
      ' 1',
      null,
      true,
      '9'.repeat(79),
    ]) {
      expect(asNatural(value, 10n ** 78n)).toBeUndefined();
    }
    expect(asNatural('101', 100n)).toBeUndefined();
    expect(asNatural(100, 100n)).toBe(100n);
  });

  it('finds the first of two names, null as well, and none in a prototype that was said', () => {
    const object = asObject(parseLossless('{"__proto__":{"fees":1},"ID":null,"dt":2}'));
    expect(object && field(object, 'fees')).toBeUndefined();
    expect(object && field(object, 'ID', 'id')).toBeNull();
    expect(object && field(object, 'DT', 'dt')).toBe(2);
  });

  it('keeps the digits in a string although they look like a member', () => {
    const text = '{"note":"fees: 12345678901234567, and","fees":12345678901234567, "a":[1]}';
    expect(parseLossless(text)).toEqual({
      note: 'fees: 12345678901234567, and',
      fees: '12345678901234567',
      a: [1],
    });
  });

  it('quotes the same integers in the quick way as in the careful one', () => {
    const number = fc.oneof(
      fc.bigInt(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const value = fc.oneof(number.map(String), fc.constantFrom('"x"', 'null', '1234567890123456'));
    fc.assert(
      fc.property(fc.array(value), fc.constantFrom('', ' ', '\n  '), (values, blank) => {
        const inner = values.map((said) => `${blank}${said}${blank}`).join(',');
        const careful = `{"x": [${inner}], "note": ": 12345678901234567 ,"}`;
        const [a, b] = [parseLossless(`{"x": [${inner}]}`), parseLossless(careful)];
        expect((a as { x: unknown }).x).toEqual((b as { x: unknown }).x);
      }),
    );
  });

  it('gives up at once on a long string without an end', () => {
    const text = `{"ID":1234567890123456789,"Payload":"${'\\"'.repeat(200_000)}`;
    const startedMs = performance.now();
    expect(() => parseLossless(text)).toThrow(SyntaxError);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('cuts out the member with that name of the outer object, the last one as in JSON.parse', () => {
    const last = String.raw`"Pay\u006coad": { "x" : [ 1 , "\\" , " }\" ] " ] }`;
    const text = `{ "a": {"Payload": 1}, "b": ["Payload", {"Payload": [2, 3]}], "c": "Payload",
      "Payload": 4, ${last} , "d": 5 }`;
    expect(compactMember(text, 'Payload')).toBe(String.raw`{"x":[1,"\\"," }\" ] "]}`);
    expect(compactMember('{"Payload":7}', 'Payload')).toBe('7');
    expect(compactMember('{"a":7}', 'Payload')).toBe('');
  });
});
