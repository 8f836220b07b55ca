/** Every endpoint begins to answer for another chain while payouts are in flight, and the operator follows the documents. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createChainClient } from '../../core/chain/quorum.js';
import { adoptWallet } from '../../core/checks/adoption.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { openWallet } from '../../core/checks/opening.js';
import { resumeWallet } from '../../core/checks/store/resuming.js';
import { openPayouts, payoutProgress } from '../../core/payouts/store/payout-progress.js';
import { reserveRound } from '../../core/payouts/store/reservations.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  paidByChain,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  sendForeign,
  setBalance,
  TEST_ROUND,
  type TestWallet,
} from '../harness/money.js';
import { type RpcSwitch, startRpcSwitch } from '../harness/rpc-switch.js';

const AMOUNT_WEI = 4_000_000_000_000_031n;
const PAYOUTS = 6;
const POLL = { timeout: 30_000, interval: 500 };
const DECISION = { actor: 'operator', reason: 'as the documents say' };

let ours: LocalChain;
let switches: readonly RpcSwitch[];
beforeAll(async () => {
  ours = await startChain({ blockTimeSeconds: 0 });
  switches = await Promise.all([startRpcSwitch(ours.rpcUrl), startRpcSwitch(ours.rpcUrl)]);
});
afterAll(async () => {
  await Promise.all(switches.map((one) => one.stop()));
  await ours.stop();
});

const turnAllTo = ({ rpcUrl }: LocalChain) => {
  for (const one of switches) one.turnTo(rpcUrl);
};

/** The key has sent as many transactions there as it has signed here, all of them final. */
async function startOther(wallet: TestWallet, chainId: number): Promise<LocalChain> {
  // Another time of its first block: of the same id it would else be the very same block.
  const timestamp = String(Math.floor(Date.now() / 1_000) - 30);
  const other = await startChain({
    chainId,
    blockTimeSeconds: 0.1,
    extraArgs: ['--timestamp', timestamp],
  });
  await setBalance(other, wallet.address, 10n ** 20n);
  for (let nonce = 0; nonce < PAYOUTS; nonce += 1) await sendForeign(other, wallet, nonce);
  await rpc(other.rpcUrl, 'anvil_mine', ['0x20']);
  return other;
}

/** Halt, adopt, resume, as operations.md has it for a key that was used elsewhere. */
async function followDocuments(database: TestDatabase, { deps }: TestWallet) {
  const key = walletKeyOf(deps);
  await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'what is this?' });
  const refusals: unknown[] = [];
  for (const dryRun of [true, false]) {
    const input = { ...DECISION, dryRun, vouchedHashes: [] };
    await adoptWallet(deps, input).catch((error: unknown) => refusals.push(error));
  }
  await resumeWallet(database.db, key, DECISION).catch(() => undefined);
  await reserveRound(database.db, { roundId: randomUUID(), workflowId: 'round' }, TEST_ROUND);
  return refusals;
}

it.each([
  ['of another id', 31_338, /serves chain 31338, the ledger is on 31337/],
  ['of the same id', 31_337, /shows another chain under the same id: block 0 is 0x/],
] as const)(
  'on a chain %s nothing is adopted and nobody paid twice, and all settles when they are back',
  async (_, chainId, words) => {
    const database = await createTestDatabase();
    const { db } = database;
    await recordTestTerms(db);
    const config = { rpcUrls: switches.map(({ url }) => url) };
    const wallet = await createTestWallet(db, ours, { config });
    const other = await startOther(wallet, chainId);
    const payer = createPayer(wallet.deps);
    const payees: string[] = [];
    await rpc(ours.rpcUrl, 'evm_setAutomine', [false]);
    for (let index = 0; index < PAYOUTS; index += 1) {
      const { payoutId, payee } = await reserveFor(db, AMOUNT_WEI);
      payees.push(payee);
      await payer.sender.send(payoutId);
    }
    const inFlight = (await openPayouts(db, {})).map(({ payoutId }) => payoutId);
    const ended = Promise.all(inFlight.map((payoutId) => payer.pay(payoutId)));

    turnAllTo(other);
    for (const one of switches) one.methods();
    const waits = async () => (await payoutProgress(db, inFlight)).map(({ wait }) => wait?.code);
    await expect.poll(waits, POLL).toEqual(inFlight.map(() => 'RPC_UNREACHABLE'));
    const refusals = await followDocuments(database, wallet);
    const late = await reserveFor(db, AMOUNT_WEI);
    const waiting = await payer.sender.send(late.payoutId);
    await sleep(1_000);
    const asked = switches.flatMap((one) => one.methods());

    turnAllTo(ours);
    const mining = setInterval(() => void rpc(ours.rpcUrl, 'evm_mine'), 100);
    await ended;
    const rest = await openPayouts(db, {});
    await Promise.all(rest.map(({ payoutId }) => payer.pay(payoutId)));
    clearInterval(mining);
    await rpc(ours.rpcUrl, 'evm_setAutomine', [true]);

    const everybody = new Map([...payees, late.payee].map((payee) => [payee, AMOUNT_WEI]));
    expect(await paidByChain(ours, wallet.address)).toEqual(everybody);
    expect(await paidByLedger(db)).toEqual(everybody);
    expect(refusals).toMatchObject([
      { code: 'CHAIN_NOT_OURS', message: expect.stringMatching(words) },
      { code: 'CHAIN_NOT_OURS', message: expect.stringMatching(words) },
    ]);
    expect(waiting).toMatchObject({
      wait: { code: 'RPC_UNREACHABLE', reason: expect.stringMatching(words) },
    });
    expect(asked).not.toContain('eth_sendRawTransaction');
    expect(await checkInvariants(db)).toEqual([]);
    await Promise.all([other.stop(), database.close()]);
  },
);

it('a restart meanwhile is refused, and one endpoint that is right makes it wait', async () => {
  const database = await createMoneyDatabase();
  const wallet = await createTestWallet(database.db, ours, {
    config: { rpcUrls: switches.map(({ url }) => url) },
  });
  const start = () => {
    const deps = { ...wallet.deps, rpc: createChainClient(wallet.deps.chain) };
    return openWallet(deps, { acceptedTransactions: 0 });
  };
  const [first, second] = switches;
  const sameId = await startChain({
    blockTimeSeconds: 0,
    extraArgs: ['--timestamp', '1700000000'],
  });
  turnAllTo(sameId);
  await expect(start()).rejects.toMatchObject({ code: 'CHAIN_NOT_OURS' });
  first?.turnTo(ours.rpcUrl);
  await expect(start()).rejects.toMatchObject({
    name: 'ChainError',
    message: expect.stringContaining(`${second?.name} shows another chain under the same id`),
  });
  // A worker that runs already waits with the same words, and goes on by itself.
  const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
  const payer = createPayer(wallet.deps);
  expect(await payer.sender.send(payoutId)).toMatchObject({
    kind: 'waiting',
    wait: { code: 'RPC_UNREACHABLE', reason: expect.stringContaining(`${second?.name} shows`) },
  });
  turnAllTo(ours);
  await expect.poll(() => payer.sender.send(payoutId), POLL).toMatchObject({ kind: 'sent' });
  expect(await start()).toMatchObject({ halt: null });
  await Promise.all([sameId.stop(), database.close()]);
});
