/** JSON as the orchestrator's Go code writes it: sorted keys, big integers as plain numbers. */
export type GoValue = string | number | bigint | boolean | null | GoObject;
export interface GoObject {
  readonly [key: string]: GoValue;
}

/** `json.MarshalIndent(event, "", "  ")` of an event's type and payload. */
export function payloadText(eventType: string, payload: GoObject): string {
  return goJson({ event_type: eventType, payload }, '  ');
}

/** One element of the answer, as `json.Encoder` writes a struct: capitalised keys, no blanks. */
export function elementText(row: {
  readonly id: number;
  readonly payload: string;
  readonly version: number;
  readonly dt: string;
}): string {
  const payload = goString(row.payload);
  return `{"ID":${row.id},"Payload":${payload},"Version":${row.version},"DT":"${rfc3339(row.dt)}"}`;
}

/** SQLite's `2025-02-03 04:05:06` as Go prints it. */
export function rfc3339(dt: string): string {
  return `${dt.replace(' ', 'T')}Z`;
}

/** SQLite's CURRENT_TIMESTAMP: UTC, whole seconds. */
export function sqliteTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
}

function goJson(value: GoValue, indent: string, depth = 0): string {
  if (typeof value === 'string') return goString(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const keys = Object.keys(value).sort();
  if (keys.length === 0) return '{}';
  const pad = indent.repeat(depth + 1);
  const fields = keys.map(
    (key) => `${pad}${goString(key)}: ${goJson(value[key] ?? null, indent, depth + 1)}`,
  );
  return `{\n${fields.join(',\n')}\n${indent.repeat(depth)}}`;
}

/** Go escapes what HTML would take for markup. */
function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  );
}
