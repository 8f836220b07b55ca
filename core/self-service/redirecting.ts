/**
 * Confirms the wishes for another destination. The API takes them, and may be reached by anybody; so a worker checks the
 * signature again, from the message that was kept, before the time begins after which money follows it.
 */
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from '../db/database.js';
import { transact } from '../db/transact.js';
import { readWish } from './rules/reading.js';
import { lockPayee, requirePayable } from './store/recording.js';
import {
  type AskedRedirect,
  askedRedirects,
  confirmRedirect,
  refuseRedirect,
} from './store/redirects.js';
import { type SignatureChain, verifyWish } from './verifying.js';

export interface RedirectDeps {
  readonly db: Database;
  readonly poolId: string;
  readonly chainId: number;
  readonly chain: SignatureChain;
  /** A redirect holds so many ms after a worker has confirmed it. */
  readonly coolDownMs: number;
  /** After so many ms nothing more is begun: contracts are asked by endpoints that may be slow. @default 10 s */
  readonly withinMs?: number;
}

interface Confirmed {
  readonly confirmed: number;
  readonly refused: number;
  /** Those whose signature could not be checked now: they are tried again. */
  readonly waiting: number;
}

const MOST_AT_ONCE = 100;
const USUAL_TIME_MS = 10_000;
/** A destination has no bounds. */
const NO_BOUNDS = { leastWei: 0n, mostWei: 0n };

/** Judges the wishes for another destination that no worker has judged yet. May run at any time, and several times at once. */
export async function confirmRedirects(deps: RedirectDeps): Promise<Confirmed> {
  const counts = { confirmed: 0, refused: 0, waiting: 0 };
  const endMs = performance.now() + (deps.withinMs ?? USUAL_TIME_MS);
  for (const asked of await askedRedirects(deps.db, MOST_AT_ONCE)) {
    if (performance.now() > endMs) break;
    counts[await judge(deps, asked)] += 1;
  }
  return counts;
}

async function judge(deps: RedirectDeps, asked: AskedRedirect): Promise<keyof Confirmed> {
  const { db, coolDownMs } = deps;
  try {
    await verify(deps, asked);
    await transact(db, async (tx) => {
      await lockPayee(tx, asked.payee);
      await requirePayable(tx, asked.destination);
      await confirmRedirect(tx, asked, coolDownMs);
    });
    return 'confirmed';
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    if (!error.final) return 'waiting';
    await transact(db, (tx) => refuseRedirect(tx, asked, error.message));
    return 'refused';
  }
}

/** Checks the message that was kept as the API did when it came, and that the row says what the message says. */
async function verify(deps: RedirectDeps, asked: AskedRedirect): Promise<void> {
  const { poolId, chainId, chain } = deps;
  const { payee, nonce, destination, signed, signature, receivedAt: now } = asked;
  const read = readWish(signed, { payee, poolId, chainId, bounds: NO_BOUNDS, now });
  const { wish } = read;
  const isSame =
    wish.kind === 'destination' && wish.destination === destination && read.nonce === nonce;
  if (!isSame) {
    throw new PoolError(
      'WISH_MALFORMED',
      'The row of the wish says something else than its message.',
    );
  }
  await verifyWish(read, signature, chain);
}
