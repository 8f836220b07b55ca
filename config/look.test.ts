import { describe, expect, it } from 'vitest';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';
import { contrastOf, GROUNDS } from './sections/look.js';

const { load, problemsOf } = useConfigFiles();
const pool = (look: string) => BASE.replace('name: test', `name: test\n  look: { ${look} }`);
const accent = (light: string, dark: string) =>
  pool(`accent: { light: "${light}", dark: "${dark}" }`);

describe('the contrast', () => {
  // Figures that others publish for these pairs.
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#777777', '#ffffff', 4.48],
    ['#767676', '#ffffff', 4.54],
    ['#ff0000', '#ffffff', 4.0],
    ['#0000ff', '#ffffff', 8.59],
  ])('of %s and %s is %f', (one, other, ratio) => {
    expect(contrastOf(one, other)).toBeCloseTo(ratio, 1);
    expect(contrastOf(other, one)).toBe(contrastOf(one, other));
  });
});

describe('the look of a pool', () => {
  it('is this program’s own where the file says nothing', async () => {
    expect((await load(BASE)).pool.look).toBeNull();
    expect((await load(pool(''))).pool.look).toEqual({ accent: null, welcome: null, site: null });
  });

  it('takes colours that can be read, a sentence, and a website', async () => {
    const text = pool(
      'accent: { light: "#6B2FA0", dark: "#c9a3f5" }, welcome: "Hi <b>all</b>", site: "https://pool.example/"',
    );
    expect((await load(text)).pool.look).toEqual({
      accent: { light: '#6b2fa0', dark: '#c9a3f5' },
      welcome: 'Hi <b>all</b>',
      site: 'https://pool.example',
    });
  });

  it.each([
    ['light', accent('#c9a3f5', '#c9a3f5')],
    ['dark', accent('#6b2fa0', '#6b2fa0')],
    // On white alone it could be read.
    ['light', accent('#747474', '#c9a3f5')],
    ['light', accent('#727272', '#c9a3f5')],
    ['dark', accent('#717171', '#838383')],
  ] as const)(
    'refuses a colour that cannot be read on %s pages, and names one that can',
    async (theme, text) => {
      const [problem, ...rest] = await problemsOf(text);
      expect(rest).toEqual([]);
      expect(problem?.key).toBe(`pool.look.accent.${theme}`);
      expect(problem?.message).toMatch(/its contrast is [1-4]\.\d\d:1, and text needs 4\.5:1/);
      const [, named = ''] = /such as "(#[\da-f]{6})"/.exec(problem?.message ?? '') ?? [];
      for (const ground of Object.values(GROUNDS[theme])) {
        expect(contrastOf(named, ground)).toBeGreaterThanOrEqual(4.5);
      }
      const other = theme === 'light' ? accent(named, '#c9a3f5') : accent('#6b2fa0', named);
      expect((await load(other)).pool.look?.accent).toMatchObject({ [theme]: named });
    },
  );

  it.each([
    ['a name for a colour', accent('purple', '#c9a3f5'), 'accent.light', /six hex digits/],
    ['CSS in a colour', accent('#6b2fa0}a{', '#c9a3f5'), 'accent.light', /six hex digits/],
    ['no dark colour', pool('accent: { light: "#6b2fa0" }'), 'accent.dark', /missing/],
    ['a site without TLS', pool('site: "http://pool.example"'), 'site', /https/],
    ['a script for a site', pool('site: "javascript:alert(1)"'), 'site', /http/],
    ['a password in the site', pool('site: "https://a:b@pool.example"'), 'site', /everybody sees/],
    ['two lines', pool('welcome: "a\\nb"'), 'welcome', /one line/],
    ['text that turns', pool('welcome: "a \\u202E b"'), 'welcome', /one line/],
    ['a novel', pool(`welcome: "${'a'.repeat(281)}"`), 'welcome', /280/],
    ['no such key', pool('logo: "x"'), 'logo', /unknown key/],
  ])('refuses %s', async (_, text, key, message) => {
    const [problem] = await problemsOf(text);
    expect(problem?.key).toBe(`pool.look.${key}`);
    expect(problem?.message).toMatch(message);
  });
});
