/** A funded wallet, payees with something pending, and eyes on what the chain really did. */

import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { encryptKeystoreJson, Wallet } from 'ethers';
import type { Address } from '../../core/base/address.js';
import { createChainClient } from '../../core/chain/quorum.js';
import type { ChainConfig } from '../../core/chain/settings.js';
import { openKeystore } from '../../core/chain/signer/keystore.js';
import { openWallet } from '../../core/checks/opening.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { isClosed, type PayoutState, type Wait } from '../../core/payouts/rules/payout.js';
import type { PayoutLimits } from '../../core/payouts/rules/payout-limits.js';
import { createSender, type Sender } from '../../core/payouts/sending/sending.js';
import { Settler } from '../../core/payouts/settling/settler.js';
import type { RoundConfig } from '../../core/payouts/store/payee-standings.js';
import { payoutProgress } from '../../core/payouts/store/payout-progress.js';
import { reserveManual } from '../../core/payouts/store/reservations.js';
import { payingWallet } from '../../core/payouts/store/wallet/paying-wallet.js';
import { replaceWallet } from '../../core/payouts/store/wallet/wallet-replacement.js';
import type { MoneyDeps } from '../../core/payouts/wallet/money-deps.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, rpc, rpcBatch } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from './database.js';

const ETH = 10n ** 18n;
const GWEI = 10n ** 9n;
export const PASSPHRASE = 'correct horse';

export function chainConfig(
  chain: Pick<LocalChain, 'chainId' | 'rpcUrl'>,
  changes: Partial<ChainConfig> = {},
): ChainConfig {
  return {
    chainId: chain.chainId,
    // One node under two names: two endpoints that agree.
    rpcUrls: [chain.rpcUrl, chain.rpcUrl.replace('127.0.0.1', 'localhost')],
    confirmations: 2,
    finalityConfirmations: 6,
    maxFeePerGasWei: 50n * GWEI,
    maxPriorityFeePerGasWei: GWEI,
    gasLimitCap: 200_000n,
    pollIntervalMs: 50,
    bumpAfterMs: 60_000,
    rpcTimeoutMs: 2_000,
    maxHeadAgeMs: 600_000,
    keepInWalletWei: 0n,
    explorerUrl: null,
    ...changes,
  };
}

/** Limits that no test meets, except the tests of the limits. */
export const WIDE_LIMITS: PayoutLimits = {
  maxPayoutWei: 1_000_000n * ETH,
  maxPaidPerDayWei: 1_000_000n * ETH,
  // Some tests pay a single wei.
  maxGasShareBps: 1e30,
  terms: { thresholdBounds: { leastWei: 0n, mostWei: 1_000_000n * ETH } },
};

/** What rounds of tests go by where nobody looks at the gas. */
export const TEST_ROUND: RoundConfig = {
  chain: { maxFeePerGasWei: 50n * GWEI, maxPriorityFeePerGasWei: GWEI },
  limits: WIDE_LIMITS,
};

export function randomAddress(): Address {
  return `0x${randomBytes(20).toString('hex')}`;
}

/** A key in a geth keystore, one that opens quickly unless told otherwise. */
export async function makeKeystore(
  cost: { readonly N: number; readonly r?: number; readonly p?: number } = { N: 2 },
): Promise<{ readonly json: string; readonly key: Wallet }> {
  const key = new Wallet(`0x${randomBytes(32).toString('hex')}`);
  const json = await encryptKeystoreJson(key, PASSPHRASE, { scrypt: cost });
  return { json, key };
}

export interface TestWallet {
  readonly deps: MoneyDeps;
  readonly address: Address;
  /** The same key outside of the manager: a second user of the wallet. */
  readonly key: Wallet;
  /** The same key as a process reads it. */
  readonly keystore: string;
}

