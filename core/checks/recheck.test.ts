import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  paidByChain,
  paidByLedger,
  reserveFor,
  stateOf,
} from '../../test/harness/money.js';
import { holdPayout } from '../payouts/store/payout-messages.js';
import { openPayouts } from '../payouts/store/payout-progress.js';
import { checkInvariants } from './audit/invariants.js';
import { recheckSettled } from './recheck.js';

let chain: LocalChain;
let database: TestDatabase;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());
beforeEach(async () => {
  database = await createMoneyDatabase();
  return () => database.close();
});

const mine = (blocks: number) => rpc(chain.rpcUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);

async function paidPayout() {
  const wallet = await createTestWallet(database.db, chain);
  // A reorg also takes back balances that were set by hand, so put the wallet's money deeper in the chain.
  await mine(10);
  const { payoutId, payee } = await reserveFor(database.db, 1_000n);
  const payer = createPayer(wallet.deps);
  await payer.sender.send(payoutId);
  await mine(2);
  expect(await payer.settle(payoutId)).toMatchObject({ state: 'paid' });
  return { wallet, payer, payoutId, payee };
}

describe('a settled payout', () => {
  it('is checked until it is final, and not after that', async () => {
    const { wallet } = await paidPayout();
    expect(await recheckSettled(wallet.deps)).toEqual({ final: 0, moved: 0, reopened: 0 });
    await mine(8);
    expect(await recheckSettled(wallet.deps)).toEqual({ final: 1, moved: 0, reopened: 0 });
    expect(await recheckSettled(wallet.deps)).toEqual({ final: 0, moved: 0, reopened: 0 });
  });

  it('is reopened by a reorg deeper than its confirmations, and the same bytes pay once', async () => {
    const { wallet, payer, payoutId, payee } = await paidPayout();
    await rpc(chain.rpcUrl, 'anvil_reorg', [4, []]);
    await mine(4);
    expect((await paidByChain(chain, wallet.address)).size).toBe(0);
    expect(await recheckSettled(wallet.deps)).toEqual({ final: 0, moved: 0, reopened: 1 });
    expect(await stateOf(database.db, payoutId)).toBe('reopened');
    expect(await checkInvariants(database.db)).toEqual([]);
    // The sweeper would start its saga again; meanwhile the payee may earn the next payout.
    expect(await openPayouts(database.db, {})).toMatchObject([{ payoutId }]);
    const second = await reserveFor(database.db, 500n, payee);
    expect(second.payoutId).not.toBe(payoutId);
    const mining = setInterval(() => void mine(1), 100);
    const ended = await Promise.all([payer.pay(payoutId), payer.pay(second.payoutId)]);
    clearInterval(mining);
    expect(ended).toMatchObject([{ state: 'paid' }, { state: 'paid' }]);
    expect(await paidByLedger(database.db)).toEqual(new Map([[payee, 1_500n]]));
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, 1_500n]]));
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('ends as failed and delays nobody else when, after a reorg, it runs out of gas next to its payee’s next payout', async () => {
    const { wallet, payer, payoutId, payee } = await paidPayout();
    await rpc(chain.rpcUrl, 'anvil_reorg', [4, []]);
    await mine(4);
    // The destination has become a contract that writes to storage, and so needs more gas than was signed for.
    await rpc(chain.rpcUrl, 'anvil_setCode', [payee, '0x600160005500']);
    expect(await recheckSettled(wallet.deps)).toMatchObject({ reopened: 1 });
    const next = await reserveFor(database.db, 500n, payee);
    const hold = { actor: 'test', reason: 'later' };
    await holdPayout(database.db, next.payoutId, hold);
    const mining = setInterval(() => void mine(1), 100);
    expect(await payer.pay(payoutId)).toMatchObject({ state: 'failed' });
    const other = await reserveFor(database.db, 300n);
    expect(await payer.pay(other.payoutId)).toMatchObject({ state: 'paid' });
    clearInterval(mining);
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('is found in another block when the reorg kept its transfer', async () => {
    const { wallet, payoutId, payer } = await paidPayout();
    const { raw } = await payer.sender
      .send(payoutId)
      .then(() => database.db.$client.query<{ raw: Buffer }>('SELECT raw FROM attempt'))
      .then(({ rows: [row] }) => row ?? { raw: Buffer.alloc(0) });
    await rpc(chain.rpcUrl, 'anvil_reorg', [4, []]);
    await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [`0x${raw.toString('hex')}`]);
    await mine(3);
    expect(await recheckSettled(wallet.deps)).toEqual({ final: 0, moved: 1, reopened: 0 });
    expect(await stateOf(database.db, payoutId)).toBe('paid');
    await mine(8);
    expect(await recheckSettled(wallet.deps)).toMatchObject({ final: 1 });
  });
});
