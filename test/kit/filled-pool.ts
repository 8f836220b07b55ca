/** A pool after three days: sources that read well and badly, workers, payouts in every state, rounds, findings. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import {
  addConnection,
  addPayout,
  addressOf,
  addTerms,
  addWallet,
  addWorker,
  post,
} from './test-pool.js';

const GWEI = 10n ** 9n;
const MILLI_ETH = 10n ** 15n;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

export async function fillPool(db: Database): Promise<void> {
  await addTerms(db, 5n * MILLI_ETH);
  await addWallet(db);
  await db.execute(sql`
    INSERT INTO source (id, kind, reads_from, region, node_type, cursor_dt, last_success_at, last_error_code, last_error) VALUES
      ('orchestrator-ai', 'orchestrator-http', 'https://ai.example/pool', NULL, NULL,
       ${minutesAgo(0.2).toISOString()}, ${minutesAgo(0.1).toISOString()}, NULL, NULL),
      ('orchestrator-video', 'orchestrator-http', 'https://video.example:7935/pool', 'eu-central', 'transcode',
       ${minutesAgo(31).toISOString()}, ${minutesAgo(30).toISOString()}, 'EVENT_SOURCE_UNREACHABLE',
       'https://video.example:7935/pool/events does not answer: connect ECONNREFUSED 10.1.2.3:7935')`);
  await db.execute(sql`
    INSERT INTO event_count (source_id, hour, event_type, version, events) VALUES
      ('orchestrator-ai', date_trunc('hour', now()), 'job-processed', 1, 2344),
      ('orchestrator-ai', now() - interval '5 days', 'job-processed', 1, 3182344)`);
  // The test data: events rise and fall with day and night, one source goes silent, and some of its jobs were free.
  await db.execute(sql`
    INSERT INTO event_count (source_id, hour, event_type, version, events, zero_fee_events)
    SELECT id, date_trunc('hour', now()) - n * interval '1 hour', 'job-processed', 1,
           (2000 * (1.2 + sin(n * pi() / 12 + k)) * k)::bigint + n * 7,
           CASE WHEN k = 2 AND n BETWEEN 3 AND 8 THEN 900 + n * 90 ELSE 0 END
      FROM generate_series(1, 47) n,
           (VALUES ('orchestrator-ai', 1), ('orchestrator-video', 2)) source (id, k)
     WHERE k = 1 OR n > 2`);
  await db.execute(sql`
    INSERT INTO setting (key, value) VALUES ('sentinel.looked-at', ${minutesAgo(0.2).toISOString()})`);
  await db.execute(sql`
    INSERT INTO finding (code, source_id, subject, severity, words, figures, opened_at, seen_at,
                         acknowledged_at, acknowledged_by, acknowledged_reason) VALUES
      ('SOURCE_FAILING', 'orchestrator-video', '', 'warning',
       'no pass has ended well for 30 min: every pass fails with EVENT_SOURCE_UNREACHABLE', '{}',
       ${minutesAgo(15).toISOString()}, now(), NULL, NULL, NULL),
      ('EVENTS_UNKNOWN', 'orchestrator-ai', 'x', 'warning',
       '3 events of a type or version that this program does not know came within a day: <script>x</script> v1 of http://10.9.8.7:80/',
       '{}', ${minutesAgo(400).toISOString()}, now(), now(), 'cli', 'they come with their next release'),
      ('PRICE_JUMP', 'orchestrator-ai', 'ai / text-to-image / sdxl', 'grave',
       'a unit of ai / text-to-image / sdxl costs 1200 wei, usually 100: 12.00 times as much', '{}',
       ${minutesAgo(44).toISOString()}, now(), NULL, NULL, NULL),
      ('SOURCE_SILENT', 'orchestrator-ai', '', 'grave', 'long ago', '{}',
       ${minutesAgo(4000).toISOString()}, now(), NULL, NULL, NULL)`);
  await db.execute(sql`UPDATE finding SET resolved_at = now() WHERE code = 'SOURCE_SILENT'`);
  const regions = ['us-west', 'eu-central', 'ap-south'];
  for (let n = 1; n <= 9; n += 1) {
    const nodeType = n % 3 === 0 ? 'ai' : 'transcode';
    const id = await addWorker(db, {
      payee: addressOf(n),
      nodeType,
      region: regions[n % 3] ?? '',
      jobs: 811 * n * n,
      pendingWei: BigInt(n) * 1_234_567n * GWEI,
      reservedWei: n < 4 ? 7n * MILLI_ETH : 0n,
      paidWei: BigInt(10 - n) * 41_234_567n * GWEI,
      lastEventAt: minutesAgo(n * n),
    });
    const row = { sourceId: 'orchestrator-ai', workerId: id, connection: '10.0.0.1:1', seq: 1 };
    if (n < 7) await addConnection(db, { ...row, at: minutesAgo(60) });
  }
  await post(db, 'unattributed', [
    ['revenue', 0, -MILLI_ETH],
    ['unattributed', 0, MILLI_ETH],
  ]);
  await db.execute(sql`
    INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
    SELECT 'orchestrator-ai', now(), n::text, 'processed', 1, 'no-other-half' FROM generate_series(1, 12) n`);
  await fillDays(db);
  await fillPayouts(db);
  await db.execute(sql`
    INSERT INTO payout_round (id, workflow_id, started_at, finished_at, payouts, reserved_wei)
    SELECT gen_random_uuid(), 'round-' || n, now() - n * interval '4 hours' - interval '1 hour',
           now() - n * interval '4 hours' - interval '59 minutes', n % 4, (n % 4) * 7000000000000000
      FROM generate_series(0, 17) n`);
}

/**
 * Sixty days of earnings of the first worker, which was away for some and not to be seen on others. What the balances came
 * from stands before all of them, and every other day pays what was earned on the two before.
 */