/** A new wallet with a balance, opened in this database. */
export async function createTestWallet(
  db: Database,
  chain: LocalChain,
  options: {
    readonly config?: Partial<ChainConfig>;
    readonly limits?: Partial<PayoutLimits>;
    readonly balanceWei?: bigint;
  } = {},
): Promise<TestWallet> {
  const { json, key } = await makeKeystore();
  const signer = await openKeystore({ json, passphrase: PASSPHRASE });
  await setBalance(chain, signer.address, options.balanceWei ?? 100n * ETH);
  const config = chainConfig(chain, options.config);
  const limits = { ...WIDE_LIMITS, ...options.limits };
  const deps = { db, rpc: createChainClient(config), signer, chain: config, limits };
  // A wallet of the test's own takes the place of an earlier test's in the same database.
  if ((await payingWallet(db)) !== undefined) {
    await replaceWallet(db, { to: signer.address, actor: 'test', reason: 'the next test' });
  }
  await openWallet(deps, { acceptedTransactions: 0 });
  return { deps, address: signer.address, key, keystore: json };
}

export async function setBalance(chain: LocalChain, address: Address, wei: bigint): Promise<void> {
  await rpc(chain.rpcUrl, 'anvil_setBalance', [address, `0x${wei.toString(16)}`]);
}

/** A database of the caller's own with terms: whoever is credited in it can be paid. */
export async function createMoneyDatabase(maxConnections?: number): Promise<TestDatabase> {
  const database = await createTestDatabase(maxConnections);
  await recordTestTerms(database.db);
  return database;
}

export async function recordTestTerms(
  db: Database,
  terms: { readonly thresholdWei?: bigint; readonly minIntervalMs?: number } = {},
): Promise<void> {
  // A second call makes terms that begin a millisecond after the latest ones.
  await db.execute(sql`
    INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms, rounding)
    SELECT coalesce(max(from_dt) + interval '1 ms', '0001-01-01Z'), 2500, ${(terms.thresholdWei ?? 1n).toString()}::numeric,
           ${terms.minIntervalMs ?? 0}::bigint, 'commission-floor' FROM terms`);
}

let credits = 0;

/** Makes a payee with one worker row per amount; negative ones are debts. */
export async function credit(
  db: Database,
  amountsWei: readonly bigint[],
  payee: Address = randomAddress(),
): Promise<Address> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`INSERT INTO payee (address) VALUES (${payee}) ON CONFLICT DO NOTHING`);
    for (const [index, amountWei] of amountsWei.entries()) {
      const [worker] = await query<{ id: string }>(
        tx,
        sql`INSERT INTO remote_worker (payee, node_type, region) VALUES (${payee}, 'ai', ${`r${index}`})
            ON CONFLICT (payee, node_type, region) DO UPDATE SET jobs = remote_worker.jobs RETURNING id`,
      );
      credits += 1;
      await tx.execute(sql`
        WITH made AS (INSERT INTO posting (kind, reference) VALUES ('adjust', ${`credit ${credits}`})
                      RETURNING id)
        INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
        SELECT id, account, worker::bigint, amount::numeric FROM made, (VALUES
          ('pending', ${worker?.id ?? ''}::text, ${amountWei.toString()}::text),
          ('adjustment', '0', ${(-amountWei).toString()}::text)) AS entry (account, worker, amount)`);
    }
  });
  return payee;
}

/** A payee with this much pending, and a payout reserved for it. */
export async function reserveFor(
  db: Database,
  amountWei: bigint,
  payee?: Address,
): Promise<{ readonly payoutId: string; readonly payee: Address }> {
  const address = await credit(db, [amountWei], payee);
  const asked = { actor: 'test', reason: 'test', requestId: randomUUID() };
  const request = { payee: address, belowThreshold: true, ...asked };
  return { payoutId: (await reserveManual(db, request, TEST_ROUND)).payoutId, payee: address };
}

export type SettleOutcome =
  | { readonly kind: 'closed'; readonly state: PayoutState; readonly txHash: string | null }
  /** The ledger knows of no signature for it. */
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'missing' };

