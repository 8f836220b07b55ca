/**
 * Checks what a policy answered. Nothing that it returns is trusted: shares, bounds, texts and times are checked here, and a wrong
 * answer counts for nothing.
 */
import { visible } from '../../base/foreign-text.js';
import { nicknameFault } from '../../base/nickname.js';
import { readTime } from '../../base/time.js';
import {
  type AdmitAnswer,
  type DueAnswer,
  LIFTERS,
  type RankAnswer,
  type ShowAnswer,
  type TermsAnswer,
  WORKER_STATES,
} from './questions.js';

/** The checked answer, or what is wrong with it. */
export type Checked<Answer> = { readonly value: Answer } | { readonly wrong: string };

/** The amounts between which a threshold must be; both included. */
export interface Bounds {
  readonly leastWei: bigint;
  readonly mostWei: bigint;
}

const WHOLE_BPS = 10_000;
const LONGEST_REASON = 200;
/** Nobody waits longer than a year for what is due because a policy says so. */
const LONGEST_INTERVAL_MS = 366 * 86_400_000;

class Wrong extends Error {}

export function checkTerms(answer: unknown, at: string): Checked<TermsAnswer> {
  return check(answer, ['commissionBps', 'bonusBps', 'reason', 'until'], (field) => {
    const commissionBps = share(field, 'commissionBps');
    const bonusBps = optional(field, 'bonusBps', share);
    if (bonusBps !== undefined && bonusBps > commissionBps) {
      throw new Wrong('bonusBps is above commissionBps: a bonus is paid out of the commission');
    }
    const until = optional(field, 'until', time);
    if (until !== undefined && Date.parse(until) <= Date.parse(at)) {
      throw new Wrong(`until is not later than the time it was asked for, ${at}`);
    }
    return { commissionBps, bonusBps, reason: reason(field, 'reason'), until };
  });
}

export function checkDue(answer: unknown, bounds: Bounds): Checked<DueAnswer> {
  const keys = [
    'thresholdWei',
    'minIntervalMs',
    'maxGasShareBps',
    'latestAfterMs',
    'hold',
    'reason',
  ];
  return check(answer, keys, (field) => {
    const thresholdWei = optional(field, 'thresholdWei', wei);
    if (thresholdWei !== undefined && !isWithin(thresholdWei, bounds)) {
      const { leastWei, mostWei } = bounds;
      throw new Wrong(`thresholdWei is outside the pool's bounds, ${leastWei} to ${mostWei} wei`);
    }
    return {
      thresholdWei,
      minIntervalMs: optional(field, 'minIntervalMs', intervalMs),
      maxGasShareBps: optional(field, 'maxGasShareBps', share),
      latestAfterMs: optional(field, 'latestAfterMs', orNull(intervalMs)),
      hold: optional(field, 'hold', orNull(reason)),
      reason: reason(field, 'reason'),
    };
  });
}

export function checkAdmit(answer: unknown): Checked<AdmitAnswer> {
  return check(answer, ['admitted', 'code', 'reason', 'liftedBy'], (field) => {
    const admitted = field('admitted');
    if (admitted === true) return { admitted };
    if (admitted !== false) throw new Wrong('admitted is neither true nor false');
    const code = text(field, 'code');
    if (!/^[A-Z][A-Z0-9_]{2,39}$/.test(code)) {
      throw new Wrong('code is not 3 to 40 capitals, digits and underscores, such as NOT_INVITED');
    }
    return {
      admitted,
      code,
      reason: reason(field, 'reason'),
      liftedBy: oneOf(field, 'liftedBy', LIFTERS),
    };
  });
}

export function checkRank(answer: unknown): Checked<RankAnswer> {
  return check(answer, ['state', 'reason', 'lifts'], (field) => ({
    state: oneOf(field, 'state', WORKER_STATES),
    reason: reason(field, 'reason'),
    lifts: orNull(reason)(field, 'lifts'),
  }));
}

export function checkShow(answer: unknown): Checked<ShowAnswer> {
  return check(answer, ['nickname', 'tier', 'badge'], (field) => ({
    nickname: optional(field, 'nickname', shownName),
    tier: optional(field, 'tier', shownName),
    badge: optional(field, 'badge', shownName),
  }));
}

type Field = (key: string) => unknown;
type Read<Value> = (field: Field, key: string) => Value;

function check<Answer>(
  answer: unknown,
  keys: readonly string[],
  read: (field: Field) => Answer,
): Checked<Answer> {
  if (typeof answer !== 'object' || answer === null) {
    return { wrong: `it answered ${answer === null ? 'null' : typeof answer} and no object` };
  }
  const given = new Map<string, unknown>(Object.entries(answer));
  const unknown = [...given.keys()].find((key) => !keys.includes(key));
  if (unknown !== undefined) {
    return {
      wrong: `its answer has an unknown field ${said(unknown)}; known are ${keys.join(', ')}`,
    };
  }
  try {
    return { value: read((key) => given.get(key)) };
  } catch (error) {
    if (error instanceof Wrong) return { wrong: error.message };
    throw error;
  }
}

function optional<Value>(field: Field, key: string, read: Read<Value>): Value | undefined {
  return field(key) === undefined ? undefined : read(field, key);
}

function orNull<Value>(read: Read<Value>): Read<Value | null> {
  return (field, key) => (field(key) === null ? null : read(field, key));
}

function whole(field: Field, key: string, most: number, what: string): number {
  const value = field(key);
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) {
    return value;
  }
  throw new Wrong(`${key} is ${said(value)} and not ${what}`);
}

const share: Read<number> = (field, key) =>
  whole(field, key, WHOLE_BPS, 'a whole number of basis points, 0 to 10000');
const intervalMs: Read<number> = (field, key) =>
  whole(field, key, LONGEST_INTERVAL_MS, 'a whole number of milliseconds, at most 366 days');

const wei: Read<bigint> = (field, key) => {
  const value = field(key);
  if (typeof value === 'bigint') return value;
  throw new Wrong(`${key} is ${said(value)} and not an amount of wei (a bigint)`);
};

const isWithin = (wei: bigint, { leastWei, mostWei }: Bounds): boolean =>
  wei >= leastWei && wei <= mostWei;

const text: Read<string> = (field, key) => {
  const value = field(key);
  if (typeof value === 'string') return value;
  throw new Wrong(`${key} is ${said(value)} and not a text`);
};

const reason: Read<string> = (field, key) => {
  const value = text(field, key);
  if (value.trim() === '') throw new Wrong(`${key} is empty`);
  if (value.length > LONGEST_REASON) {
    throw new Wrong(`${key} has more than ${LONGEST_REASON} characters`);
  }
  if (visible(value) === value) return value;
  throw new Wrong(`${key} contains characters that nobody sees`);
};

const time: Read<string> = (field, key) => {
  const value = field(key);
  const ms = typeof value === 'string' ? readTime(value) : undefined;
  if (ms !== undefined) return new Date(ms).toISOString();
  throw new Wrong(`${key} is ${said(value)} and not a time such as 2026-03-15T00:00:00Z`);
};

const shownName: Read<string> = (field, key) => {
  const value = text(field, key);
  const fault = nicknameFault(value);
  if (fault === undefined) return value.normalize('NFC');
  throw new Wrong(`${key} cannot be shown: ${fault}`);
};

function oneOf<Value extends string>(field: Field, key: string, known: readonly Value[]): Value {
  const value = field(key);
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Wrong(`${key} is ${said(value)} and not one of ${known.join(', ')}`);
}

/** Says a value in a few visible characters. */
function said(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(visible(value.slice(0, 40)));
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
