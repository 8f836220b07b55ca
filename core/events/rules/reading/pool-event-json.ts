/** JSON as Go writes it: integers of any length, which JavaScript's own parser would round. */

/** A parsed JSON value in which an integer that a double cannot hold is a string of digits. */
export type LosslessJson =
  | string
  | number
  | boolean
  | null
  | readonly LosslessJson[]
  | LosslessObject;
export interface LosslessObject {
  readonly [key: string]: LosslessJson;
}

/** As deep as an event's own fields lie; what is deeper is not worth a look at each value. */
const LOOKED_AT_DEPTH = 3;
/**
 * A whole string (whatever stands in it is no number), or a whole number with all its parts. A string
 * without an end reaches to the end of the text: looking for one from each quote in it would take
 * the square of its length.
 */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
/** A long integer between what may stand around a value: in a string there may be something alike. */
const LONG_VALUE = /([:,[]\s*)(-?\d{16,})(?=\s*[,}\]])/g;

/**
 * Parses JSON without losing a digit of any integer. Fractions and exponents stay doubles: nothing
 * that is money is written so. Throws SyntaxError as JSON.parse does.
 */
export function parseLossless(text: string): LosslessJson {
  const value: LosslessJson = JSON.parse(text);
  // The engine's own parser is by far the fastest, and what it rounded it shows: a double up to
  // 2^53 - 1 stands for one integer alone.
  return mayBeRounded(value, 0) ? parseQuoted(text) : value;
}

function parseQuoted(text: string): LosslessJson {
  try {
    const quick = text.replace(LONG_VALUE, (_, before: string, token) => before + quoteLong(token));
    const value: LosslessJson = JSON.parse(quick);
    if (!mayBeRounded(value, 0)) return value;
  } catch {
    // What stood inside a string was quoted: that ends the string before a digit, which is no JSON.
  }
  return JSON.parse(text.replace(STRING_OR_NUMBER, quoteLong));
}

function mayBeRounded(value: LosslessJson, depth: number): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  if (depth >= LOOKED_AT_DEPTH) return true;
  for (const key in value) {
    if (mayBeRounded((value as LosslessObject)[key] ?? null, depth + 1)) return true;
  }
  return false;
}

function quoteLong(token: string): string {
  return INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
}

/** The value when it is an object, otherwise undefined. */
export function asObject(value: LosslessJson | undefined): LosslessObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as LosslessObject;
}

/**
 * The value under the first of the keys that the object has; what it inherits is none. The keys are
 * those of events, not those of objects (`constructor`).
 */
export function field(
  object: LosslessObject,
  key: string,
  otherwise?: string,
): LosslessJson | undefined {
  // JSON has no `undefined`, and no object inherits a field of an event: own or not needs no look.
  const value = object[key];
  return value === undefined && otherwise !== undefined ? object[otherwise] : value;
}

/**
 * The value as an exact non-negative integer not above `max`, or undefined: negative, fractional,
 * rounded by a double, too large, or no number at all.
 */
export function asNatural(value: LosslessJson | undefined, max: bigint): bigint | undefined {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) return undefined;
    const natural = BigInt(value);
    return natural <= max ? natural : undefined;
  }
  // 78 digits hold a uint256; what is longer is not worth the conversion.
  if (typeof value !== 'string' || !/^\d{1,78}$/.test(value)) return undefined;
  const natural = BigInt(value);
  return natural <= max ? natural : undefined;
}

/** Blanks between tokens, beside the strings in which they mean something. */
const STRING_OR_BLANKS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|\s+/g;

/**
 * The text of the object's member, without blanks between its tokens and otherwise as said; the empty
 * text when there is none.
 *
 * @param object the text of a JSON object: it was parsed before
 */
export function compactMember(object: string, key: string): string {
  let [depth, start, found] = [0, -1, ''];
  let isName = true;
  for (let i = 0; i < object.length; i += 1) {
    const letter = object[i];
    if (letter === '"') {
      const end = stringEnd(object, i);
      if (depth === 1 && isName) {
        // Of two members of one name the last one counts, as in JSON.parse.
        if (isText(object.slice(i, end), key)) start = object.indexOf(':', end) + 1;
        isName = false;
      }
      i = end - 1;
    } else if (letter === '{' || letter === '[') {
      depth += 1;
    } else if (letter === '}' || letter === ']') {
      depth -= 1;
    } else if (letter === ',' && depth === 1) {
      isName = true;
    }
    if (start !== -1 && i >= start && (depth === 0 || (depth === 1 && letter === ','))) {
      found = object.slice(start, i);
      start = -1;
    }
  }
  return found.replace(STRING_OR_BLANKS, (token) => (token[0] === '"' ? token : ''));
}

/** The place behind the string that begins here. */
function stringEnd(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function isText(token: string, text: string): boolean {
  return token.includes('\\') ? JSON.parse(token) === text : token === `"${text}"`;
}
