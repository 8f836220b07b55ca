import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, signTypedData } from '../../core/chain/signatures.js';
import type { TypedData } from '../../core/self-service/rules/typed-data.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { chainConfig, credit, deploy, randomAddress } from '../../test/harness/money.js';
import { createPayee, type TestPayee } from '../../test/harness/wishes.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { createApp } from '../app.js';

/** A contract whose signature of a message is the message's own digest. */
const WALLET_CODE = '60043560643514631626ba7e0260e01b60005260206000f3';
let chain: LocalChain;
let database: TestDatabase;
let app: Hono;
let ann: TestPayee;
let nowMs = Date.now();
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
  database = await createTestDatabase();
  const config = { ...testConfig(), chain: chainConfig(chain) };
  app = createApp(poolOf(database.db, { config, now: () => new Date(nowMs) }));
  ann = await createPayee(database.db);
});
afterAll(async () => {
  await chain.stop();
  await database.close();
});

const ask = async <T = Record<string, unknown>>(path: string, body?: unknown) => {
  const response = await app.request(path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
};
const messageFor = async (address: string, query: string) => {
  const path = `/v1/payees/${address}/wishes/message?${query}`;
  const { status, body } = await ask<TypedData>(path);
  expect([path, status]).toEqual([path, 200]);
  return body;
};
const send = (address: string, typedData: unknown, signature: string) =>
  ask(`/v1/payees/${address}/wishes`, { typedData, signature });
const wish = async ({ address, key }: TestPayee, query: string) => {
  const message = await messageFor(address, query);
  return send(address, message, await signTypedData(key, message));
};

describe('a payee that signs', () => {
  it('decides its threshold, pause, nickname, notices and destination', async () => {
    const destination = randomAddress();
    expect((await wish(ann, 'kind=threshold&value=20000000000000000')).status).toBe(201);
    expect((await wish(ann, 'kind=pause')).status).toBe(201);
    expect((await wish(ann, 'kind=nickname&value=Ann')).status).toBe(201);
    const hook = encodeURIComponent('https://ann.example.net/secret-hook');
    expect((await wish(ann, `kind=notice-address&value=${hook}`)).status).toBe(201);
    const last = await wish(ann, `kind=destination&value=${destination}`);
    expect(last).toMatchObject({
      status: 201,
      body: {
        nickname: 'Ann',
        thresholdEth: '0.02',
        pausedSince: expect.any(String),
        hasNoticeAddress: true,
        pendingDestination: { effectiveAt: null },
        nextNonce: 5,
      },
    });
    expect(JSON.stringify(last.body)).not.toContain('secret-hook');
    expect((await wish(ann, 'kind=threshold&value=0')).body).toMatchObject({ thresholdWei: null });
    expect((await wish(ann, 'kind=resume')).body).toMatchObject({ pausedSince: null });
    expect((await wish(ann, 'kind=revoke-destination')).body).toMatchObject({
      pendingDestination: null,
    });
  });

  it('may be a contract, which the chain is asked about', async () => {
    const safe = await deploy(chain, WALLET_CODE);
    await credit(database.db, [1n], safe);
    const message = await messageFor(safe, 'kind=pause');
    // One failed look at the ledger, of the first message that needs the chain, is not kept.
    const run = (statement: string) => database.db.$client.query(statement);
    await run('ALTER TABLE ledger RENAME TO away');
    expect((await send(safe, message, digestOf(message))).status).toBe(500);
    await run('ALTER TABLE away RENAME TO ledger');
    expect((await send(safe, message, digestOf(message))).status).toBe(201);
    const again = await messageFor(safe, 'kind=resume');
    const wrong = await send(safe, again, digestOf(message));
    expect(wrong).toMatchObject({ status: 403, body: { code: 'WISH_NOT_SIGNED' } });
  });
});

describe('a message', () => {
  const codes = async (change: (message: TypedData) => unknown, to = ann.address) => {
    const message = await messageFor(ann.address, 'kind=pause');
    const changed = change(message) as TypedData;
    const { status, body } = await send(to, changed, await signTypedData(ann.key, changed));
    return [status, body['code']];
  };

  it('is refused by its own code, whatever is wrong with it', async () => {
    const { address } = await createPayee(database.db);
    const with_ = (more: Record<string, unknown>) => (message: TypedData) => ({
      ...message,
      message: { ...message.message, ...more },
    });
    const onChain = (chainId: number) => (message: TypedData) => ({
      ...message,
      domain: { ...message.domain, chainId },
    });
    expect(await codes(onChain(1))).toEqual([409, 'WISH_OTHER_CHAIN']);
    expect(await codes(with_({ pool: 'theirs' }))).toEqual([409, 'WISH_OTHER_POOL']);
    expect(await codes((message) => message, address)).toEqual([409, 'WISH_OTHER_PAYEE']);
    expect(await codes(with_({ payee: address }), address)).toEqual([403, 'WISH_NOT_SIGNED']);
    expect(await codes(with_({ nonce: 0 }))).toEqual([409, 'WISH_REPLAYED']);
    expect(await codes(with_({ nonce: 99 }))).toEqual([409, 'WISH_OUT_OF_TURN']);
    expect(await codes(with_({ says: 'Pay Bob.' }))).toEqual([400, 'WISH_MALFORMED']);
    expect(await codes(with_({ payee: randomAddress() }))).toEqual([409, 'WISH_OTHER_PAYEE']);
    const path = `/v1/payees/${ann.address}/wishes`;
    expect(await ask(path, { typedData: {}, signature: '0x00' })).toMatchObject({ status: 400 });
    expect(await ask(path, { signature: '0x00' })).toMatchObject({
      body: { code: 'REQUEST_INVALID' },
    });
  });

  it('ends with its time', async () => {
    const message = await messageFor(ann.address, 'kind=pause&validFor=60');
    const signature = await signTypedData(ann.key, message);
    nowMs += 61_000;
    const late = await send(ann.address, message, signature);
    expect(late).toMatchObject({ status: 409, body: { code: 'WISH_EXPIRED' } });
  });

  it('is made for nobody whom the pool does not know, and of nothing that it would refuse', async () => {
    const of = async (address: string, query: string) =>
      (await ask(`/v1/payees/${address}/wishes/message?${query}`)).body['code'];
    expect(await of(randomAddress(), 'kind=pause')).toBe('PAYEE_UNKNOWN');
    expect(await of(ann.address, 'kind=threshold&value=1')).toBe('WISH_OUT_OF_BOUNDS');
    expect(await of(ann.address, 'kind=destination&value=bob')).toBe('WISH_MALFORMED');
    expect(await of(ann.address, 'kind=win')).toBe('REQUEST_INVALID');
  });

  it('is taken at most 300 times a minute from one place', async () => {
    const path = `/v1/payees/${ann.address}/wishes`;
    const sent = await Promise.all(
      Array.from({ length: 310 }, () => ask(path, { typedData: {}, signature: '0x00' })),
    );
    const last = sent.filter(({ status }) => status === 429);
    expect(last.length).toBeGreaterThan(5);
    expect(last[0]?.body).toMatchObject({ code: 'WISH_TOO_MANY' });
  });
});
