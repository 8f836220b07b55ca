/** Parses JSON without rounding long integers: Go writes any length, and JavaScript's own parser rounds them. */

/** A parsed JSON value. An integer that a double cannot represent exactly is a string of digits. */
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

/** Down to this depth, where the fields of an event are, values are checked; deeper ones are taken for rounded. */
const LOOKED_AT_DEPTH = 3;
/**
 * Matches a whole string, so that digits inside it are no number, or a number with its fraction and exponent. A string
 * without an end matches to the end of the text: searching an end from each of its quotes would take quadratic time.
 */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
/** Matches an integer of 16 digits or more with the punctuation around it. Text inside a string can match as well. */
const LONG_VALUE = /([:,[]\s*)(-?\d{16,})(?=\s*[,}\]])/g;

/**
 * Parses JSON without losing a digit of any integer. Numbers with fractions or exponents stay doubles: money is never
 * written like that. Throws SyntaxError, as JSON.parse does.
 */
export function parseLossless(text: string): LosslessJson {
  const value: LosslessJson = JSON.parse(text);
  // The engine's own parser is by far the fastest, and its result shows whether it may have rounded: only a double
  // above 2^53 - 1 can come from several integers.
  return mayBeRounded(value, 0) ? parseQuoted(text) : value;
}

function parseQuoted(text: string): LosslessJson {
  try {
    const quick = text.replace(LONG_VALUE, (_, before: string, token) => before + quoteLong(token));
    const value: LosslessJson = JSON.parse(quick);
    if (!mayBeRounded(value, 0)) return value;
  } catch {
    // LONG_VALUE matched inside a string. The added quote ended that string right before a digit, which is not JSON.
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

/** Returns the value when it is an object, otherwise undefined. */
export function asObject(value: LosslessJson | undefined): LosslessObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as LosslessObject;
}

/**
 * Returns the value of `key` or, when the object has no such key, the value of `otherwise`. The keys must be keys of
 * events: a key that every object inherits, such as `constructor`, would always be found.
 */
export function field(
  object: LosslessObject,
  key: string,
  otherwise?: string,
): LosslessJson | undefined {
  // JSON has no `undefined`, and no object inherits a field of an event, so `Object.hasOwn` is not needed.
  const value = object[key];
  return value === undefined && otherwise !== undefined ? object[otherwise] : value;
}

/** Returns the value as an exact integer from 0 to `max`; undefined for anything else, also for a rounded double. */
export function asNatural(value: LosslessJson | undefined, max: bigint): bigint | undefined {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) return undefined;
    const natural = BigInt(value);
    return natural <= max ? natural : undefined;
  }
  // A uint256 has at most 78 digits, and converting longer texts would be a waste.
  if (typeof value !== 'string' || !/^\d{1,78}$/.test(value)) return undefined;
  const natural = BigInt(value);
  return natural <= max ? natural : undefined;
}

/** Matches either a whole string, whose blanks must stay, or the blanks between tokens. */
const STRING_OR_BLANKS = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|\s+/g;

/**
 * Returns the JSON text of one member of a JSON object, without the blanks between its tokens; empty when there is no
 * such member.
 */
export function compactMember(object: string, key: string): string {
  let [depth, start, found] = [0, -1, ''];
  let isName = true;
  for (let i = 0; i < object.length; i += 1) {
    const letter = object[i];
    if (letter === '"') {
      const end = stringEnd(object, i);
      if (depth === 1 && isName) {
        // If two members have the same name, the last one counts, as in JSON.parse.
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

/** Returns the index after the string that begins at `from`. */
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
