/**
 * Real rounds and real sends do what `explain` said just before, for thousands of payees in random states. Nothing is
 * mined meanwhile, so the base fee stays what it was when the balance was seen.
 */
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandomStream, type RandomStream } from '../../dev/kit/random.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { createTestWallet, recordTestTerms, type TestWallet } from '../../test/harness/money.js';
import type { Address } from '../base/address.js';
import { smallerWei } from '../base/money.js';
import { gasLimitFor } from '../chain/rules/gas-fees.js';
import { list, query } from '../db/query.js';
import { transact } from '../db/transact.js';
import { firstShut } from '../payouts/rules/gates.js';
import { LIFTERS, NOT_INVITED } from '../payouts/rules/payee-rule.js';
import { createSender } from '../payouts/sending/sending.js';
import {
  type RecordedAdmission,
  type RecordedRule,
  recordAdmissions,
  recordPayeeRules,
} from '../payouts/store/payee-rules.js';
import { leastPayout } from '../payouts/store/payee-standings.js';
import { approvePayout, cancelPayout, holdPayout } from '../payouts/store/payout-messages.js';
import { movePayouts } from '../payouts/store/payout-moves.js';
import {
  findPayingWallet,
  freeWeiOf,
  type PayingWallet,
} from '../payouts/store/reads/wallet-reads.js';
import { reserveRound } from '../payouts/store/reservations.js';
import { invitation } from '../payouts/store/tables.js';
import { recordBalance } from '../payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../payouts/wallet/money-deps.js';
import { payeeWish } from '../self-service/store/tables.js';
import { explain, type Why } from './rules/why.js';
import { readPayeeFacts, readUsualWaits } from './store/why-reads.js';

const PAYEES = 10_000;
/** Sent one after the other, since each send changes what is left for the next one. */
const SENT = 120;
const MILLI_ETH = 10n ** 15n;
const THRESHOLD_WEI = 10n * MILLI_ETH;
const decision = { actor: 'test', reason: 'because' };
const POOL = { isSwitchedOn: true, haltReason: null, stops: [] };

let database: TestDatabase;
let chain: LocalChain;
let wallet: TestWallet;
let random: RandomStream;

beforeAll(async () => {
  [database, chain] = await Promise.all([createTestDatabase(20), startChain()]);
  await recordTestTerms(database.db, { thresholdWei: THRESHOLD_WEI, minIntervalMs: 3_600_000 });
  await rpc(chain.rpcUrl, 'evm_setIntervalMining', [0]);
  await rpc(chain.rpcUrl, 'anvil_setNextBlockBaseFeePerGas', [
    `0x${(20n * 10n ** 9n).toString(16)}`,
  ]);
  await rpc(chain.rpcUrl, 'evm_mine');
  wallet = await createTestWallet(database.db, chain, {
    balanceWei: 5_000n * MILLI_ETH,
    limits: {
      maxPayoutWei: 40n * MILLI_ETH,
      maxPaidPerDayWei: 500n * MILLI_ETH,
      maxGasShareBps: 300,
      terms: { thresholdBounds: { leastWei: MILLI_ETH, mostWei: 30n * MILLI_ETH } },
    },
  });
  // What the chain shows is stored before anybody asks why.
  const seen = { wei: 5_000n * MILLI_ETH, block: 1, baseFeeWei: 20n * 10n ** 9n };
  await recordBalance(database.db, walletKeyOf(wallet.deps), seen);
});
afterAll(async () => {
  await Promise.all([database.close(), chain.stop()]);
});

