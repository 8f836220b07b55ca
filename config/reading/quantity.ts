/**
 * Reads quantities as people write them: a number and its unit. A number without a unit is refused, because writer and
 * reader may think of different units.
 */
import { isPossibleWei } from '../../core/base/money.js';

/**
 * The longest duration in ms that is accepted, a hundred years. A longer one is a mistake, and could lead to a date
 * that `Date` cannot hold.
 */
export const LONGEST_MS = 36_500 * 86_400_000;

/** The parsed quantity, or what is wrong with it: the unit (missing or unknown) or the number. */
export type Quantity<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly wrong: 'unit' | 'value'; readonly mend: string };

const MORE_THAN_THERE_IS = 'that is more ether than there is: give at most 1000000000 ETH';

interface Measure {
  readonly what: string;
  readonly example: string;
  /** How many base units each unit is. */
  readonly units: Readonly<Record<string, bigint>>;
}

const AMOUNT: Measure = {
  what: 'an amount of ether',
  example: '0.005 ETH',
  units: { wei: 1n, gwei: 10n ** 9n, ETH: 10n ** 18n },
};
const DURATION: Measure = {
  what: 'a duration',
  example: '15s',
  units: { ms: 1n, s: 1_000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n },
};
const SHARE: Measure = {
  what: 'a share',
  example: '25%',
  units: { bps: 1n, '%': 100n },
};
const GAS: Measure = { what: 'an amount of gas', example: '1000000 gas', units: { gas: 1n } };

const ends = (body: string) => `^\\s*(${body})\\s*$`;
/** How each is written, as regular expressions of JSON Schema: with a unit, and no finer than it can be. */
export const WRITTEN = {
  amount: ends(
    '[0-9]+(\\.0+)?\\s*wei|[0-9]+(\\.[0-9]{1,9}0*)?\\s*gwei|[0-9]+(\\.[0-9]{1,18}0*)?\\s*ETH',
  ),
  duration: ends('[0-9]+(\\.0+)?\\s*ms|[0-9]+(\\.[0-9]+)?\\s*[smhd]'),
  share: ends(
    '0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]{1,2}0*)?)\\s*%|0*(10000|[0-9]{1,4})(\\.0+)?\\s*bps',
  ),
  gas: ends('[0-9]+(\\.0+)?\\s*gas'),
} as const;

/** Parses an amount exactly, to wei: `0.005 ETH`, `0.1 gwei` or `5000000000000000 wei`. */
export function parseAmountWei(text: string): Quantity<bigint> {
  const amount = parse(text, AMOUNT);
  if (amount.ok && !isPossibleWei(amount.value)) return refuse('value', MORE_THAN_THERE_IS);
  return amount;
}

/** Parses a duration to milliseconds: `250ms`, `15s`, `10m`, `4h` or `7d`. */
export function parseDurationMs(text: string): Quantity<number> {
  const duration = toNumber(parse(text, DURATION));
  if (duration.ok && duration.value > LONGEST_MS) return refuse('value', 'give at most 36500d');
  return duration;
}

/** Parses a share to basis points from 0 to 10 000: `25%` or `2500 bps`. */
export function parseShareBps(text: string): Quantity<number> {
  const share = toNumber(parse(text, SHARE));
  if (share.ok && share.value > 10_000) return refuse('value', 'a share is at most 100%');
  return share;
}

/** Parses an amount of gas: `1000000 gas`. */
export function parseGas(text: string): Quantity<bigint> {
  return parse(text, GAS);
}

/** Formats a duration in the largest unit that makes a whole number: `4h`, `90s`. */
export function formatDuration(durationMs: number): string {
  const units = Object.entries(DURATION.units).reverse();
  const fitting = units.find(([, unitMs]) => durationMs % Number(unitMs) === 0) ?? ['ms', 1n];
  return durationMs === 0 ? '0s' : `${durationMs / Number(fitting[1])}${fitting[0]}`;
}

/** Formats basis points as a percentage: `25%`, `0.5%`. */
export function formatShare(shareBps: number): string {
  return `${shareBps / 100}%`;
}

function parse(text: string, measure: Measure): Quantity<bigint> {
  const match = /^([0-9]+)(?:\.([0-9]+))?\s*([A-Za-z%]*)$/.exec(text.trim());
  const units = Object.keys(measure.units).join(', ');
  if (match === null) {
    return refuse('value', `give ${measure.what} such as "${measure.example}" (units: ${units})`);
  }
  const [, whole = '', fraction = '', unit = ''] = match;
  const scale = Object.hasOwn(measure.units, unit) ? measure.units[unit] : undefined;
  if (scale === undefined) {
    const found = unit === '' ? 'it has no unit' : `"${unit}" is no unit of it`;
    return refuse('unit', `${measure.what} is wanted and ${found}: use one of ${units}`);
  }
  const scaled = BigInt(whole + fraction) * scale;
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) {
    return refuse('value', `that is finer than ${measure.what} can be: use fewer decimals`);
  }
  return { ok: true, value: scaled / divisor };
}

function toNumber(quantity: Quantity<bigint>): Quantity<number> {
  if (!quantity.ok) return quantity;
  if (quantity.value > BigInt(Number.MAX_SAFE_INTEGER)) return refuse('value', 'that is too large');
  return { ok: true, value: Number(quantity.value) };
}

function refuse(wrong: 'unit' | 'value', mend: string): Quantity<never> {
  return { ok: false, wrong, mend };
}
