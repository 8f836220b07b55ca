/** Tests a remote signer that is slow, silent, refusing or lying. It can cause neither a second payout nor a different one. */
import { sql } from 'drizzle-orm';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../dev/kit/process.js';
import { type LocalChain, rpc, startChain } from '../../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  paidByChain,
  reserveFor,
  stateOf,
  type TestWallet,
  transfersOf,
} from '../../../test/harness/money.js';
import {
  type SignParameters,
  startSignerService,
  type TestSignerService,
} from '../../chain/signer/testing/test-signer-service.js';
import { connectWeb3signer } from '../../chain/signer/web3signer.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { resumeWallet } from '../../checks/store/resuming.js';
import { query } from '../../db/query.js';
import { requestBump } from '../store/payout-messages.js';
import { payoutProgress } from '../store/payout-progress.js';
import { findWallet, haltWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { createSender } from './sending.js';

const AMOUNT_WEI = 77_000_000_000_000_001n;
const TIMEOUT_MS = 500;

let database: TestDatabase;
let chain: LocalChain;
let wallet: TestWallet;
let service: TestSignerService;
let deps: MoneyDeps;
beforeAll(async () => {
  chain = await startChain();
});
afterAll(() => chain.stop());
// Each test has a database of its own, because a halt stops everything in it.
beforeEach(async () => {
  database = await createMoneyDatabase(20);
  wallet = await createTestWallet(database.db, chain);
  service = await startService();
  deps = depsFor(service.url);
});
afterEach(async () => {
  await service.stop();
  expect(await checkInvariants(database.db)).toEqual([]);
  await database.close();
});

const startService = (changes: { readonly port?: number; readonly signingMs?: number } = {}) =>
  startSignerService({ privateKey: wallet.key.privateKey, chainId: chain.chainId, ...changes });

/** Builds the dependencies of a process that has just started. */
function depsFor(url: string, timeoutMs = TIMEOUT_MS): MoneyDeps {
  const signer = connectWeb3signer({ url, address: wallet.address, timeoutMs });
  return { ...wallet.deps, signer };
}

async function attemptsOf(payoutIds: readonly string[]): Promise<number> {
  const [row] = await query<{ n: string }>(
    database.db,
    sql`SELECT count(*) AS n FROM nonce_slot LEFT JOIN attempt USING (chain_id, wallet, nonce)
         WHERE payout_id IN ${payoutIds}`,
  );
  return Number(row?.n);
}

async function expectUntouched(payoutId: string): Promise<void> {
  expect(await stateOf(database.db, payoutId)).toBe('reserved');
  expect(await attemptsOf([payoutId])).toBe(0);
  expect((await findWallet(database.db, walletKeyOf(deps)))?.nextNonce).toBe(0);
  expect(await transfersOf(chain, wallet.address)).toEqual([]);
}

describe('a remote signer', () => {
  it('signs a hundred payouts in one transaction, each paid once', async () => {
    const made = await Promise.all(
      Array.from({ length: 100 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    await service.stop();
    service = await startService({ signingMs: 10 });
    const payer = createPayer(depsFor(service.url, 10_000));
    const outcomes = await Promise.all(made.map(({ payoutId }) => payer.pay(payoutId)));
    expect(new Set(outcomes.map((outcome) => 'state' in outcome && outcome.state))).toEqual(
      new Set(['paid']),
    );
    expect(await paidByChain(chain, wallet.address)).toEqual(
      new Map(made.map(({ payee }) => [payee, AMOUNT_WEI])),
    );
    expect(service.mostAtOnce()).toBeGreaterThan(1);
    expect(await attemptsOf(made.map(({ payoutId }) => payoutId))).toBe(100);
  });

  it('that is down makes payouts wait, says so, and pays each once when it is back', async () => {
    await service.stop();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const sent = await createSender(deps).send(payoutId);
    expect(sent).toMatchObject({ kind: 'waiting', wait: { code: 'SIGNER_UNREACHABLE' } });
    expect((await payoutProgress(database.db, [payoutId]))[0]?.wait?.code).toBe(
      'SIGNER_UNREACHABLE',
    );
    await expectUntouched(payoutId);
    const paying = createPayer(deps).pay(payoutId);
    service = await startService({ port: service.port });
    expect(await paying).toMatchObject({ kind: 'closed', state: 'paid' });
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
  });

  it('that hangs while it signs holds the wallet no longer than its time-out, so a halt can follow', async () => {
    service.answer = (_, __, body) => body.includes('eth_signTransaction');
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const sending = createSender(deps).send(payoutId);
    await waitUntil({
      what: 'a request to sign',
      timeoutMs: 5_000,
      intervalMs: 5,
      ready: async () => service.tokens.length >= 2,
    });
    const began = performance.now();
    const key = walletKeyOf(deps);
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
    expect(performance.now() - began).toBeLessThan(2 * TIMEOUT_MS);
    expect(await sending).toMatchObject({
      kind: 'waiting',
      wait: {
        code: 'SIGNER_UNREACHABLE',
        reason: expect.stringContaining('wallet.remote.timeout'),
      },
    });
    await expectUntouched(payoutId);
  });

  it('whose answer is lost after it signed is asked again: the bytes differ, but there is one payment', async () => {
    let lost = 0;
    service.answer = (_, response, body) => {
      if (!body.includes('eth_signTransaction') || lost > 0) return false;
      lost += 1;
      response.socket?.destroy();
      return true;
    };
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    expect(await createPayer(deps).pay(payoutId)).toMatchObject({ state: 'paid' });
    expect(lost).toBe(1);
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
  });

  it('asked by two workers at once for the same payouts pays each once', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const payers = [createPayer(deps), createPayer(depsFor(service.url))];
    await Promise.all(payers.flatMap((payer) => made.map(({ payoutId }) => payer.pay(payoutId))));
    expect(await transfersOf(chain, wallet.address)).toHaveLength(20);
    expect(await attemptsOf(made.map(({ payoutId }) => payoutId))).toBe(20);
  });

  it('that refuses one payout does not delay the others', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () => reserveFor(database.db, AMOUNT_WEI)),
    );
    const others = made.filter((_, index) => index !== 5);
    const refused = made[5];
    service.refuse = ({ to }) => (to === refused?.payee ? 'not to this one' : undefined);
    const sender = createSender(deps);
    const results = await Promise.all(made.map(({ payoutId }) => sender.send(payoutId)));
    expect(results[5]).toMatchObject({
      kind: 'waiting',
      wait: { code: 'SIGNER_REFUSED', reason: expect.stringContaining('not to this one') },
    });
    const nonces = results.flatMap((result) => ('nonce' in result ? [result.nonce] : []));
    expect(nonces.sort((a, b) => a - b)).toEqual(others.map((_, index) => index));
    service.refuse = undefined;
    const payer = createPayer(deps);
    await Promise.all(made.map(({ payoutId }) => payer.pay(payoutId)));
    expect(await transfersOf(chain, wallet.address)).toHaveLength(10);
  });

  it('that lost the key makes payouts wait', async () => {
    service.answer = (_, response) => {
      response.end('{"jsonrpc":"2.0","id":1,"result":[]}');
      return true;
    };
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    expect(await createSender(deps).send(payoutId)).toMatchObject({
      kind: 'waiting',
      wait: { code: 'SIGNER_REFUSED', reason: expect.stringContaining('has no key of') },
    });
    await expectUntouched(payoutId);
  });

  const other = Wallet.createRandom();
  const lies: readonly (readonly [string, (asked: SignParameters) => SignParameters, string])[] = [
    ['to another destination', (a) => ({ ...a, to: other.address }), 'destination'],
    ['of another amount', (a) => ({ ...a, value: '0x1' }), 'amount'],
    ['of another nonce', (a) => ({ ...a, nonce: '0x7' }), 'nonce'],
    ['on another chain', (a) => ({ ...a, signedChainId: '0x1' }), 'chain'],
    ['that burns more gas', (a) => ({ ...a, gas: '0xfffff' }), 'gas limit'],
    ['that burns more', (a) => ({ ...a, maxFeePerGas: '0xffffffffff' }), 'fee'],
    ['that tips more', (a) => ({ ...a, maxPriorityFeePerGas: a['maxFeePerGas'] ?? '' }), 'tip'],
    ['that carries data', (a) => ({ ...a, data: '0x00' }), 'data'],
    ['by another key', (a) => a, 'another key'],
  ];
  it.each(lies)(
    'that signs a transfer %s is caught, and halts the wallet',
    async (name, change, word) => {
      service.change = change;
      service.otherKey = name === 'by another key' ? other.privateKey : undefined;
      const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
      const sent = await createSender(deps).send(payoutId);
      expect(sent).toMatchObject({ kind: 'waiting', wait: { code: 'WALLET_HALTED' } });
      const key = walletKeyOf(deps);
      expect((await findWallet(database.db, key))?.halt).toMatchObject({
        code: 'SIGNER_MISMATCH',
        reason: expect.stringContaining(word),
      });
      await expectUntouched(payoutId);
      service.change = undefined;
      service.otherKey = undefined;
      await resumeWallet(database.db, key, { actor: 'test', reason: 'it is mended' });
      expect(await createPayer(deps).pay(payoutId)).toMatchObject({ state: 'paid' });
      expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
    },
  );

  it('that is down does not keep signed transfers from being sent again and settled', async () => {
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    await rpc(chain.rpcUrl, 'anvil_setIntervalMining', [0]);
    await rpc(chain.rpcUrl, 'evm_setAutomine', [false]);
    const payer = createPayer(deps);
    const sent = await payer.sender.send(payoutId);
    expect(sent.kind).toBe('sent');
    await service.stop();
    await rpc(chain.rpcUrl, 'anvil_dropAllTransactions');
    await rpc(chain.rpcUrl, 'evm_mine');
    await requestBump(database.db, payoutId, { actor: 'test', reason: 'a higher fee' });
    const settled = payer.settle(payoutId);
    // The node dropped the transfer, and it is due for a higher fee that nobody can sign, so the same bytes are sent
    // again.
    for (let block = 0; block < 12; block += 1) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await rpc(chain.rpcUrl, 'evm_mine');
    }
    await rpc(chain.rpcUrl, 'evm_setAutomine', [true]);
    await rpc(chain.rpcUrl, 'anvil_setIntervalMining', [1]);
    expect(await settled).toMatchObject({ kind: 'closed', state: 'paid' });
    expect(await paidByChain(chain, wallet.address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
    expect(await attemptsOf([payoutId])).toBe(1);
  });
});
