import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../core/checks/audit/invariants.js';
import { resumeWallet } from '../core/checks/store/resuming.js';
import { query } from '../core/db/query.js';
import {
  cancelPayout,
  holdPayout,
  requestBump,
  resumePayout,
} from '../core/payouts/store/payout-messages.js';
import { payoutProgress } from '../core/payouts/store/payout-progress.js';
import { findWallet } from '../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import {
  createPayer,
  createTestWallet,
  paidByChain,
  paidByLedger,
  recordTestTerms,
  reserveFor,
  stateOf,
  transfersOf,
} from '../test/harness/money.js';
import { createPayoutActivities } from './payouts.js';

const AMOUNT_WEI = 77_000_000_000_000_001n;
const message = { actor: 'test', reason: 'because' };
let database: TestDatabase;
let chain: LocalChain;
const proxies: Server[] = [];

beforeAll(async () => {
  [database, chain] = await Promise.all([createTestDatabase(20), startChain()]);
  await recordTestTerms(database.db);
});
afterAll(async () => {
  for (const proxy of proxies) proxy.closeAllConnections();
  await Promise.all([database.close(), chain.stop()]);
});
afterEach(async () => {
  expect(await checkInvariants(database.db)).toEqual([]);
});

type Fault = 'pass' | 'lose request' | 'lose answer' | 'garbage' | 'late answer' | 'forge';

const FORGED = `"to":"0x${'12'.repeat(20)}"`;

/** Starts a proxy in front of the chain. For each request body `faultFor` chooses how the connection breaks. */
async function startWire(faultFor: (body: string) => Fault): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', async () => {
      const fault = faultFor(body);
      if (fault === 'lose request') {
        request.socket.destroy();
        return;
      }
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(chain.rpcUrl, { method: 'POST', headers, body });
      const text = await answer.text();
      if (fault === 'lose answer') {
        request.socket.destroy();
        return;
      }
      if (fault === 'late answer') await new Promise((resolve) => setTimeout(resolve, 1_500));
      const told = fault === 'forge' ? text.replaceAll(/"to":"0x[^"]*"/g, FORGED) : text;
      response.end(fault === 'garbage' ? '<html>' : told);
    });
  });
  proxies.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a wire that breaks', () => {
  it.each<Fault>(['lose request', 'lose answer', 'garbage', 'late answer'])(
    'makes nobody unpaid or paid twice when it does "%s" to four of ten requests',
    async (fault) => {
      let breaks = 0;
      let seed = 0;
      const wire = await startWire(() => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        if (seed % 1_000 < 1_000 - breaks) return 'pass';
        return fault;
      });
      const wallet = await createTestWallet(database.db, chain, {
        config: { rpcUrls: [wire], rpcTimeoutMs: 500 },
      });
      breaks = 400;
      const made = await Promise.all(
        Array.from({ length: 5 }, () => reserveFor(database.db, AMOUNT_WEI)),
      );
      const payer = createPayer(wallet.deps);
      await Promise.all(made.map(({ payoutId }) => payer.pay(payoutId)));
      const paid = await paidByChain(chain, wallet.address);
      const booked = await paidByLedger(database.db);
      expect(paid.size).toBe(made.length);
      for (const { payee } of made) {
        expect(paid.get(payee)).toBe(AMOUNT_WEI);
        expect(booked.get(payee)).toBe(AMOUNT_WEI);
      }
      expect(await transfersOf(chain, wallet.address)).toHaveLength(made.length);
    },
  );

  it('decides nothing when an answer is lost: the payout is sent, and the error is recorded', async () => {
    const wire = await startWire((body) => (body.includes('sendRaw') ? 'lose answer' : 'pass'));
    const wallet = await createTestWallet(database.db, chain, { config: { rpcUrls: [wire] } });
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(wallet.deps);
    const sent = await payer.sender.send(payoutId);
    expect(sent).toMatchObject({ kind: 'sent', nonce: 0 });
    expect(await payer.sender.send(payoutId)).toEqual(sent);
    const [attempt] = await query<{ sends: number; last_answer: string }>(
      database.db,
      sql`SELECT sends, last_answer FROM attempt WHERE wallet = ${wallet.address}`,
    );
    expect(attempt?.sends).toBe(1);
    expect(attempt?.last_answer).toMatch(/did not answer/);
    expect(await payer.settle(payoutId)).toMatchObject({ state: 'paid' });
    expect(await transfersOf(chain, wallet.address)).toHaveLength(1);
  });

  it('settles nothing when only one of two endpoints confirms it', async () => {
    let isDown = false;
    const wire = await startWire(() => (isDown ? 'lose request' : 'pass'));
    const wallet = await createTestWallet(database.db, chain, {
      config: { rpcUrls: [chain.rpcUrl, wire] },
    });
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(wallet.deps);
    await payer.sender.send(payoutId);
    isDown = true;
    let isSettled = false;
    const settled = payer.settle(payoutId).then((outcome) => {
      isSettled = true;
      return outcome;
    });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await transfersOf(chain, wallet.address)).toHaveLength(1);
    expect(isSettled).toBe(false);
    isDown = false;
    expect(await settled).toMatchObject({ state: 'paid' });
  });
});

