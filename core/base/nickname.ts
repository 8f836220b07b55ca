/** Says which nicknames, tiers and badges people may be shown: everybody reads them, next to addresses and amounts. */

/** The longest nickname, in characters. */
export const LONGEST_NICKNAME = 32;

/** Letters and digits of any script, and between them single blanks, dots, hyphens, apostrophes and underscores. */
const NICKNAME = /^[\p{L}\p{N}]\p{M}*(?:[ ._'-]?[\p{L}\p{N}]\p{M}{0,2})*$/u;

/** Returns what is wrong with a nickname, tier or badge, in words that help to choose another; undefined when it is fine. */
export function nicknameFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if ([...text].length > LONGEST_NICKNAME) {
    return `it has more than ${LONGEST_NICKNAME} characters: shorten it`;
  }
  // An address or a hash as a name would pass for somebody else's.
  if (/0x[0-9a-f]{6,}/i.test(text)) return 'it looks like an address: choose a name';
  if (NICKNAME.test(text.normalize('NFC'))) return undefined;
  return "use letters and digits, and between them single blanks or one of . _ - '";
}
