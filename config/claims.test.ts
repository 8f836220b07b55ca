import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { termsFileOf } from './config.js';

const { load, problemsOf } = useConfigFiles();
const pool = (claims: string, more = '') =>
  BASE.replace('name: test', `name: test\n  terms: { claims: ${claims} }${more}`);
const LPT = 'asset: LPT, perEth: 12.50, from: 2026-01-01T00:00:00Z';

describe('claims to other assets', () => {
  it('are read exactly, and belong to the dated terms', async () => {
    const config = await load(pool(`[{ ${LPT}, until: 2026-07-01T00:00:00Z }]`));
    const from = new Date('2026-01-01T00:00:00Z');
    const until = new Date('2026-07-01T00:00:00Z');
    const read = { asset: 'LPT', perEth: '12.5', decimals: 18, from, until };
    expect(config.pool.terms.claims).toEqual([read]);
    expect(termsFileOf(config).values.policy?.options).toMatchObject({
      claims: [{ asset: 'LPT', perEth: '12.5', from: '2026-01-01T00:00:00.000Z' }],
    });
    const quoted = await load(
      pool(`[{ ${LPT.replace('12.50', '"12.5"')}, until: 2026-07-01T00:00:00.000Z }]`),
    );
    expect(termsFileOf(quoted)).toEqual(termsFileOf(config));
  });

  it('change nothing of a file that has none, or an empty list', async () => {
    const plain = termsFileOf(await load(BASE));
    expect(plain.values.policy).toBeNull();
    expect(termsFileOf(await load(pool('[]')))).toEqual(plain);
  });

  it.each([
    ['12:00', `${LPT.replace('T00:00', 'T12:00')}`, 'from', /whole UTC days.*2026-01-01T00:00:00Z/],
    ['a zone', `${LPT.replace('00:00Z', '00:00+01:00')}`, 'from', /whole UTC days/],
    ['nothing', LPT.replace('12.50', '0'), 'perEth', /above zero/],
    ['an exponent', LPT.replace('12.50', '1e-7'), 'perEth', /decimal number/],
    ['too many digits', `${LPT}, decimals: 0`, 'perEth', /more than 0 digits/],
    ['ETH', LPT.replace('LPT', 'eth'), 'asset', /another asset/],
    ['markup', LPT.replace('LPT', '"<b>"'), 'asset', /letters and digits/],
    ['an end before', `${LPT}, until: 2025-12-31T00:00:00Z`, 'until', /later than from/],
  ])('are refused with %s, and the key is named', async (_, claim, key, message) => {
    const [problem] = await problemsOf(pool(`[{ ${claim} }]`));
    expect(problem?.key).toBe(`pool.terms.claims[0].${key}`);
    expect(problem?.message).toMatch(message);
  });

  it('may follow each other, and not hold for the same asset on the same day', async () => {
    const ends = `{ ${LPT}, until: 2026-02-01T00:00:00Z }`;
    const next = '{ asset: lpt, perEth: 3, from: 2026-02-01T00:00:00Z }';
    expect((await load(pool(`[${ends}, ${next}]`))).pool.terms.claims).toHaveLength(2);
    expect(await problemsOf(pool(`[{ ${LPT} }, ${next}]`))).toMatchObject([
      { key: 'pool.terms.claims[1].from', message: expect.stringContaining('claims[0]') },
    ]);
  });

  it('are refused beside a policy that is code, whose options are what the ledger keeps', async () => {
    const code = pool(`[{ ${LPT} }]`, '\n  policy: { module: ./mine.js }');
    expect(await problemsOf(code)).toMatchObject([{ key: 'pool.terms.claims' }]);
  });
});
