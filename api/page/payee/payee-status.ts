import { createLinks } from '../../../client/links.js';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { readWhy } from '../../../client/why.js';
import type { Address } from '../../../core/base/address.js';
import type { Reader } from '../../../core/db/database.js';
import { stateOfWorkers } from '../../../core/guard/standings.js';
import { readEarnings } from '../../../core/payees/store/earned-days.js';
import { findPayee } from '../../../core/payees/store/payee-reads.js';
import { readPresence } from '../../../core/payees/store/presence.js';
import { listRemoteWorkers } from '../../../core/payees/store/remote-worker-reads.js';
import { listPayouts, readCosts } from '../../../core/payouts/store/reads/payout-reads.js';
import { readClaims } from '../../../core/policies/claims/claimed.js';
import { findLook } from '../../../core/policies/store/looks.js';
import { readSettings } from '../../../core/self-service/store/wishes.js';
import type { Why, WhyVerdict } from '../../../core/standing/rules/why.js';
import type { Span } from '../charts/spans.js';

const SHOWN_WORKERS = { limit: 100, cursor: null };
const SHOWN_PAYOUTS = { limit: 15, cursor: null };
const STRIP_DAYS = 90;

/** How a payee stands, as its page says it: who is not due waits for the pool, for itself, or only for time. */
export type PayeeVerdict = WhyVerdict | 'kept-by-pool' | 'kept-by-you';

export function shownVerdict({
  verdict,
  decidedBy,
}: Pick<Why, 'verdict' | 'decidedBy'>): PayeeVerdict {
  if (verdict !== 'not-due' || decidedBy === null || decidedBy.code === null) return verdict;
  if (decidedBy.opensByItself || decidedBy.opener === 'nobody') return verdict;
  return decidedBy.opener === 'payee' ? 'kept-by-you' : 'kept-by-pool';
}

export type PayeeStatus = NonNullable<Awaited<ReturnType<typeof readPayeeStatus>>>;

/** Reads all data of a payee's page; undefined when the payee was never seen. */
export async function readPayeeStatus(pool: RunningPool, address: Address, span: Span) {
  const { db, config, version } = pool;
  const now = nowOf(pool);
  const nowMs = now.getTime();
  const [
    payee,
    why,
    workers,
    { payouts, costs },
    earnings,
    presence,
    own,
    standings,
    look,
    claims,
  ] = await Promise.all([
    findPayee(db, address),
    readWhy(pool, address),
    listRemoteWorkers(db, { payee: address }, SHOWN_WORKERS),
    readPayouts(db, address),
    readEarnings(db, { payee: address, days: span, nowMs }),
    readPresence(db, { payee: address, days: STRIP_DAYS, nowMs }),
    readSettings(db, address),
    stateOfWorkers(db, { payee: address }),
    findLook(db, address),
    readClaims(db, [address]),
  ]);
  if (payee === undefined || why === undefined) return undefined;
  return {
    config,
    version,
    now,
    span,
    earnings,
    presence,
    payee,
    own,
    standings,
    look,
    claims: claims.get(address) ?? [],
    why,
    workers: workers.items,
    payouts,
    nextRoundAt: why.nextRoundAt,
    costs,
    links: createLinks(pool),
  };
}

async function readPayouts(db: Reader, payee: Address) {
  const { items } = await listPayouts(db, { payee }, SHOWN_PAYOUTS);
  const ids = items.map(({ id }) => id);
  return { payouts: items, costs: await readCosts(db, ids) };
}