describe('why a payee is paid', () => {
  it('is what the next round then does, for ten thousand payees', async () => {
    random = createRandomStream('why');
    await creditAll(await makePayees());
    await leaveSomePaidHeldAndOpen();
    await creditAll(await allPayees());
    await refuseSome();
    await sayMuch();
    const said = await explainAll();
    const leastWei = await leastPayout(database.db, wallet.deps);
    const { payouts } = await reserveRound(database.db, round('second'), wallet.deps);
    const reserved = await reservedBy('second');
    expect(reserved.size).toBe(payouts);
    for (const [payee, why] of said) {
      expect([payee, why.decidedBy?.code, reserved.has(payee)]).toEqual([
        payee,
        why.decidedBy?.code,
        why.verdict === 'pays' || why.verdict === 'waits',
      ]);
    }
    const verdicts = new Set([...said.values()].map(({ decidedBy }) => decidedBy?.code ?? 'pays'));
    // Whatever a ledger can say was said, and not by a handful of payees alone.
    expect([...verdicts].sort()).toEqual(
      [
        ...['BELOW_THRESHOLD', 'NEGATIVE', 'NOTHING_PENDING', 'PAYOUT_ABOVE_CAP', 'PAYOUT_HELD'],
        ...['TOO_SOON', 'UNPAYABLE', 'pays', 'GAS_SHARE_ABOVE_CAP', 'GAS_TOO_DEAR'],
        ...['NOT_INVITED', 'NOT_ADMITTED', 'HELD_BY_POLICY', 'PAUSED_BY_PAYEE'],
      ].sort(),
    );
    const due = [...said.values()].filter(
      ({ verdict }) => verdict === 'pays' || verdict === 'waits',
    );
    const amounts = due.map(pendingOf).sort((a, b) => (a < b ? -1 : 1));
    expect(leastWei).toBe(smallerWei(amounts[0] ?? 0n, await leastUnderWay()));
  });

  it('is what sending then does, one payout after the other', async () => {
    const sender = createSender(wallet.deps, () => undefined);
    const payees = [...(await reservedBy('second'))].slice(0, SENT);
    const seen = new Map<string, number>();
    // The first one makes the balance and the base fee known.
    await sender.send(await openPayoutOf(payees[0]));
    for (const payee of payees) {
      const payoutId = await openPayoutOf(payee);
      if (random.chance(0.1)) await approvePayout(database.db, payoutId, decision);
      if (random.chance(0.05))
        await holdPayout(database.db, payoutId, decision).catch(() => undefined);
      if (random.chance(0.05)) await turnAgainst(payee);
      const paying = await findPayingWallet(database.db, chain.chainId);
      const before = await whyOf(payee, paying);
      const result = await sender.send(payoutId);
      const shut = firstShut(before.payout)?.code ?? 'sent';
      const happened = result.kind === 'waiting' ? result.wait.code : result.kind;
      const isSigned = before.verdict === 'under-way' && shut !== 'sent';
      if (!isSigned) expect([payee, happened]).toEqual([payee, shut]);
      seen.set(shut, (seen.get(shut) ?? 0) + 1);
    }
    for (const code of [
      'sent',
      'PAYOUT_ABOVE_CAP',
      'PAYOUT_HELD',
      'DAILY_CAP_REACHED',
      'GAS_SHARE_ABOVE_CAP',
      'HELD_BY_POLICY',
      'NOT_INVITED',
    ]) {
      expect([code, seen.get(code) ?? 0]).not.toEqual([code, 0]);
    }
  });

  it('knows how long each wait usually lasts, once enough of them have ended', async () => {
    const before = await readUsualWaits(database.db);
    expect(before.find(({ code }) => code === 'PAYOUT_HELD')).toBeUndefined();
    const held = await query<{ id: string }>(
      database.db,
      sql`UPDATE payout SET wait_began_at = wait_began_at - interval '1 h'
           WHERE wait_code = 'PAYOUT_HELD' RETURNING id`,
    );
    expect(held.length).toBeGreaterThan(4);
    for (const { id } of held) await cancelPayout(database.db, id, decision);
    const usual = (await readUsualWaits(database.db)).find(({ code }) => code === 'PAYOUT_HELD');
    expect(usual?.waits).toBe(held.length);
    expect(usual?.medianMs).toBeGreaterThanOrEqual(3_600_000);
    expect(usual?.p90Ms).toBeLessThan(4_200_000);
  });
});

/** Says something against a payee whose payout is reserved. */
async function turnAgainst(payee: Address): Promise<void> {
  const { holdReason, ...rule } = randomRule(payee);
  await transact(database.db, async (tx) => {
    if (random.chance(0.5)) {
      await recordPayeeRules(tx, [{ ...rule, holdReason: holdReason ?? 'too slow' }]);
      return;
    }
    const reason = 'nobody invited it';
    const admission = { ...POLICY, payee, invited: false, admitted: false, reason } as const;
    await recordAdmissions(tx, [{ ...admission, code: NOT_INVITED, liftedBy: 'pool' }]);
  });
}

/** What is pending, as the gate of the threshold measures it. */
function pendingOf({ round }: Why): bigint {
  const { measured } = round.find(({ name }) => name === 'threshold') ?? {};
  return measured?.unit === 'wei' ? measured.value : 0n;
}

