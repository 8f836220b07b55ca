/** Makes texts that others wrote safe to quote: they may hold a key, control sequences for a terminal or a whole page. */

const LONGEST = 300;

/**
 * Returns what an error or an answer says in a form that is safe to quote: on one line, at most `longest` characters,
 * with control characters spelled out, URLs cut to their hosts, and without anything that looks like a secret or like
 * signed bytes.
 */
export function foreignText(said: unknown, longest = LONGEST): string {
  // The text is cut before it is searched: the rest of a megabyte would not be shown anyway.
  const text = wordsOf(said).slice(0, 4 * longest + 4_000);
  const shown = visible(withoutSecrets(text).replace(/\s+/gu, ' ').trim());
  if (shown.length <= longest) return shown;
  return `${shown.slice(0, longest - 1).toWellFormed()}…`;
}

/** Spells out control and invisible characters, such as `\u202e`; with `keep: 'lines'`, tabs and line feeds stay. */
export function visible(text: string, keep: 'nothing' | 'lines' = 'nothing'): string {
  const pattern = keep === 'lines' ? UNSEEN_IN_LINES : UNSEEN;
  return text.toWellFormed().replace(pattern, spelledOut);
}

/** Spells out control and invisible characters as JSON escapes, so that the text parses to the same value. */
export function visibleJson(json: string): string {
  return json.replace(UNSEEN_IN_JSON, (char) => `\\u${hex(char, 4)}`);
}

// OTHERS are the soft hyphen, direction marks, zero-width characters, line separators, overrides and the byte order
// mark. UNSEEN adds C0, DEL and C1.
const OTHERS = '\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff';
const UNSEEN = new RegExp(`[\\u0000-\\u001f\\u007f-\\u009f${OTHERS}]`, 'gu');
const UNSEEN_IN_LINES = new RegExp(
  `[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f${OTHERS}]`,
  'gu',
);
/** Leaves C0 out: JSON has none of it but blanks and line ends between tokens, and escapes it inside strings. */
const UNSEEN_IN_JSON = new RegExp(`[\\u007f-\\u009f${OTHERS}]`, 'gu');

const hex = (char: string, digits: number): string =>
  (char.codePointAt(0) ?? 0).toString(16).padStart(digits, '0');

function spelledOut(char: string): string {
  return char < '\u0100' ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`;
}

/** Returns an error's message; for an AggregateError, as of several addresses, those of its first five errors. */
function wordsOf(said: unknown): string {
  if (typeof said === 'string') return said;
  if (said instanceof AggregateError && said.errors.length > 0) {
    return said.errors.slice(0, 5).map(wordsOf).join('; ');
  }
  if (said instanceof Error) return said.message === '' ? said.name : said.message;
  return String(said);
}

const URLS = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>`\\]+/giu;
const USER_INFO = /[^\s:/@"'(]+:[^\s/@"']+@(?=[\w[])/gu;
const NAMED_SECRETS =
  /(["']?\b[\w-]*(?:api[-_]?key|access[-_]?key(?:[-_]?id)?|secret|token|passw(?:or)?d|passphrase|signature|authorization)[\w-]*["']?)(\s*[=:]\s*)(?:bearer\s+|basic\s+)?(?:"[^"]*"|'[^']*'|[^\s&"',;)}]+)/giu;
const SCHEMES = /\b(bearer|basic)\s+[\w+/=.~-]{8,}/giu;
/** Matches hex of 80 digits or more, such as signed bytes. A hash has 64 digits and stays. */
const LONG_HEX = /(\b|0x)([0-9a-f]{8})[0-9a-f]{72,}/giu;
const LONG_BASE64 = /[\w+/=-]{120,}/gu;

function withoutSecrets(text: string): string {
  return text
    .replace(URLS, hostOf)
    .replace(USER_INFO, '')
    .replace(NAMED_SECRETS, '$1$2…')
    .replace(SCHEMES, '$1 …')
    .replace(LONG_HEX, '$1$2…')
    .replace(LONG_BASE64, (run) => `${run.slice(0, 8)}…`);
}

/** Cuts a URL to its host, because keys hide in user names, passwords, paths and queries. */
function hostOf(url: string): string {
  const rest = url.slice(url.indexOf('://') + 3);
  // Everything before the last @ is dropped first, because a password may contain characters that end a host.
  const place = rest.slice(rest.lastIndexOf('@') + 1);
  const [host = ''] = /^[^/?#]*/.exec(place) ?? [];
  const after = /[).,;:\]}]+$/.exec(url)?.[0] ?? '';
  return `${host.replace(/[).,;:}]+$/, '')}${host.endsWith(']') ? after.replace(/^\]/, '') : after}`;
}
