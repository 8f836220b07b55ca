/** Every endpoint begins to show a fork that has our first block, and on which a transfer of ours has failed for good. */
import { sql } from 'drizzle-orm';
import { expect, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { recheckSettled } from '../../core/checks/recheck.js';
import { query } from '../../core/db/query.js';
import { settleConsumed } from '../../core/payouts/settling/consumed-slots.js';
import { rpc, startChain } from '../../dev/stack/chain-node.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  paidByChain,
  reserveFor,
  sendForeign,
  setBalance,
  stateOf,
} from '../harness/money.js';
import { startRpcSwitch } from '../harness/rpc-switch.js';

const ALL = {
  below: Number.MAX_SAFE_INTEGER,
  head: 0,
  consumed: Number.MAX_SAFE_INTEGER,
  skip: () => false,
};

it('ends no payout and calls none final there, and pays each once when the endpoints are back', async () => {
  // Of one time of the first block: it is the very same block.
  const extraArgs = ['--timestamp', String(Math.floor(Date.now() / 1_000) - 1_000)];
  const [ours, fork] = await Promise.all([
    startChain({ blockTimeSeconds: 0, extraArgs }),
    startChain({ blockTimeSeconds: 0, extraArgs }),
  ]);
  const switches = await Promise.all([startRpcSwitch(ours.rpcUrl), startRpcSwitch(ours.rpcUrl)]);
  const turnTo = (url: string) => switches.map((one) => one.turnTo(url));
  const mine = (url: string) => rpc(url, 'anvil_mine', ['0x10']);
  const { db, close } = await createMoneyDatabase();
  const wallet = await createTestWallet(db, ours, {
    config: { rpcUrls: switches.map(({ url }) => url) },
  });
  const payer = createPayer(wallet.deps);
  const first = await reserveFor(db, 1_000n);
  await payer.sender.send(first.payoutId);
  await mine(ours.rpcUrl);
  await payer.settle(first.payoutId);
  expect(await recheckSettled(wallet.deps)).toMatchObject({ final: 1 });

  await rpc(ours.rpcUrl, 'evm_setAutomine', [false]);
  const fails = await reserveFor(db, 2_000n);
  const succeeds = await reserveFor(db, 3_000n);
  await payer.sender.send(fails.payoutId);
  await payer.sender.send(succeeds.payoutId);
  await setBalance(fork, wallet.address, 10n ** 20n);
  await sendForeign(fork, wallet, 0);
  await rpc(fork.rpcUrl, 'anvil_setCode', [fails.payee, '0x60006000fd']);
  const signed = await query<{ raw: Buffer }>(
    db,
    sql`SELECT raw FROM attempt WHERE nonce > 0 ORDER BY nonce`,
  );
  for (const { raw } of signed) {
    await rpc(fork.rpcUrl, 'eth_sendRawTransaction', [`0x${raw.toString('hex')}`]);
  }
  await mine(fork.rpcUrl);

  turnTo(fork.rpcUrl);
  const seen = await settleConsumed(wallet.deps, ALL).catch((error: unknown) => error);
  const looked = await recheckSettled(wallet.deps).catch((error: unknown) => error);
  expect(seen).toMatchObject({ message: expect.stringContaining('shows another chain') });
  expect(looked).toMatchObject({ final: 0 });
  expect(await stateOf(db, fails.payoutId)).toBe('signed');

  turnTo(ours.rpcUrl);
  await rpc(ours.rpcUrl, 'evm_setAutomine', [true]);
  await mine(ours.rpcUrl);
  for (const { payoutId } of [fails, succeeds]) await payer.pay(payoutId);
  expect(await paidByChain(ours, wallet.address)).toEqual(
    new Map([
      [first.payee, 1_000n],
      [fails.payee, 2_000n],
      [succeeds.payee, 3_000n],
    ]),
  );
  expect(await checkInvariants(db)).toEqual([]);
  await Promise.all([...switches.map((one) => one.stop()), ours.stop(), fork.stop(), close()]);
});