async function explainAll(): Promise<ReadonlyMap<Address, Why>> {
  const payees = await allPayees();
  const said = new Map<Address, Why>();
  const next = payees.values();
  const { deps } = wallet;
  const paying = await findPayingWallet(deps.db, deps.chain.chainId);
  const work = async () => {
    for (const payee of next) said.set(payee, await whyOf(payee, paying));
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return said;
}

async function whyOf(payee: Address, paying: PayingWallet | undefined): Promise<Why> {
  const { chain: rules, limits } = wallet.deps;
  const facts = await readPayeeFacts(database.db, payee, wallet.deps);
  if (facts === undefined) throw new Error(`${payee} is not known`);
  const { transferGas, leastGasLimit } = facts;
  return explain({
    ...facts,
    limits,
    pool: POOL,
    chain: {
      baseFeeWei: paying?.balance?.baseFeeWei ?? 20n * 10n ** 9n,
      capWei: rules.maxFeePerGasWei,
      tipWei: rules.maxPriorityFeePerGasWei,
      transferGas,
      gasLimit: gasLimitFor({
        estimate: transferGas,
        atLeast: leastGasLimit,
        cap: rules.gasLimitCap,
      }),
      freeWei: freeWeiOf(paying, rules.keepInWalletWei),
    },
  });
}

const round = (name: string) => ({ roundId: roundIds[name] ?? '', workflowId: name });
const roundIds: Readonly<Record<string, string>> = {
  first: '00000000-0000-4000-8000-000000000001',
  second: '00000000-0000-4000-8000-000000000002',
};

async function makePayees(): Promise<readonly Address[]> {
  const payees = Array.from({ length: PAYEES }, (): Address => `0x${random.hex(20)}`);
  await database.db.execute(sql`
    WITH new AS (SELECT unnest(${list(payees)}::text[]) AS payee),
         named AS (INSERT INTO payee (address) SELECT payee FROM new)
    INSERT INTO remote_worker (payee, node_type, region)
    SELECT payee, 'ai', 'eu' FROM new`);
  return payees;
}

async function allPayees(): Promise<readonly Address[]> {
  const found = await query<{ address: Address }>(
    database.db,
    sql`SELECT address FROM payee ORDER BY address`,
  );
  return found.map(({ address }) => address);
}

/** Credits each payee a random amount: often a boundary, sometimes a debt, seldom a fortune. */
async function creditAll(payees: readonly Address[]): Promise<void> {
  const amounts = payees.map(randomAmount);
  await database.db.execute(sql`
    WITH new AS (SELECT * FROM unnest(${list(payees)}::text[], ${list(amounts)}::numeric[]) AS n (payee, amount)),
         made AS (INSERT INTO posting (kind, reference) VALUES ('adjust', ${random.hex(8)}) RETURNING id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, 'pending', worker.id, new.amount
      FROM made, new JOIN remote_worker worker ON worker.payee = new.payee
    UNION ALL
    SELECT made.id, 'adjustment', 0, -sum(amount) FROM made, new GROUP BY made.id`);
}

function randomAmount(): bigint {
  const wei = BigInt(random.int(0, 1_000_000_000));
  return random.pick([
    () => 0n,
    () => THRESHOLD_WEI,
    () => THRESHOLD_WEI - 1n,
    () => -wei * 1_000_000n,
    () => 40n * MILLI_ETH,
    () => 40n * MILLI_ETH + 1n,
    () => wei * 10_000_000n,
    () => wei * 40_000_000n,
    () => wei * 100_000_000n,
    () => 11n * MILLI_ETH + wei,
  ])();
}

/** After a first round: some payouts are paid just now, some long ago, some cancelled, some held, the others open. */
async function leaveSomePaidHeldAndOpen(): Promise<void> {
  const { db } = database;
  await reserveRound(db, round('first'), wallet.deps);
  const open = await query<{ id: string }>(db, sql`SELECT id FROM payout ORDER BY id`);
  const paid: string[] = [];
  for (const { id } of open) {
    const fate = random.int(0, 99);
    if (fate < 60) paid.push(id);
    if (fate === 60) await cancelPayout(db, id, decision);
    if (fate === 61) await holdPayout(db, id, decision);
  }
  await transact(db, async (tx) => {
    await movePayouts(tx, 'sign', paid);
    await movePayouts(tx, 'settle', paid);
  });
  const longAgo = paid.filter(() => random.chance(0.7));
  await db.execute(sql`
    UPDATE payout SET created_at = created_at - interval '2 days', signed_at = signed_at - interval '2 days',
           closed_at = closed_at - interval '2 days' WHERE id = ANY(${list(longAgo)}::uuid[])`);
  await db.execute(sql`
    UPDATE payout SET closed_at = closed_at - interval '25 h' WHERE state = 'paid'`);
}

const POLICY = { from: new Date(0), policy: 'test', policyVersion: '1', optionsHash: 'ab' };

/** The policy says something about many payees, people invite some, and some wish something themselves. */
async function sayMuch(): Promise<void> {
  const { db } = database;
  const payees = await allPayees();
  const some = (share: number) => payees.filter(() => random.chance(share));
  await transact(db, async (tx) => {
    await recordPayeeRules(tx, some(0.3).map(randomRule));
    await recordAdmissions(tx, some(0.2).map(randomAdmission));
  });
  for (const payee of some(0.005)) await inviteAtRandom(payee);
  const ripe = list(some(0.1));
  await db.execute(sql`
    INSERT INTO payee_ripe (payee, since)
    SELECT unnest(${ripe}::text[]), now() - interval '2 days'`);
  const wishes = some(0.1).map((payee) => ({ payee, ...randomWish() }));
  const signed = { nonce: 0, signed: {}, signature: '0x', proof: 'key' } as const;
  await db.insert(payeeWish).values(wishes.map((wish) => ({ ...wish, ...signed })));
}

const DAY_MS = 86_400_000;

const randomRule = (payee: Address): RecordedRule => ({
  ...POLICY,
  payee,
  thresholdWei: random.pick([null, 0n, 1n, THRESHOLD_WEI - 1n, 20n * MILLI_ETH]),
  minIntervalMs: random.pick([null, null, 0, 3 * DAY_MS]),
  maxGasShareBps: random.pick([null, 0, 20, 500]),
  latestAfterMs: random.pick([null, 0, DAY_MS, 3 * DAY_MS]),
  holdReason: random.chance(0.1) ? 'it was slow' : null,
  reason: 'at random',
});

function randomAdmission(payee: Address): RecordedAdmission {
  const of = { ...POLICY, payee, invited: random.chance(0.3), reason: 'at random' };
  const code = random.pick([null, NOT_INVITED, NOT_INVITED, 'REGION_CLOSED']);
  if (code === null) return { ...of, admitted: true };
  return { ...of, admitted: false, code, liftedBy: random.pick(LIFTERS) };
}

async function inviteAtRandom(payee: Address): Promise<void> {
  const row = { payee, actor: 'test', reason: 'at random' };
  const ended = { withdrawnAt: new Date(), withdrawnBy: 'test', withdrawReason: 'at random' };
  await database.db.insert(invitation).values(random.chance(0.3) ? { ...row, ...ended } : row);
}

function randomWish() {
  if (random.chance(0.3)) return { kind: 'pause' } as const;
  const thresholdWei = random.pick([1n, THRESHOLD_WEI + 1n, 25n * MILLI_ETH, 900n * MILLI_ETH]);
  return { kind: 'threshold', thresholdWei } as const;
}

async function leastUnderWay(): Promise<bigint> {
  const [least] = await query<{ wei: string }>(
    database.db,
    sql`SELECT min(amount_wei) AS wei FROM payout WHERE state IN ('reserved', 'signed') AND held_at IS NULL`,
  );
  return BigInt(least?.wei ?? 0);
}

async function refuseSome(): Promise<void> {
  await database.db.execute(sql`
    UPDATE payee SET unpayable_code = 'REFUSED_ON_CHAIN', unpayable_reason = 'its contract refused'
     WHERE address < '0x1'`);
}

async function reservedBy(name: string): Promise<ReadonlySet<Address>> {
  const found = await query<{ payee: Address }>(
    database.db,
    sql`SELECT payee FROM payout WHERE round_id = ${roundIds[name] ?? ''}::uuid ORDER BY id`,
  );
  return new Set(found.map(({ payee }) => payee));
}

async function openPayoutOf(payee: Address | undefined): Promise<string> {
  const [found] = await query<{ id: string }>(
    database.db,
    sql`SELECT id FROM payout WHERE payee = ${payee ?? ''} AND state IN ('reserved', 'signed')`,
  );
  if (found === undefined) throw new Error(`${payee} has no open payout`);
  return found.id;
}
