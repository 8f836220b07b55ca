/** Rows as a pool has them after a while, written straight into the tables, for tests of what is read. */

import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Config } from '../../config/config.js';
import type { Address } from '../../core/base/address.js';
import type { NodeType } from '../../core/base/remote-worker.js';
import type { Database } from '../../core/db/database.js';
import type { PayoutState } from '../../core/payouts/rules/payout.js';
import { nameFirstWallet } from '../../core/payouts/store/wallet/paying-wallet.js';
import { PLAIN_TERMS } from '../../core/policies/rules/pool-terms.js';

export const TEST_TOKEN = 'a-token-of-the-tests';
export const TEST_WALLET: Address = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
export const CHAIN_ID = 31337;

/** The n-th address of the tests. */
export const addressOf = (n: number): Address => `0x${digest(`address ${n}`).slice(0, 40)}`;

/** The hash of the one attempt under this nonce. */
export const hashOf = (nonce: number): string => `0x${digest(`attempt ${nonce}`)}`;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The defaults. */
export const TEST_SENTINEL: Config['sentinel'] = {
  lagMs: 900_000,
  silenceMs: 1_800_000,
  zeroFeeShareBps: 500,
  unmatchedAgeMs: 86_400_000,
  priceJumpFactor: 3,
  clockSkewMs: 120_000,
};

export const TEST_GUARD: Config['guard'] = {
  mode: 'off',
  judgeIntervalMs: 60_000,
  leastJobs: 20,
  realTimeRatio: { warn: 1.2, exclude: 1, good: 1.5 },
  success: { warn: 0.9, exclude: 0.7, good: 0.95 },
  responseTime: null,
  online: null,
  warnAfterMs: 900_000,
  excludeAfterMs: 3_600_000,
  recoverAfterMs: 1_800_000,
  excludeForMs: 21_600_000,
  excludeForMostMs: 604_800_000,
  preferredWorkers: { host: '127.0.0.1', port: 7_936, refreshMs: 2_000 },
};

export function testConfig(api: Partial<Config['api']> = {}): Config {
  const source = { region: 'us-west', from: null, syncIntervalMs: 60_000, options: {} };
  return {
    pool: {
      id: null,
      name: 'Northern Lights Pool',
      region: 'us-west',
      commissionBps: 2_500,
      payoutThresholdWei: 5_000_000_000_000_000n,
      minPayoutIntervalMs: 0,
      rounding: 'commission-floor',
      termsFrom: null,
      payoutIntervalMs: 14_400_000,
      syncIntervalMs: 60_000,
      jobMatchWindowMs: 3_600_000,
      payoutsEnabled: true,
      maxPayoutWei: 1_000_000_000_000_000_000n,
      maxPaidPerDayWei: 10_000_000_000_000_000_000n,
      maxOrderedPerDayWei: 1_000_000_000_000_000_000n,
      maxGasShareBps: 1_000,
      maxJobFeeWei: 100_000_000_000_000_000n,
      terms: PLAIN_TERMS,
      policy: null,
      look: null,
    },
    baseDir: '/',
    sources: [
      {
        id: 'orchestrator-ai',
        kind: 'orchestrator-http',
        module: null,
        baseDir: '/',
        nodeType: 'ai',
        ...source,
      },
      {
        id: 'orchestrator-video',
        kind: 'orchestrator-http',
        module: null,
        baseDir: '/',
        nodeType: 'transcode',
        ...source,
      },
    ],
    sentinel: TEST_SENTINEL,
    guard: TEST_GUARD,
    database: { url: 'postgres://unused' },
    retention: { keepMonths: null, archiveDir: '/nowhere' },
    temporal: {
      address: '127.0.0.1:7233',
      namespace: 'default',
      connection: {},
      uiUrl: 'http://127.0.0.1:8233/',
      retentionMs: 604_800_000,
    },
    chain: {
      chainId: CHAIN_ID,
      rpcUrls: ['http://127.0.0.1:8545'],
      confirmations: 4,
      finalityConfirmations: 64,
      maxFeePerGasWei: 100_000_000n,
      maxPriorityFeePerGasWei: 0n,
      gasLimitCap: 2_000_000n,
      pollIntervalMs: 250,
      bumpAfterMs: 30_000,
      rpcTimeoutMs: 5_000,
      maxHeadAgeMs: 600_000,
      keepInWalletWei: 0n,
      explorerUrl: 'https://explorer.example',
    },
    wallet: {
      signer: { kind: 'keystore', keystoreFile: '', passphraseFile: '' },
      address: null,
      acceptedTransactions: 0,
    },
    api: {
      host: '127.0.0.1',
      port: 0,
      token: TEST_TOKEN,
      showConnections: false,
      showLeaderboard: true,
      ...api,
    },
    metrics: { workerAddress: null },
    selfService: { destinationCoolDownMs: 604_800_000 },
    revenue: { recipients: [], ticketBroker: null },
    solvency: { walletCover: 1.5, alsoHeldBy: [], orchestrator: null, bondingManager: null },
    notices: { publicUrl: null, giveUpAfterMs: 259_200_000, targets: [] },
    shadow: null,
    log: { level: 'error' },
  };
}

export interface TestWorker {
  readonly payee: Address;
  readonly nodeType?: NodeType;
  readonly region?: string;
  readonly pendingWei?: bigint;
  readonly reservedWei?: bigint;
  readonly paidWei?: bigint;
  readonly jobs?: number;
  readonly lastEventAt?: Date;
}

