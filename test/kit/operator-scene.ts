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

/** How workers stand in that pool: one in each state, with names and reasons as long as they come, an override, and two verdicts; one of them is invited. */
export async function fillGuardScene(db: Database): Promise<void> {
  const model = 'stabilityai/stable-video-diffusion-img2vid-xt-1-1';
  const reason =
    'real-time ratio 0.81 by 60 jobs of the last hour, below 1; success 64 % by 41 jobs of the last day, below 70 %';
  const lifts =
    'time: it gets jobs again, on probation, at 2026-03-10T07:25:00.000Z; then real-time ratio at least 1.5, success at least 95 %, for 30 min';
  await db.execute(sql`
    INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, lifts, figures, decided_by, judged_at)
    SELECT id, 'image-to-video', ${model}, one.state, now() - interval '2 hours', ${reason},
           CASE WHEN one.state <> 'good' THEN ${lifts} END, 'null', 'guard', now()
      FROM remote_worker w JOIN (VALUES (${ann}, 'excluded'), (${bob}, 'probation'), (${cid}, 'warned'), (${dan}, 'good'))
           AS one (payee, state) ON one.payee = w.payee`);
  await db.execute(sql`
    INSERT INTO guard_override (payee, state, from_dt, until_dt, actor, reason)
    VALUES (${dan}, 'good', now() - interval '1 hour', now() + interval '3 days', 'api:ann',
            'its owner has put a second card in, and showed what it does')`);
  await db.execute(sql`
    INSERT INTO invitation (payee, actor, reason)
    VALUES (${dan}, 'api:ann', 'he runs four cards in the north, and two more in spring')`);
  await db.execute(sql`
    INSERT INTO guard_effect (hour, pipeline, model_id, jobs, to_excluded, expected_micro)
    VALUES (date_trunc('hour', now()), 'image-to-video', ${model}, 400, 80, 80000000),
           (date_trunc('hour', now()) - interval '1 hour', 'image-to-video', ${model}, 1240, 1, 248000000)`);
}
