/** Pool events as the orchestrator's Go code writes them: sorted keys, and big integers as plain numbers. */
export type GoValue = string | number | bigint | boolean | null | GoObject;
export interface GoObject {
  readonly [key: string]: GoValue;
}

export interface ElementParts {
  readonly id: number;
  /** RFC 3339: UTC, whole seconds. */
  readonly dt: string;
  /** The text that `payloadText` makes. */
  readonly payload: string;
  /** @default 1 */
  readonly version?: number;
  /** Some builds write an element's own keys in lower case. */
  readonly isLowerCase?: boolean;
}

/** Returns what `json.MarshalIndent(event, "", "  ")` makes of an event's type and payload. */
export function payloadText(eventType: string, payload: GoObject): string {
  return goJson({ event_type: eventType, payload });
}

/** One element of the answer, as `json.Encoder` writes a struct: capitalised keys, no blanks. */
export function elementText(parts: ElementParts): string {
  const { id, dt, version = 1, isLowerCase = false } = parts;
  const payload = goString(parts.payload);
  return isLowerCase
    ? `{"id":${id},"payload":${payload},"version":${version},"dt":"${dt}"}`
    : `{"ID":${id},"Payload":${payload},"Version":${version},"DT":"${dt}"}`;
}

/** SQLite's CURRENT_TIMESTAMP, `2025-02-03 04:05:06`: UTC, the second that has begun. */
export function sqliteTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** Returns such a time as Go prints it: `2025-02-03T04:05:06Z`. */
export function goTime(time: string | number): string {
  const text = typeof time === 'number' ? sqliteTime(time) : time;
  return `${text.replace(' ', 'T')}Z`;
}

function goJson(value: GoValue, pad = ''): string {
  if (typeof value === 'string') return goString(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const keys = Object.keys(value).sort();
  if (keys.length === 0) return '{}';
  const inner = `${pad}  `;
  const fields = keys.map(
    (key) => `${inner}${goString(key)}: ${goJson(value[key] ?? null, inner)}`,
  );
  return `{\n${fields.join(',\n')}\n${pad}}`;
}

/** Escapes characters of HTML markup, as Go does. */
function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );
}