describe('an endpoint that shows another transaction than was signed', () => {
  it('halts the wallet and names both transactions; after a person resumes, the payout is settled and paid once', async () => {
    let isForging = true;
    const wire = await startWire((body) =>
      isForging && body.includes('Receipt') ? 'forge' : 'pass',
    );
    const wallet = await createTestWallet(database.db, chain, { config: { rpcUrls: [wire] } });
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(wallet.deps);
    const paid = payer.pay(payoutId);
    const key = walletKeyOf(wallet.deps);
    await expect
      .poll(async () => (await findWallet(database.db, key))?.halt, { timeout: 20_000 })
      .toMatchObject({ code: 'TRANSACTION_MISMATCH', reason: expect.stringContaining(payoutId) });
    expect(await stateOf(database.db, payoutId)).toBe('signed');
    isForging = false;
    await resumeWallet(database.db, key, { actor: 'test', reason: 'the endpoint is mended' });
    expect(await paid).toMatchObject({ state: 'paid' });
    expect((await paidByChain(chain, wallet.address)).get(payee)).toBe(AMOUNT_WEI);
  });
});

describe('the activity of a payout', () => {
  const act = (payer: ReturnType<typeof createPayer>) => createPayoutActivities(payer.sender);

  it('signs and sends once, and returns the state of the payout at each call', async () => {
    const { deps } = await createTestWallet(database.db, chain, { config: { confirmations: 20 } });
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(deps);
    const { sendPayout } = act(payer);
    expect(await payoutProgress(database.db, [payoutId])).toMatchObject([
      { payee, amountWei: AMOUNT_WEI, state: 'reserved', slot: null, holdReason: null },
    ]);
    const sent = await sendPayout({ payoutId });
    expect(sent).toMatchObject({ kind: 'sent', nonce: 0, wait: null });
    const release = payer.follow();
    await expect
      .poll(() => sendPayout({ payoutId }), { timeout: 20_000 })
      .toMatchObject({ ...sent, wait: { code: 'AWAITING_CONFIRMATIONS' } });
    const paid = await payer.settle(payoutId);
    expect(paid).toMatchObject({ kind: 'closed', state: 'paid' });
    expect(await sendPayout({ payoutId })).toEqual(paid);
    await release();
    await expect(sendPayout({ payoutId: randomUUID() })).rejects.toMatchObject({
      type: 'PAYOUT_NOT_FOUND',
      nonRetryable: true,
    });
  });

  it('refuses what an operator may not do, by code and for good', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const payer = createPayer(deps);
    const { sendPayout } = act(payer);
    const { db } = database;
    const held = await holdPayout(db, payoutId, message);
    expect(held).toMatchObject({ state: 'reserved' });
    expect(await sendPayout({ payoutId })).toEqual({
      kind: 'waiting',
      wait: { code: 'PAYOUT_HELD', reason: 'held by an operator: because' },
    });
    await resumePayout(db, payoutId, message);
    await sendPayout({ payoutId });
    for (const order of [holdPayout, cancelPayout]) {
      await expect(order(db, payoutId, message)).rejects.toMatchObject({
        code: 'PAYOUT_ALREADY_SIGNED',
        final: true,
      });
    }
    const bumped = await requestBump(db, payoutId, message);
    expect(bumped).toMatchObject({ state: 'signed' });
    await payer.settle(payoutId);
    await expect(requestBump(db, payoutId, message)).rejects.toMatchObject({
      code: 'PAYOUT_ALREADY_CLOSED',
    });
  });
});