const LOOK_EVERY_MS = 25;

/** Does what a worker and its sagas do, without Temporal: sends until it is sent, then settles until the payout has ended. */
export function createPayer(deps: MoneyDeps) {
  let settler: Settler | undefined;
  let followers = 0;
  const sender = createSender(deps, () => settler?.nudge());
  /** Settles until it is released, as long as nobody else of this payer wants it to go on. */
  const follow = () => {
    followers += 1;
    settler ??= startSettler(deps, sender);
    return async () => {
      followers -= 1;
      if (followers > 0) return;
      const ending = settler;
      settler = undefined;
      await ending?.stop();
    };
  };
  const settle = async (payoutId: string): Promise<SettleOutcome> => {
    const release = follow();
    for (;;) {
      // Tests break connections: one that is refused is tried again.
      const outcome = await outcomeOf(deps.db, payoutId).catch(() => undefined);
      if (outcome !== undefined) {
        await release();
        return outcome;
      }
      await sleep(LOOK_EVERY_MS);
    }
  };
  const pay = async (payoutId: string): Promise<SettleOutcome> => {
    for (;;) {
      const sent = await sender.send(payoutId);
      if (sent.kind === 'closed') return sent;
      if (sent.kind === 'waiting') {
        await sleep(100);
        continue;
      }
      const outcome = await settle(payoutId);
      if (outcome.kind === 'closed') return outcome;
    }
  };
  return { sender, follow, settle, pay };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function startSettler(deps: MoneyDeps, sender: Sender): Settler {
  const made = new Settler(deps, { sender, tell: () => Promise.resolve() });
  made.start();
  return made;
}

async function outcomeOf(db: Database, payoutId: string): Promise<SettleOutcome | undefined> {
  const [payout] = await payoutProgress(db, [payoutId]);
  if (payout === undefined) return { kind: 'missing' };
  const { state, slot } = payout;
  if (isClosed(state)) return { kind: 'closed', state, txHash: slot?.txHash ?? null };
  return state === 'reserved' ? { kind: 'unsigned' } : undefined;
}

/** Why the payout waits, as Postgres shows it. */
export async function waitOf(db: Database, payoutId: string): Promise<Wait | null> {
  return (await payoutProgress(db, [payoutId]))[0]?.wait ?? null;
}

export interface ChainTransfer {
  readonly hash: string;
  readonly to: string;
  readonly nonce: number;
  readonly valueWei: bigint;
  readonly succeeded: boolean;
}

const BLOCKS_AT_ONCE = 200;

/** Every transaction of this sender that the chain holds, by a scan of all its blocks. */
export async function transfersOf(
  { rpcUrl }: Pick<LocalChain, 'rpcUrl'>,
  sender: Address,
): Promise<readonly ChainTransfer[]> {
  const head = Number(await rpc(rpcUrl, 'eth_blockNumber'));
  const own: Fields[] = [];
  for (let from = 0; from <= head; from += BLOCKS_AT_ONCE) {
    const size = Math.min(BLOCKS_AT_ONCE, head - from + 1);
    const numbers = Array.from({ length: size }, (_, index) => `0x${(from + index).toString(16)}`);
    const params = numbers.map((number) => [number, true]);
    for (const block of await rpcBatch(rpcUrl, 'eth_getBlockByNumber', params)) {
      const { transactions } = block as { readonly transactions: readonly Fields[] };
      own.push(...transactions.filter((transaction) => transaction['from'] === sender));
    }
  }
  const hashes = own.map((transaction) => [transaction['hash']]);
  const receipts = await rpcBatch(rpcUrl, 'eth_getTransactionReceipt', hashes);
  return own.map((transaction, index) => ({
    hash: transaction['hash'] ?? '',
    to: transaction['to'] ?? '',
    nonce: Number(transaction['nonce']),
    valueWei: BigInt(transaction['value'] ?? '0'),
    succeeded: (receipts[index] as Fields | null)?.['status'] === '0x1',
  }));
}

type Fields = Readonly<Record<string, string>>;

/** Deploys runtime code by hand: the init code copies it and returns it. */
export async function deploy(chain: LocalChain, runtime: string): Promise<Address> {
  const size = (runtime.length / 2).toString(16).padStart(2, '0');
  const data = `0x60${size}600c60003960${size}6000f3${runtime}`;
  const [from] = (await rpc(chain.rpcUrl, 'eth_accounts')) as readonly string[];
  const hash = await rpc(chain.rpcUrl, 'eth_sendTransaction', [{ from, data, gas: '0x30d40' }]);
  for (;;) {
    const receipt = (await rpc(chain.rpcUrl, 'eth_getTransactionReceipt', [hash])) as {
      readonly contractAddress: string;
    } | null;
    if (receipt !== null) return receipt.contractAddress.toLowerCase() as Address;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runtime codes: what a payee's contract does with money. */
export const CONTRACTS = {
  refusing: '60006000fd',
  burning: '5b600056',
  /** Takes it, with a log entry: more gas than 21000. */
  accepting: '60006000a000',
} as const;

/** What the payee has in each account. */
export async function balancesOf(
  db: Database,
  payee: Address,
): Promise<Readonly<Record<'pending' | 'reserved' | 'paid', bigint>>> {
  const rows = await query<{ account: string; wei: string }>(
    db,
    sql`SELECT account, sum(amount_wei) AS wei FROM balance
          JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE worker.payee = ${payee} GROUP BY account`,
  );
  const of = (account: string) => BigInt(rows.find((row) => row.account === account)?.wei ?? 0);
  return { pending: of('pending'), reserved: of('reserved'), paid: of('paid') };
}

/** Paid per payee by the ledger, for comparison with the chain. */
export async function paidByLedger(db: Database): Promise<ReadonlyMap<string, bigint>> {
  const rows = await query<{ payee: string; paid: string }>(
    db,
    sql`SELECT worker.payee, sum(amount_wei) AS paid FROM balance
          JOIN remote_worker worker ON worker.id = balance.remote_worker_id
         WHERE account = 'paid' GROUP BY worker.payee HAVING sum(amount_wei) > 0`,
  );
  return new Map(rows.map(({ payee, paid }) => [payee, BigInt(paid)]));
}

/** Paid per destination by the chain: successful transfers only. */
export async function paidByChain(
  chain: LocalChain,
  sender: Address,
): Promise<ReadonlyMap<string, bigint>> {
  const paid = new Map<string, bigint>();
  for (const { to, valueWei, succeeded } of await transfersOf(chain, sender)) {
    if (succeeded) paid.set(to, (paid.get(to) ?? 0n) + valueWei);
  }
  return paid;
}

export async function stateOf(db: Database, payoutId: string): Promise<string | undefined> {
  return (await payoutProgress(db, [payoutId]))[0]?.state;
}

/** Sends one wei with the wallet's key from outside of the manager. */
export async function sendForeign(
  chain: LocalChain,
  wallet: TestWallet,
  nonce: number,
  {
    to = randomAddress(),
    valueWei = 1n,
  }: { readonly to?: Address; readonly valueWei?: bigint } = {},
): Promise<void> {
  const raw = await wallet.key.signTransaction({
    type: 2,
    chainId: chain.chainId,
    nonce,
    to,
    value: valueWei,
    gasLimit: 21_000n,
    maxFeePerGas: 50n * GWEI,
    maxPriorityFeePerGas: 2n * GWEI,
  });
  const hash = await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw]);
  if ((await rpc(chain.rpcUrl, 'anvil_getAutomine')) !== true) return;
  // Where each transaction is mined at once, the node still answers before it.
  await until(
    `the block of foreign transaction ${nonce}`,
    async () => (await rpc(chain.rpcUrl, 'eth_getTransactionReceipt', [hash])) !== null,
    { withinMs: 10_000, everyMs: 20 },
  );
}