/** A remote worker with balances, as ledger entries that sum to zero. */
export async function addWorker(db: Database, worker: TestWorker): Promise<number> {
  const { payee, nodeType = 'transcode', region = 'us-west', jobs = 0 } = worker;
  const { pendingWei = 0n, reservedWei = 0n, paidWei = 0n, lastEventAt = null } = worker;
  await db.execute(sql`INSERT INTO payee (address) VALUES (${payee}) ON CONFLICT DO NOTHING`);
  const { rows } = await db.execute<{ id: string }>(sql`
    INSERT INTO remote_worker (payee, node_type, region, jobs, last_event_at)
    VALUES (${payee}, ${nodeType}, ${region}, ${jobs}, ${lastEventAt?.toISOString() ?? null})
    RETURNING id`);
  const id = Number(rows[0]?.id);
  const netWei = pendingWei + reservedWei + paidWei;
  if (netWei !== 0n) {
    const commissionWei = netWei / 3n;
    await post(db, 'jobs', [
      ['revenue', 0, -netWei - commissionWei],
      ['commission', 0, commissionWei],
      ['pending', id, pendingWei],
      ['reserved', id, reservedWei],
      ['paid', id, paidWei],
    ]);
    await db.execute(sql`
      INSERT INTO earning_day (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
      VALUES (${id}, (now() AT TIME ZONE 'UTC')::date, '', '', ${jobs}, 0, ${(netWei + commissionWei).toString()}::numeric,
              ${commissionWei.toString()}::numeric)`);
  }
  return id;
}

type Entry = readonly [account: string, remoteWorkerId: number, amountWei: bigint];

export async function post(db: Database, kind: string, entries: readonly Entry[]): Promise<void> {
  const values = entries.map(
    ([account, worker, wei]) =>
      sql`((SELECT id FROM made), ${account}, ${worker}::bigint, ${wei.toString()}::numeric)`,
  );
  const { rows } = await db.execute<{ id: string }>(
    sql`INSERT INTO posting (kind, reference) VALUES (${kind}, ${randomUUID()}) RETURNING id`,
  );
  await db.execute(sql`
    WITH made AS (SELECT ${rows[0]?.id}::bigint AS id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    VALUES ${sql.join(values, sql`, `)}`);
}

export interface TestConnection {
  readonly sourceId: string;
  readonly workerId: number;
  readonly connection: string;
  readonly up?: boolean;
  readonly at: Date;
  readonly seq: number;
}

export async function addConnection(db: Database, row: TestConnection): Promise<void> {
  await db.execute(sql`
    INSERT INTO connection (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
    VALUES (${row.sourceId}, ${row.workerId}, ${row.connection}, ${row.up ?? true},
            ${row.at.toISOString()}, ${row.seq})`);
}

export interface TestPayout {
  readonly payee: Address;
  readonly amountWei: bigint;
  readonly state: PayoutState;
  readonly createdAt: Date;
  readonly closedAt?: Date;
  readonly nonce?: number;
  readonly wait?: readonly [code: string, reason: string];
  readonly holdReason?: string;
}

/** Inserts a payout and, if a nonce is given, its nonce slot with one attempt. Returns the payout's id. */
export async function addPayout(db: Database, payout: TestPayout): Promise<string> {
  const id = randomUUID();
  const { payee, state, nonce, wait, holdReason } = payout;
  const createdAt = payout.createdAt.toISOString();
  // Past ones, in whatever state: the walk there is not what these tests are about.
  await db.transaction(async (tx) => {
    await tx.execute(sql`ALTER TABLE payout DISABLE TRIGGER payout_moves_one_way`);
    await tx.execute(sql`
      INSERT INTO payout (id, payee, destination, amount_wei, state, origin, wait_code, wait_reason,
                          held_at, hold_reason, created_at, closed_at)
      VALUES (${id}, ${payee}, ${payee}, ${payout.amountWei.toString()}, ${state}, 'round',
              ${wait?.[0] ?? null}, ${wait?.[1] ?? null}, ${holdReason === undefined ? null : createdAt},
              ${holdReason ?? null}, ${createdAt}, ${payout.closedAt?.toISOString() ?? null})`);
    await tx.execute(sql`ALTER TABLE payout ENABLE TRIGGER payout_moves_one_way`);
  });
  if (nonce === undefined) return id;
  const hash = hashOf(nonce);
  const slotState = state === 'paid' ? 'mined' : state === 'refused' ? 'failed' : 'open';
  await db.execute(sql`
    INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id, state, mined_hash, created_at)
    VALUES (${CHAIN_ID}, ${TEST_WALLET}, ${nonce}, ${id}, ${slotState},
            ${slotState === 'open' ? null : hash}, ${createdAt})`);
  await db.execute(sql`
    INSERT INTO attempt (hash, chain_id, wallet, nonce, n, raw, gas_limit, max_fee_per_gas_wei,
                         max_priority_fee_per_gas_wei, sends, first_sent_at, last_sent_at, last_answer)
    VALUES (${hash}, ${CHAIN_ID}, ${TEST_WALLET}, ${nonce}, 1, '\\x00', 30000, 100000000, 0, 2,
            ${createdAt}, ${createdAt}, 'already known (https://rpc.example/v2/secret-key)')`);
  return id;
}

export async function addWallet(db: Database): Promise<void> {
  await db.execute(sql`
    INSERT INTO wallet (chain_id, address, next_nonce, opening_nonce, opening_block, opening_balance_wei)
    VALUES (${CHAIN_ID}, ${TEST_WALLET}, 100, 0, 0, 1000000000000000000)`);
  await db.transaction((tx) => nameFirstWallet(tx, { chainId: CHAIN_ID, address: TEST_WALLET }));
}

export async function addTerms(db: Database, thresholdWei: bigint): Promise<void> {
  await db.execute(sql`
    INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding)
    VALUES ('0001-01-01Z', 2500, ${thresholdWei.toString()}, 0, 'commission-floor')`);
}
