/** Checks the options of sources, and defines the kinds of values that several sources take. */
import { z } from 'zod';
import { PoolError } from '../../base/errors/pool-error.js';
import type { EventSourceConfig, OptionsIssue, OptionsSchema } from './event-source.js';

/** Checks the options; returns what the schema makes of them. Throws EVENT_SOURCE_OPTIONS with all that is wrong. */
export async function checkOptions<Options>(
  config: EventSourceConfig,
  schema: OptionsSchema<Options>,
): Promise<Options> {
  const verdict = await schema['~standard'].validate(config.options);
  if (verdict.issues === undefined) return verdict.value;
  throw optionsError(config.id, verdict.issues.map(describeIssue).join('; '));
}

export function optionsError(id: string, message: string): PoolError {
  return new PoolError('EVENT_SOURCE_OPTIONS', `source "${id}": ${message}`, { source: id });
}

/** Throws EVENT_SOURCE_OPTIONS when the configuration lacks region or node type, which the events do not say. */
export function needOrigin({ id, region, nodeType }: EventSourceConfig): void {
  if (region !== null && nodeType !== null) return;
  throw optionsError(id, 'it needs region and nodeType: its events do not say them');
}

function describeIssue({ message, path = [] }: OptionsIssue): string {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  return `options${keys.map((key) => `.${String(key)}`).join('')}: ${message}`;
}

/** Reads a duration such as `500ms`, `10s`, `5m` or `1h` into milliseconds. */
export const duration = quantity('a duration such as "30s"', {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
});

/** Reads a size such as `64 KiB`, `1 MiB` or `8 GiB` into bytes. */
export const size = quantity('a size such as "1 MiB"', {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
});

function quantity(what: string, units: Readonly<Record<string, number>>) {
  const wanted = `give ${what} (units: ${Object.keys(units).join(', ')})`;
  return textAs((text) => {
    const [, digits = '', unit = ''] = /^(\d{1,9})\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    return factor !== undefined && Number(digits) > 0 ? Number(digits) * factor : undefined;
  }, wanted);
}

/** A text that `read` makes a value of. If it returns undefined, the error says what is `wanted`. */
export function textAs<Value>(read: (text: string) => Value | undefined, wanted: string) {
  return z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

/** Reads a server's URL without query and fragment; credentials in it are refused, and belong `keysUnder` options. */
export function serverUrl(keysUnder: string) {
  return textAs(readWebUrl, 'give a URL with http:// or https://')
    .refine((url) => url.username === '' && url.password === '', `put ${keysUnder}`)
    .transform((url) => Object.assign(url, { search: '', hash: '' }));
}

function readWebUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** Certificates in PEM, trusted in addition to the well-known ones; the configuration names their file as `caFile`. */
export const certificates = z.string().includes('-----BEGIN CERTIFICATE-----').optional();
