/** The kinds of values in a configuration: how each is written, which values are refused, and what it is parsed to. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { type Address, payableAddress } from '../../core/base/address.js';
import { readTime, TIME_WANTED } from '../../core/base/time.js';
import {
  parseAmountWei,
  parseDurationMs,
  parseGas,
  parseShareBps,
  type Quantity,
  WRITTEN,
} from './quantity.js';

/** The error text for an address of Temporal: its SDK connects to host:port, not to a URL. */
export const HOST_AND_PORT = 'give host:port, without http:// before it and without a path';
export const IP_AND_PORT = 'give an IP address and a port, such as 127.0.0.1:9464';

/**
 * A quantity in its base unit. Its section appends the unit to the key's name: `payoutThreshold` becomes
 * `payoutThresholdWei`.
 */
class Measured<Unit extends string, T> {
  constructor(
    readonly value: T,
    readonly unit: Unit,
  ) {}
}

type NameWithUnit<Name, Value> =
  NonNullable<Value> extends Measured<infer Unit, unknown> ? `${Name & string}${Unit}` : Name;
type Plain<Value> = Value extends Measured<string, infer T> ? T : Value;
type InBaseUnits<Values> = {
  readonly [Name in keyof Values as NameWithUnit<Name, Values[Name]>]: Plain<Values[Name]>;
};

/** Replaces each quantity by its plain value, and appends its unit to the name. */
function inBaseUnits<Values extends object>(values: Values): InBaseUnits<Values> {
  const named = Object.entries(values).map(([name, value]) =>
    value instanceof Measured ? [name + value.unit, value.value] : [name, value],
  );
  return Object.fromEntries(named) as InBaseUnits<Values>;
}

/**
 * How a value is written, as JSON Schema, where zod cannot tell: what a refinement or a transformation refuses. These
 * keywords replace zod's own. A key that they do not know is no reason to refuse: what they let pass, zod still reads.
 */
export const asWritten = z.registry<Readonly<Record<string, unknown>>>();

/**
 * Makes the schema of a section. It refuses unknown keys, and its output is in base units.
 *
 * @param keywords what JSON Schema is told of keys that go together
 */
export const section = <Shape extends z.ZodRawShape>(
  shape: Shape,
  keywords: Readonly<Record<string, unknown>> = {},
) => z.strictObject(shape).register(asWritten, keywords).transform(inBaseUnits);

/** JSON Schema for: this key has a value. An empty key counts as absent. */
export const given = (key: string) => ({
  required: [key],
  properties: { [key]: { not: { type: 'null' } } },
});

export const amountWei = () => quantity(parseAmountWei, 'Wei', WRITTEN.amount);
export const durationMs = () => quantity(parseDurationMs, 'Ms', WRITTEN.duration);
export const shareBps = () => quantity(parseShareBps, 'Bps', WRITTEN.share);
export const gas = () => quantity(parseGas, '', WRITTEN.gas);
export const text = () => z.string('give text').trim().min(1, 'it is empty');
/**
 * An address in JSON Schema. Editors take one without quotes for a hexadecimal number, and we do not: numbers so large
 * are let pass.
 */
export const ADDRESS = {
  type: ['string', 'number'],
  pattern: '^\\s*0x(?!0{40})[0-9a-fA-F]{40}\\s*$',
  minimum: 2 ** 64,
};

/** An address of the chain, but not the zero address. `faultOf` says what is wrong with a text that is none. */
export const address = (faultOf: (value: string) => string) =>
  text()
    .register(asWritten, ADDRESS)
    .transform((value, context): Address => {
      const found = payableAddress(value);
      if (found !== undefined) return found;
      context.addIssue({ code: 'custom', message: faultOf(value) });
      return z.NEVER;
    });
