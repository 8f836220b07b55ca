/** Asks the first manager for its workers and its status, as its dashboards do. */
import { payableAddress } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import { foreignText } from '../base/foreign-text.js';
import { formatEth } from '../base/money.js';
import {
  asObject,
  field,
  type LosslessJson,
  parseLossless,
} from '../events/rules/reading/lossless-json.js';

const TIMEOUT_MS = 15_000;
const MOST_BYTES = 64 * 1024 * 1024;
const TRIES = 3;

export interface FirstManagerAnswer {
  /** Pending and paid together, by address in lower case; the empty address has what nobody was credited for. */
  readonly stated: ReadonlyMap<string, bigint>;
}

/**
 * Reads `/workers`, and `/status` to see that both say the same and which commission it takes. Throws MANAGER_UNREACHABLE when
 * it does not answer, and MANAGER_UNFIT when its answers are not the first manager's, or it takes another commission.
 */
export async function askFirstManager(
  url: string,
  commissionBps: number,
): Promise<FirstManagerAnswer> {
  for (let tries = 1; ; tries += 1) {
    const workers = await ask(url, 'workers');
    const status = await ask(url, 'status');
    const sums = readWorkers(workers);
    const fault = faultOf(status, sums, commissionBps);
    if (fault === undefined) return sums;
    // It may have credited something between the two answers.
    if (tries === TRIES) throw unfit(url, fault);
  }
}

/** Whether something answers at its address. An answer of any kind counts: then it may still pay. */
export async function isManagerThere(url: string): Promise<boolean> {
  try {
    await fetch(new URL('status', withSlash(url)), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return true;
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code;
    if (code === 'ECONNREFUSED') return false;
    throw new PoolError(
      'MANAGER_UNREACHABLE',
      `${url}: whether it still runs cannot be told: ${foreignText(error)}`,
    );
  }
}

const withSlash = (url: string) => (url.endsWith('/') ? url : `${url}/`);
const unfit = (url: string, words: string) =>
  new PoolError('MANAGER_UNFIT', `${foreignText(url)}: ${words}`);

async function ask(url: string, path: string): Promise<LosslessJson> {
  const place = new URL(path, withSlash(url));
  let text: string;
  try {
    const response = await fetch(place, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
    if (!response.ok) {
      throw new PoolError(
        'MANAGER_UNREACHABLE',
        `/${path} answers ${response.status}: ${foreignText(text)}`,
      );
    }
  } catch (error) {
    if (error instanceof PoolError) throw error;
    throw new PoolError(
      'MANAGER_UNREACHABLE',
      `${place.host} does not answer /${path}: ${foreignText(error)}`,
    );
  }
  if (text.length > MOST_BYTES) throw unfit(url, `/${path} is larger than 64 MiB`);
  try {
    return parseLossless(text);
  } catch {
    throw unfit(url, `/${path} is no JSON`);
  }
}

interface Sums extends FirstManagerAnswer {
  readonly pendingWei: bigint;
  readonly paidWei: bigint;
}

function readWorkers(said: LosslessJson): Sums {
  // Go writes an empty list as null.
  const list = said ?? [];
  if (!Array.isArray(list)) throw unfitWorker('/workers is no list');
  const stated = new Map<string, bigint>();
  let [pendingWei, paidWei] = [0n, 0n];
  for (const [index, one] of list.entries()) {
    const worker = asObject(one as LosslessJson);
    if (worker === undefined) throw unfitWorker(`/workers, element ${index}: no object`);
    const address = field(worker, 'ethAddress');
    if (typeof address !== 'string')
      throw unfitWorker(`/workers, element ${index}: ethAddress is no text`);
    const own = {
      pending: whole(worker, 'pending_fees', index),
      paid: whole(worker, 'paid_fees', index),
    };
    pendingWei += own.pending;
    paidWei += own.paid;
    const key = payableAddress(address) ?? '';
    stated.set(key, (stated.get(key) ?? 0n) + own.pending + own.paid);
  }
  return { stated, pendingWei, paidWei };
}

const unfitWorker = (words: string) => new PoolError('MANAGER_UNFIT', words);

function whole(worker: Readonly<Record<string, LosslessJson>>, key: string, index: number): bigint {
  const value = worker[key];
  const isWhole =
    (typeof value === 'number' && Number.isSafeInteger(value)) ||
    (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
  if (isWhole) return BigInt(value);
  throw unfitWorker(`/workers, element ${index}: ${key} is no whole number of wei`);
}

/** Its status has floating ETH: it must be the sum of the workers, as far as a float can say. */
function faultOf(said: LosslessJson, sums: Sums, commissionBps: number): string | undefined {
  const status = Array.isArray(said) ? asObject(said[0] as LosslessJson) : undefined;
  if (status === undefined) return '/status is no list with an object';
  const commission = Number(field(status, 'Commission'));
  if (Math.round(commission * 10_000) !== commissionBps) {
    return `/status says a commission of ${commission}, shadow.commission says ${commissionBps / 10_000}`;
  }
  for (const [key, wei] of [
    ['TotalPending', sums.pendingWei],
    ['TotalPayouts', sums.paidWei],
  ] as const) {
    const eth = Number(field(status, key));
    const expected = Number(wei) / 1e18;
    if (!(Math.abs(eth - expected) <= Math.abs(expected) * 1e-9)) {
      return `/status says ${key} ${eth} ETH, /workers come to ${formatEth(wei)} ETH`;
    }
  }
  return undefined;
}
