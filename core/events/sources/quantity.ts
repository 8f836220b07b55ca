/** Quantities with units, as options say them. */
import { z } from 'zod';

/** `500ms`, `10s`, `5m`, `1h`; milliseconds when read. */
export const duration = quantity('a duration such as "30s"', {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
});

/** `64 KiB`, `1 MiB`, `8 GiB`; bytes when read. */
export const size = quantity('a size such as "1 MiB"', {
  B: 1,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
});

function quantity(what: string, units: Readonly<Record<string, number>>) {
  return z.string().transform((text, context) => {
    const [, digits = '', unit = ''] = /^(\d{1,9})\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor !== undefined && Number(digits) > 0) return Number(digits) * factor;
    const message = `give ${what} (units: ${Object.keys(units).join(', ')})`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}
