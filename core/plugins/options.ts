/** Checks the options of plugins, and defines the kinds of values that several plugins take. */
import { z } from 'zod';

/** Checks the options of a plugin: a standard schema (standardschema.dev), as zod, valibot and arktype make them. */
export interface OptionsSchema<Options> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) => OptionsVerdict<Options> | Promise<OptionsVerdict<Options>>;
    /** Only for the type checker: what the schema takes and returns. */
    readonly types?: { readonly input: unknown; readonly output: Options } | undefined;
  };
}

export type OptionsVerdict<Options> =
  | { readonly value: Options; readonly issues?: undefined }
  | { readonly issues: readonly OptionsIssue[] };

export interface OptionsIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Checks the options. Returns what the schema makes of them, or everything that is wrong in one text. */
export async function readOptions<Options>(
  options: unknown,
  schema: OptionsSchema<Options>,
): Promise<{ readonly value: Options } | { readonly wrong: string }> {
  const verdict = await schema['~standard'].validate(options);
  if (verdict.issues === undefined) return { value: verdict.value };
  return { wrong: verdict.issues.map(describeIssue).join('; ') };
}

export function describeIssue({ message, path = [] }: OptionsIssue): string {
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
