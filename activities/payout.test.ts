import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, startChain } from '../local/chain-node.js';
import { checkInvariants } from '../store/invariants.js';
import { cancelPayout, holdPayout, requestBump, resumePayout } from '../store/payout-messages.js';
import { payoutProgress } from '../store/payout-progress.js';
import { query } from '../store/query.js';
import { findWallet, resumeWallet } from '../store/wallet.js';
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
import { walletKeyOf } from './money-deps.js';
import { createPayoutActivities, type SettleResult } from './payout.js';

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

/** The chain behind a wire that breaks as told, per request body. */
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

  it('decides nothing on a lost answer: the payout is sent, what was said is kept', async () => {
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

  it('settles nothing on the word of one of two endpoints', async () => {
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
  it('halts the wallet with both told; after a look the payout is settled and paid once', async () => {
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

const quietEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

describe('the activities of a payout', () => {
  it('pay, heartbeating in words', async () => {
    const { deps } = await createTestWallet(database.db, chain, { config: { confirmations: 8 } });
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const activities = createPayoutActivities(deps);
    const environment = quietEnvironment();
    const beats: unknown[] = [];
    environment.on('heartbeat', (words) => beats.push(words));
    expect(await payoutProgress(database.db, [payoutId])).toMatchObject([
      { payee, amountWei: AMOUNT_WEI, state: 'reserved', slot: null, holdReason: null },
    ]);
    const sent = await environment.run(activities.sendPayout, { payoutId });
    expect(sent).toMatchObject({ kind: 'sent' });
    const input = { payoutId, knownWaitCode: null };
    const result: SettleResult = await environment.run(activities.settlePayout, input);
    expect(result).toMatchObject({ kind: 'closed', state: 'paid' });
    expect(beats.join('\n')).toMatch(/waiting for \d more confirmation/);
    expect(await environment.run(activities.sendPayout, { payoutId })).toEqual({
      kind: 'closed',
      state: 'paid',
    });
  });

  it('leave everything safe when they are cancelled while they watch', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const activities = createPayoutActivities(deps);
    await quietEnvironment().run(activities.sendPayout, { payoutId });
    const parked = quietEnvironment();
    const input = { payoutId, knownWaitCode: null };
    const watching = parked.run(activities.settlePayout, input);
    parked.cancel();
    await expect(watching).rejects.toThrow(/cancel/i);
    const next = createPayoutActivities(deps);
    expect(await quietEnvironment().run(next.settlePayout, input)).toMatchObject({
      state: 'paid',
    });
  });

  it('tell the workflow of a reason to wait once it has lasted', async () => {
    const { deps } = await createTestWallet(database.db, chain, { config: { confirmations: 40 } });
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const activities = createPayoutActivities(deps);
    const environment = quietEnvironment();
    await environment.run(activities.sendPayout, { payoutId });
    const told = await environment.run(activities.settlePayout, { payoutId, knownWaitCode: null });
    expect(told).toMatchObject({ kind: 'waiting', wait: { code: 'AWAITING_CONFIRMATIONS' } });
    const [shown] = await query<{ wait_code: string }>(
      database.db,
      sql`SELECT wait_code FROM payout WHERE id = ${payoutId}`,
    );
    expect(shown?.wait_code).toBe('AWAITING_CONFIRMATIONS');
    const knownWaitCode = 'AWAITING_CONFIRMATIONS' as const;
    const input = { payoutId, knownWaitCode };
    expect(await environment.run(activities.settlePayout, input)).toMatchObject({ state: 'paid' });
  });

  it('refuse what an operator may not do, by code and for good', async () => {
    const { deps } = await createTestWallet(database.db, chain);
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const activities = createPayoutActivities(deps);
    const environment = quietEnvironment();
    const { db } = database;
    const held = await holdPayout(db, payoutId, message);
    expect(held).toMatchObject({ state: 'reserved' });
    expect(await environment.run(activities.sendPayout, { payoutId })).toEqual({
      kind: 'waiting',
      wait: { code: 'PAYOUT_HELD', reason: 'held by an operator: because' },
    });
    await resumePayout(db, payoutId, message);
    await environment.run(activities.sendPayout, { payoutId });
    for (const act of [holdPayout, cancelPayout]) {
      await expect(act(db, payoutId, message)).rejects.toMatchObject({
        code: 'PAYOUT_ALREADY_SIGNED',
        final: true,
      });
    }
    const bumped = await requestBump(db, payoutId, message);
    expect(bumped).toMatchObject({ state: 'signed' });
    const input = { payoutId, knownWaitCode: null };
    await environment.run(activities.settlePayout, input);
    await expect(requestBump(db, payoutId, message)).rejects.toMatchObject({
      code: 'PAYOUT_ALREADY_CLOSED',
    });
  });
});
