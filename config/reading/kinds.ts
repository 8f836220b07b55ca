/** The kinds of values that a configuration has: how each is spelled, what is wrong with it, and what it is worth. */
import { z } from 'zod';
import { readTime, TIME_WANTED } from '../../core/base/time.js';
import {
  parseAmountWei,
  parseDurationMs,
  parseGas,
  parseShareBps,
  type Quantity,
} from './quantity.js';

/** What Temporal's SDK connects to. */
export const HOST_AND_PORT = 'give host:port, without http:// before it and without a path';

/** A quantity in its base unit. The section that it stands in adds the unit to its name: `payoutThresholdWei`. */
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

/** Names each quantity with the unit that it is in now. */
export function inBaseUnits<Values extends object>(values: Values): InBaseUnits<Values> {
  const named = Object.entries(values).map(([name, value]) =>
    value instanceof Measured ? [name + value.unit, value.value] : [name, value],
  );
  return Object.fromEntries(named) as InBaseUnits<Values>;
}

/** A section of the file. It refuses unknown keys and gives its quantities in base units. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape).transform(inBaseUnits);
}

export const amountWei = () => quantity(parseAmountWei, 'Wei');
export const durationMs = () => quantity(parseDurationMs, 'Ms');
export const shareBps = () => quantity(parseShareBps, 'Bps');
export const gas = () => quantity(parseGas, '');
export const text = () => z.string('give text').trim().min(1, 'it is empty');
export const id = () =>
  text().regex(/^[a-z0-9][a-z0-9-]*$/, 'use lower-case letters, digits and hyphens only');

/** A key that may be left out; the configuration then has null. */
export function orNull<T extends z.ZodType>(schema: T) {
  return schema.optional().transform((value) => value ?? null);
}

/** How a value is shown where people and logs see it: whether it is set, or only where its URL leads. */
export const shownAs = z.registry<{ readonly shows: 'presence' | 'origin' }>();

/** A text that is shown to nobody. */
export const secret = () => text().register(shownAs, { shows: 'presence' });
/** A URL whose user name, path or query may hold a key. */
export const secretUrl = () => webUrl().register(shownAs, { shows: 'origin' });

function quantity<T, Unit extends string>(parse: (value: string) => Quantity<T>, unit: Unit) {
  return z
    .union([z.string(), z.number()], 'give a number and its unit')
    .transform((value, context) => {
      const read = parse(String(value));
      if (read.ok) return new Measured(read.value, unit);
      const code = read.wrong === 'unit' ? 'CONFIG_UNIT' : 'CONFIG_VALUE';
      context.addIssue({ code: 'custom', message: read.mend, params: { code } });
      return z.NEVER;
    });
}

/** A duration after which something is repeated or given up. Zero would spin. */
export function interval(least: string) {
  const leastMs = parseDurationMs(least);
  return durationMs().refine(
    ({ value }) => leastMs.ok && value >= leastMs.value,
    `it must be at least ${least}`,
  );
}

/** A whole number. Digits in quotes count too: a value from the environment arrives so. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'give a whole number')
    .refine(
      (value) => Number.isSafeInteger(value) && value >= least && value <= most,
      `give a whole number ${range}`,
    );
}

export function portNumber() {
  return wholeNumber(0, 65_535);
}

/** A time with its zone. */
export function moment() {
  return text().transform((value, context) => {
    const timeMs = readTime(value);
    if (timeMs !== undefined) return new Date(timeMs);
    context.addIssue({ code: 'custom', message: TIME_WANTED });
    return z.NEVER;
  });
}

/** A time with its zone, or null for "beginning". */
export function momentOrBeginning() {
  return text().transform((value, context) => {
    if (value === 'beginning') return null;
    const timeMs = readTime(value);
    if (timeMs !== undefined) return new Date(timeMs);
    context.addIssue({ code: 'custom', message: `${TIME_WANTED}, or "beginning"` });
    return z.NEVER;
  });
}

export function flag() {
  return z.union(
    [z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')],
    'give true or false',
  );
}

export function webUrl() {
  return text().refine(isWebUrl, {
    message: 'give a URL that begins with http:// or https://',
  });
}

/** A link on public pages, without the slashes at its end. */
export function shownUrl() {
  return webUrl()
    .refine((value) => !isWebUrl(value) || !hasCredentials(value), {
      message: 'everybody sees this URL: take user and password out of it',
    })
    .transform((value) => value.replace(/\/+$/, ''));
}

function hasCredentials(url: string): boolean {
  const { username, password } = new URL(url);
  return username !== '' || password !== '';
}

export function postgresUrl() {
  return text().refine(isPostgresUrl, 'give a URL such as postgres://user@host:5432/name');
}

export function isPostgresUrl(value: string): boolean {
  return hasProtocol(value, ['postgres:', 'postgresql:']);
}

/** A name, an IPv4 address, or an IPv6 address in brackets. */
export function isHostAndPort(value: string): boolean {
  return /^(?:\[[\da-f:.]+\]|[^\s:/@?#[\]]+):\d{1,5}$/i.test(value);
}

export function isWebUrl(value: string): boolean {
  return hasProtocol(value, ['http:', 'https:']);
}

function hasProtocol(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}
