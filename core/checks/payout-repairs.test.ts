import { sql } from 'drizzle-orm';
import { Wallet } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../test/harness/database.js';
import {
  CONTRACTS,
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  deploy,
  paidByLedger,
  reserveFor,
  setBalance,
  stateOf,
} from '../../test/harness/money.js';
import { query } from '../db/query.js';
import { payoutProgress } from '../payouts/store/payout-progress.js';
import { checkInvariants } from './audit/invariants.js';
import { payElsewhere, releasePayout } from './payout-repairs.js';

const GWEI = 10n ** 9n;
const DECISION = { actor: 'test', reason: 'looked at it', dryRun: false };

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

/** Pays from somebody else's wallet. */
async function payFromOutside(to: string, value: bigint): Promise<string> {
  const key = Wallet.createRandom();
  await setBalance(chain, key.address.toLowerCase() as `0x${string}`, 10n ** 18n);
  const raw = await key.signTransaction({
    ...{ type: 2, chainId: chain.chainId, nonce: 0, to, value, gasLimit: 100_000n },
    ...{ maxFeePerGas: 50n * GWEI, maxPriorityFeePerGas: GWEI },
  });
  return (await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw])) as string;
}

describe('releasing a payout', () => {
  it('returns the amount to pending if nothing is signed, after a dry run that changes nothing', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, 1_000n);
    const dry = await releasePayout(deps, { ...DECISION, payoutId, dryRun: true });
    expect(dry).toMatchObject({ applied: false });
    expect(await stateOf(database.db, payoutId)).toBe('reserved');
    await releasePayout(deps, { ...DECISION, payoutId });
    expect(await stateOf(database.db, payoutId)).toBe('cancelled');
    await expect(releasePayout(deps, { ...DECISION, payoutId })).rejects.toMatchObject({
      code: 'PAYOUT_ALREADY_CLOSED',
    });
  });

  it('refuses while a signed transaction may still be mined', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, 1_000n);
    await createPayer(deps).sender.send(payoutId);
    for (const dryRun of [true, false]) {
      await expect(releasePayout(deps, { ...DECISION, payoutId, dryRun })).rejects.toMatchObject({
        code: 'PAYOUT_MAY_STILL_PAY',
      });
    }
  });

  it('counts as the second endpoint when the only endpoint says that a transfer failed', async () => {
    const config = { rpcUrls: [chain.rpcUrl] };
    const { deps } = await createTestWallet(database.db, chain, { config });
    const refusing = await deploy(chain, CONTRACTS.refusing);
    const { payoutId } = await reserveFor(database.db, 1_000n, refusing);
    const payer = createPayer(deps);
    await payer.sender.send(payoutId);
    const release = payer.follow();
    await mine(1);
    await expect(releasePayout(deps, { ...DECISION, payoutId })).rejects.toMatchObject({
      code: 'PAYOUT_MAY_STILL_PAY',
    });
    await mine(8);
    await expect
      .poll(async () => (await payoutProgress(database.db, [payoutId]))[0]?.wait?.code, {
        timeout: 20_000,
      })
      .toBe('AWAITING_OPERATOR');
    expect(await stateOf(database.db, payoutId)).toBe('signed');
    await releasePayout(deps, { ...DECISION, payoutId });
    await release();
    expect(await stateOf(database.db, payoutId)).toBe('refused');
    expect(
      await query(
        database.db,
        sql`SELECT actor, reason FROM audit_log
             WHERE subject = ${payoutId} AND action = 'payout.release'`,
      ),
    ).toEqual([{ actor: 'test', reason: 'looked at it' }]);
    expect(await checkInvariants(database.db)).toEqual([]);
  });
});

describe('releasing a payout whose transfer ran out of gas, with one endpoint', () => {
  it('ends it, and the payee’s next payout gets more gas', async () => {
    const config = { rpcUrls: [chain.rpcUrl] };
    const { deps } = await createTestWallet(database.db, chain, { config });
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    const payer = createPayer(deps);
    await payer.sender.send(payoutId);
    await rpc(chain.rpcUrl, 'anvil_setCode', [payee, `0x${'60206000a0'.repeat(16)}`]);
    await mine(9);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    const report = await releasePayout(deps, { ...DECISION, payoutId });
    expect(report.words).toContain("is pending again, and the payee's next payout gets more gas");
    expect(await stateOf(database.db, payoutId)).toBe('failed');
    const next = await reserveFor(database.db, 1n, payee);
    expect((await payoutProgress(database.db, [next.payoutId]))[0]).toMatchObject({
      ...{ amountWei: 1_001n, gasLimit: 52_500n },
    });
    expect(await checkInvariants(database.db)).toEqual([]);
  });
});

describe('a payment made elsewhere', () => {
  it('is booked once the chain proves it, and only once', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    const txHash = await payFromOutside(payee, 900n);
    const input = { ...DECISION, payoutId, txHash };
    await expect(payElsewhere(deps, input)).rejects.toThrow('not final yet');
    await mine(8);
    expect(await payElsewhere(deps, { ...input, dryRun: true })).toMatchObject({ applied: false });
    expect(await stateOf(database.db, payoutId)).toBe('reserved');
    const report = await payElsewhere(deps, input);
    expect(report.words).toContain('900 wei');
    expect(await paidByLedger(database.db)).toEqual(new Map([[payee, 900n]]));
    const next = await reserveFor(database.db, 5_000n, payee);
    await expect(payElsewhere(deps, { ...input, payoutId: next.payoutId })).rejects.toMatchObject({
      code: 'PAYMENT_UNPROVEN',
    });
    expect(await stateOf(database.db, next.payoutId)).toBe('reserved');
    expect(await checkInvariants(database.db)).toEqual([]);
  });

  it('is refused when the pool itself made it with an earlier key', async () => {
    const before = await createTestWallet(database.db, chain);
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    const paid = createPayer(before.deps).pay(payoutId);
    const mining = setInterval(() => void mine(1), 100);
    const outcome = await paid;
    clearInterval(mining);
    await mine(8);
    const { deps } = await createTestWallet(database.db, chain);
    const next = await reserveFor(database.db, 1_000n, payee);
    const txHash = 'txHash' in outcome ? (outcome.txHash ?? '') : '';
    await expect(
      payElsewhere(deps, { ...DECISION, payoutId: next.payoutId, txHash }),
    ).rejects.toMatchObject({ code: 'PAYMENT_UNPROVEN' });
    expect(await paidByLedger(database.db)).toEqual(new Map([[payee, 1_000n]]));
  });

  it('is refused when it went elsewhere, failed, is the pool’s own, or the payout is signed', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    const other = await payFromOutside(`0x${'12'.repeat(20)}`, 1_000n);
    await mine(8);
    const unknown = `0x${'00'.repeat(32)}`;
    for (const [txHash, words] of [
      [other, 'does not go to'],
      [unknown, 'is not on the chain'],
    ] as const) {
      await expect(payElsewhere(deps, { ...DECISION, payoutId, txHash })).rejects.toThrow(words);
    }
    const right = await payFromOutside(payee, 1_000n);
    await createPayer(deps).sender.send(payoutId);
    await mine(8);
    await expect(
      payElsewhere(deps, { ...DECISION, payoutId, txHash: right }),
    ).rejects.toMatchObject({ code: 'PAYOUT_MAY_STILL_PAY' });
  });
});
