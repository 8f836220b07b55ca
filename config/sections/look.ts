/** The schema of `pool.look`: how a pool's public pages look, with an accent that everybody can read. */
import { asWritten, orNull, section, shownUrl, text } from '../reading/kinds.js';

/** What texts and links of the pages stand on. The style sheet uses the same values. */
export const GROUNDS = {
  light: { page: '#f6f7f5', card: '#ffffff' },
  dark: { page: '#0e1411', card: '#161e1a' },
} as const;
type Theme = keyof typeof GROUNDS;

/** What WCAG 2.2 asks of text, level AA. */
const LEAST_CONTRAST = 4.5;
const MOST_WELCOME = 280;

/** The contrast of two colours (#rrggbb) as WCAG 2.2 computes it: from 1 to 21. */
export function contrastOf(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Relative luminance in sRGB, from 0 (black) to 1 (white). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const channelsOf = (colour: string): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

/** The ground on which the colour is hardest to read, and its contrast there. */
function hardestGround(colour: string, theme: Theme) {
  const grounds = Object.values(GROUNDS[theme]).map((ground) => ({
    ground,
    contrast: contrastOf(colour, ground),
  }));
  return grounds.reduce((least, one) => (one.contrast < least.contrast ? one : least));
}

/** Finds the colour nearest to this one, towards black or white, that can be read on all grounds of the theme. */
function readable(colour: string, theme: Theme): string {
  const end = theme === 'light' ? 0 : 255;
  for (let step = 0; step <= 100; step += 1) {
    const mixed = channelsOf(colour).map((channel) =>
      Math.round(channel + ((end - channel) * step) / 100),
    );
    const found = `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
    if (hardestGround(found, theme).contrast >= LEAST_CONTRAST) return found;
  }
  throw new RangeError(`black and white can be read on every ground, so ${colour} has a neighbour`);
}

/** A colour for links and buttons, which must be readable on the grounds of its theme. */
const accentOn = (theme: Theme) =>
  text()
    .toLowerCase()
    .superRefine((colour, context) => {
      if (!/^#[\da-f]{6}$/.test(colour)) {
        const message = 'give a colour as # and six hex digits, in quotes, such as "#0a6b48"';
        context.addIssue({ code: 'custom', message });
        return;
      }
      const { ground, contrast } = hardestGround(colour, theme);
      if (contrast >= LEAST_CONTRAST) return;
      // Rounded down: 4.496 shall not be called 4.5.
      const ratio = (Math.floor(contrast * 100) / 100).toFixed(2);
      const way = theme === 'light' ? 'darker' : 'lighter';
      const message = `on ${ground}, the ${theme} pages, its contrast is ${ratio}:1, and text needs ${LEAST_CONTRAST}:1 (WCAG 2.2 AA): take a ${way} colour, such as "${readable(colour, theme)}"`;
      context.addIssue({ code: 'custom', message });
    })
    .register(asWritten, { type: 'string', pattern: '^\\s*#[\\da-fA-F]{6}\\s*$' });

/** Characters that are no text: controls, line ends, and marks that turn the direction of what stands beside them. */
const NOT_PLAIN = /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;

const look = section({
  /** The colour of links and buttons on light and on dark pages. One colour cannot be read on both. */
  accent: orNull(section({ light: accentOn('light'), dark: accentOn('dark') })),
  /** A sentence at the top of the front page: plain text. */
  welcome: orNull(
    text()
      .max(MOST_WELCOME, `use at most ${MOST_WELCOME} characters`)
      .refine((value) => !NOT_PLAIN.test(value), 'give one line of plain text'),
  ),
  /** The pool's own website, which every public page links to. */
  site: orNull(
    shownUrl().refine(
      (value) => /^https:\/\//i.test(value),
      'give a URL that begins with https://',
    ),
  ),
});

/** Null: the pages look as this program's own. */
export const poolLook = orNull(look);