/** An account of the pool itself. */
export const account = () => address(() => 'give an address (0x and 40 hex digits)');
export const id = () =>
  text().regex(/^[a-z0-9][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens only');

/** Makes a key optional; when it is absent, the configuration has null. */
export const orNull = <T extends z.ZodType>(schema: T) =>
  schema.optional().transform((value) => value ?? null);

/**
 * Marks secret values with what logs and people may see of them: whether they are set (`presence`), or only a URL's
 * scheme and host (`origin`).
 */
export const shownAs = z.registry<{ readonly shows: 'presence' | 'origin' }>();

/** Makes a text whose value is never shown. */
export const secret = () => text().register(shownAs, { shows: 'presence' });
/** Makes a URL of which only the origin is shown, because its user name, path or query may hold a key. */
export const secretUrl = () => webUrl().register(shownAs, { shows: 'origin' });

function quantity<T, Unit extends string>(
  parse: (value: string) => Quantity<T>,
  unit: Unit,
  pattern: string,
) {
  return (
    z
      .union([z.string(), z.number()], 'give a number and its unit')
      // A number alone has no unit: it is taken only to say so.
      .register(asWritten, { type: 'string', pattern })
      .transform((value, context) => {
        const read = parse(String(value));
        if (read.ok) return new Measured(read.value, unit);
        const code = read.wrong === 'unit' ? 'CONFIG_UNIT' : 'CONFIG_VALUE';
        context.addIssue({ code: 'custom', message: read.mend, params: { code } });
        return z.NEVER;
      })
  );
}

/**
 * Makes a duration with a lower limit, for what is repeated or given up after it: zero would repeat without a pause.
 */
export function interval(least: string) {
  const leastMs = parseDurationMs(least);
  return durationMs().refine(
    ({ value }) => leastMs.ok && value >= leastMs.value,
    `it must be at least ${least}`,
  );
}

/** Makes a whole number. Digits in quotes are accepted too, because a value from the environment is text. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'give a whole number')
    .refine(
      (value) => Number.isSafeInteger(value) && value >= least && value <= most,
      `give a whole number ${range}`,
    )
    .register(asWritten, {
      anyOf: [
        { type: 'integer', minimum: least, maximum: most },
        { type: 'string', pattern: '^[0-9]+$' },
      ],
    });
}

export const portNumber = () => wholeNumber(0, 65_535);

/** A time in JSON Schema, as far as digits tell: not every month has 31 days. */
const MOMENT =
  '(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T[0-9:.]+(Z|[+-][0-9:]{4,6})';

/** Makes a time with a time zone. */
export const moment = () =>
  text()
    .register(asWritten, { type: 'string', pattern: `^\\s*${MOMENT}\\s*$` })
    .transform((value, context) => readMoment(value, context, TIME_WANTED));

/** Makes a time with a time zone, or null for `beginning`. */
export function momentOrBeginning() {
  const wanted = `${TIME_WANTED}, or "beginning"`;
  return text()
    .register(asWritten, { type: 'string', pattern: `^\\s*(beginning|${MOMENT})\\s*$` })
    .transform((value, context) =>
      value === 'beginning' ? null : readMoment(value, context, wanted),
    );
}

function readMoment(value: string, context: z.RefinementCtx, wanted: string): Date {
  const timeMs = readTime(value);
  if (timeMs !== undefined) return new Date(timeMs);
  context.addIssue({ code: 'custom', message: wanted });
  return z.NEVER;
}

export const flag = () =>
  z.union(
    [z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')],
    'give true or false',
  );

const webUrl = () =>
  text()
    .refine(isWebUrl, 'give a URL that begins with http:// or https://')
    .register(asWritten, { type: 'string', pattern: '^\\s*[hH][tT]{2}[pP][sS]?:.*[^\\s/:]' });

/** Makes a URL for links on public pages: it must hold no password, and slashes at its end are removed. */
export function shownUrl() {
  return webUrl()
    .refine(
      (value) => !isWebUrl(value) || !hasCredentials(value),
      'everybody sees this URL: take user and password out of it',
    )
    .transform((value) => value.replace(/\/+$/, ''));
}

function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

export const postgresUrl = () =>
  text()
    .refine(isPostgresUrl, 'give a URL such as postgres://user@host:5432/name')
    .register(asWritten, {
      type: 'string',
      pattern: '^\\s*[pP][oO][sS][tT][gG][rR][eE][sS]([qQ][lL])?:',
    });

export const isPostgresUrl = (value: string): boolean =>
  hasProtocol(value, ['postgres:', 'postgresql:']);

/** Whether this is host:port; the host is a name, an IPv4 address, or an IPv6 address in brackets. */
export function isHostAndPort(value: string): boolean {
  return /^(?:\[[\da-f:.]+\]|[^\s:/@?#[\]]+):\d{1,5}$/i.test(value);
}

/** Whether this is an IP address and a port, an IPv6 address in brackets. */
export function isIpAndPort(value: string): boolean {
  const [, ipv6, ipv4, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d{1,5})$/i.exec(value) ?? [];
  return isIP(ipv6 ?? ipv4 ?? '') !== 0 && Number(port) <= 65_535;
}

export const isWebUrl = (value: string): boolean => hasProtocol(value, ['http:', 'https:']);

function hasProtocol(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}
