/** A pool in which something needs an operator's hand, written straight into the tables. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { recordBalance } from '../../core/payouts/store/wallet/wallets.js';
import {
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  CHAIN_ID,
  TEST_WALLET,
} from './test-pool.js';

const MILLI_ETH = 10n ** 15n;
const HOUR_MS = 3_600_000;
const [ann, bob, cid, dan] = [addressOf(1), addressOf(2), addressOf(3), addressOf(4)];

export interface Scene {
  /** The ids of payouts: held for days, above the cap since an hour, signed and stuck, paid long ago. */
  readonly held: string;
  readonly large: string;
  readonly stuck: string;
  readonly old: string;
}

/** Fills the pool; all ages are from now on. */
export async function fillOperatorScene(db: Database): Promise<Scene> {
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
  await addTerms(db, 5n * MILLI_ETH);
  await addWallet(db);
  const seen = { wei: 900n * MILLI_ETH, block: 9, baseFeeWei: 20_000_000n };
  await recordBalance(db, { chainId: CHAIN_ID, address: TEST_WALLET }, seen);
  await addWorker(db, { payee: ann, reservedWei: 700n * MILLI_ETH, jobs: 5 });
  await addWorker(db, { payee: bob, reservedWei: 1_200n * MILLI_ETH, jobs: 5 });
  await addWorker(db, { payee: cid, reservedWei: 9n * MILLI_ETH, pendingWei: MILLI_ETH, jobs: 5 });
  await addWorker(db, {
    payee: dan,
    pendingWei: 8n * MILLI_ETH,
    paidWei: 10n * MILLI_ETH,
    jobs: 5,
  });
  const reserved = { state: 'reserved', amountWei: 700n * MILLI_ETH } as const;
  const held = await addPayout(db, {
    ...reserved,
    payee: ann,
    createdAt: hoursAgo(80),
    wait: ['PAYOUT_HELD', 'held: the address looks odd'],
    holdReason: 'the address looks odd',
  });
  const large = await addPayout(db, {
    ...reserved,
    payee: bob,
    amountWei: 1_200n * MILLI_ETH,
    createdAt: hoursAgo(1),
    wait: ['PAYOUT_ABOVE_CAP', '1.2 ETH is more than pool.maxPayout, 1 ETH'],
  });
  const stuck = await addPayout(db, {
    payee: cid,
    amountWei: 9n * MILLI_ETH,
    state: 'signed',
    createdAt: hoursAgo(5),
    nonce: 7,
    wait: ['AWAITING_INCLUSION', 'sent, and in no block yet'],
  });
  const old = await addPayout(db, {
    payee: dan,
    amountWei: 10n * MILLI_ETH,
    state: 'paid',
    createdAt: hoursAgo(24 * 20),
    closedAt: hoursAgo(24 * 20),
    nonce: 3,
  });
  await db.execute(sql`
    INSERT INTO source (id, kind, reads_from, region, node_type)
    VALUES ('north', 'orchestrator-http', 'https://north.example', 'eu', 'ai')`);
  await db.execute(sql`
    INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at)
    VALUES ('SOURCE_FAILING', 'north', '', 'warning', 'no pass has ended well for 2 h', '{}',
            ${hoursAgo(2).toISOString()}, now())`);
  await db.execute(sql`
    INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason, created_at)
    VALUES ('north', ${hoursAgo(30).toISOString()}, '17', 'processed', ${(4n * MILLI_ETH).toString()},
            'no-other-half', ${hoursAgo(30).toISOString()})`);
  await db.execute(sql`
    INSERT INTO set_aside (source_id, event_id, dt_text, place, code, reason, raw, raw_hash, tried_version)
    VALUES ('north', '18', 'x', 'p', 'EVENT_ID_MALFORMED', 'x', '{}', 'h', '1')`);
  return { held, large, stuck, old };
}