async function fillDays(db: Database): Promise<void> {
  await db.execute(sql`UPDATE remote_worker SET created_at = now() - interval '75 days'`);
  await db.execute(sql`UPDATE earning_day SET day = day - 100`);
  await db.execute(sql`UPDATE paid_day SET day = day - 100`);
  await db.execute(sql`
    INSERT INTO earning_day (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
    SELECT (SELECT min(id) FROM remote_worker), (now() AT TIME ZONE 'UTC')::date - n, pipeline, model,
           40 + n % 7, 1000, (30 + n % 11 * 4) * 100000000000000 * k, (30 + n % 11 * 4) * 25000000000000 * k
      FROM generate_series(0, 59) n,
           (VALUES ('text-to-image', 'SG161222/RealVisXL_V4.0_Lightning', 1), ('llm', 'meta/llama-3', 2)) m (pipeline, model, k)
     WHERE n NOT BETWEEN 20 AND 26`);
  await db.execute(sql`
    INSERT INTO paid_day (day, paid_wei)
    SELECT day::date, (SELECT coalesce(sum(gross_wei - commission_wei), 0) FROM pool_day p
                        WHERE p.day BETWEEN one.day - interval '2 days' AND one.day - interval '1 day')
      FROM generate_series((now() AT TIME ZONE 'UTC')::date - 58, (now() AT TIME ZONE 'UTC')::date, interval '2 days') one (day)`);
  await db.execute(sql`
    INSERT INTO connection_change (remote_worker_id, changed_dt, source_id, changed_seq, connection, up)
    SELECT (SELECT min(id) FROM remote_worker), now() - n * interval '1 day', 'orchestrator-ai', n, '10.0.0.1:1', up
      FROM (VALUES (60, true), (26, false), (19, true)) changes (n, up)`);
  await db.execute(sql`
    INSERT INTO source_day (source_id, day, good_passes, failed_passes, good_hours)
    SELECT 'orchestrator-ai', (now() AT TIME ZONE 'UTC')::date - n, 900, 0, 16777215
      FROM generate_series(0, 89) n WHERE n NOT BETWEEN 22 AND 24`);
}

async function fillPayouts(db: Database): Promise<void> {
  const open = { amountWei: 7n * MILLI_ETH };
  await addPayout(db, {
    ...open,
    payee: addressOf(1),
    state: 'signed',
    createdAt: minutesAgo(2),
    nonce: 90,
    wait: ['AWAITING_CONFIRMATIONS', 'waiting for 3 more confirmations'],
  });
  await addPayout(db, {
    ...open,
    payee: addressOf(2),
    state: 'reserved',
    createdAt: minutesAgo(190),
    wait: [
      'FEE_ABOVE_CAP',
      'fee cap 0.1 gwei is below base fee 0.3 gwei: raise chain.maxFeePerGas or wait',
    ],
  });
  await addPayout(db, {
    ...open,
    payee: addressOf(3),
    state: 'reserved',
    createdAt: minutesAgo(45),
    holdReason: 'the payee <script>document.title = "broken in"</script> asked to wait',
  });
  for (let n = 1; n <= 9; n += 1) {
    const state = n === 4 ? 'refused' : n === 7 ? 'cancelled' : 'paid';
    await addPayout(db, {
      payee: addressOf(n),
      amountWei: BigInt(10 - n) * 41_234_567n * GWEI,
      state,
      createdAt: minutesAgo(240 * n),
      closedAt: minutesAgo(240 * n - 1),
      ...(state === 'cancelled' ? {} : { nonce: n }),
    });
  }
}
