/**
 * Finds characters that no text from outside may contain. Postgres refuses a NUL, and UTF-8 cannot hold half a character
 * (a lone surrogate): every half becomes the same replacement character.
 */

/** Returns why a text cannot be stored unchanged; undefined when it can. */
export function textFault(text: string): string | undefined {
  if (text.includes('\0')) return 'it holds a NUL character (U+0000): take it out';
  if (!text.isWellFormed()) return 'it holds half of a character (a lone surrogate): take it out';
  return undefined;
}

export interface PlacedFault {
  readonly path: readonly (string | number)[];
  readonly why: string;
}

/** Finds the first text in a value of JSON or YAML that cannot be stored unchanged, names of fields included. */
export function findTextFault(
  value: unknown,
  path: PlacedFault['path'] = [],
): PlacedFault | undefined {
  if (typeof value === 'string') {
    const why = textFault(value);
    return why === undefined ? undefined : { path, why };
  }
  if (value === null || typeof value !== 'object') return undefined;
  const isList = Array.isArray(value);
  for (const [name, inner] of Object.entries(value)) {
    if (textFault(name) !== undefined)
      return { path, why: 'the name of a field in it holds a NUL character or half of one' };
    const found = findTextFault(inner, [...path, isList ? Number(name) : name]);
    if (found !== undefined) return found;
  }
  return undefined;
}
