import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { TEST_POOL_ID, type TestDatabase } from '../../test/harness/database.js';
import {
  chainConfig,
  createMoneyDatabase,
  credit,
  deploy,
  randomAddress,
} from '../../test/harness/money.js';
import {
  createPayee,
  messageOf,
  signMessage,
  type TestPayee,
  wishSigned,
} from '../../test/harness/wishes.js';
import type { Address } from '../base/address.js';
import { type ChainClient, createChainClient } from '../chain/quorum.js';
import { digestOf } from '../chain/signatures.js';
import { confirmRedirects } from './redirecting.js';
import { typedDataOf } from './rules/typed-data.js';
import { recordWish } from './store/recording.js';
import { payeeWish } from './store/tables.js';
import { readSettings, wishesOf } from './store/wishes.js';
import { verifyWish } from './verifying.js';

const A_WEEK_MS = 7 * 86_400_000;
/** A contract whose signature of a message is the message's own digest, and which answers anything else with zeros. */
const WALLET_CODE = '60043560643514631626ba7e0260e01b60005260206000f3';
/** A contract that has no such function. */
const NO_WALLET_CODE = '60006000fd';
const PAUSE = { kind: 'pause' } as const;

let chain: LocalChain;
let database: TestDatabase;
let rpc: ChainClient;
let ann: TestPayee;
beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
  database = await createMoneyDatabase();
  rpc = createChainClient(chainConfig(chain));
  ann = await createPayee(database.db);
});
afterAll(async () => {
  await chain.stop();
  await database.close();
});

const silent = () =>
  createChainClient({
    ...chainConfig(chain),
    rpcUrls: ['http://127.0.0.1:9', 'http://localhost:9'],
    rpcTimeoutMs: 200,
  });
/** Endpoints of which one has another opinion. */
const ofTwoMinds = (): Pick<ChainClient, 'agreed'> => ({
  agreed: async () => ({ agreed: false, reason: 'the endpoints are of two minds' }),
});

describe('a signature', () => {
  it('of the payee’s key proves the wish, and the chain is not asked', async () => {
    const message = await messageOf(database.db, ann.address, PAUSE);
    const signature = await signMessage(ann.key, message);
    expect(await verifyWish(message, signature, silent())).toBe('key');
  });

  it('of another key, or of another message, proves nothing', async () => {
    const bob = await createPayee(database.db);
    const message = await messageOf(database.db, ann.address, PAUSE);
    const signature = await signMessage(bob.key, message);
    const verdict = verifyWish(message, signature, rpc);
    await expect(verdict).rejects.toMatchObject({ code: 'WISH_NOT_SIGNED' });
    const other = await signMessage(ann.key, { ...message, wish: { kind: 'resume' } });
    for (const wrong of [other, '0x1234', `0x${'00'.repeat(65)}`]) {
      const found = verifyWish(message, wrong, rpc);
      await expect(found).rejects.toMatchObject({ code: 'WISH_NOT_SIGNED' });
    }
    for (const text of ['', '0x', '0xzz', `0x${'ab'.repeat(5_000)}`]) {
      const found = verifyWish(message, text, rpc);
      await expect(found).rejects.toMatchObject({ code: 'WISH_MALFORMED' });
    }
  });

  it('of a contract counts when a quorum says that the contract accepts it', async () => {
    const safe = await deploy(chain, WALLET_CODE);
    await credit(database.db, [1n], safe);
    const message = await messageOf(database.db, safe, PAUSE);
    const right = digestOf(typedDataOf(message));
    expect(await verifyWish(message, right, rpc)).toBe('contract');
    const wrong = verifyWish(message, `0x${'ab'.repeat(32)}`, rpc);
    await expect(wrong).rejects.toMatchObject({ code: 'WISH_NOT_SIGNED' });
    const reverting = await deploy(chain, NO_WALLET_CODE);
    const refused = verifyWish({ ...message, payee: reverting }, right, rpc);
    await expect(refused).rejects.toMatchObject({ code: 'WISH_NOT_SIGNED' });
  });

  it('is neither right nor wrong while the chain cannot be asked', async () => {
    const message = await messageOf(database.db, randomAddress(), PAUSE);
    for (const unknowing of [silent(), ofTwoMinds()]) {
      const unknown = verifyWish(message, `0x${'ab'.repeat(32)}`, unknowing);
      await expect(unknown).rejects.toMatchObject({ code: 'WISH_UNVERIFIED', final: false });
    }
  });
});

describe('a wish that is recorded', () => {
  const record = async (payee: TestPayee, message: Awaited<ReturnType<typeof messageOf>>) => {
    const signature = await signMessage(payee.key, message);
    await recordWish(database.db, message, { signature, proof: 'key' });
  };

  it('counts once, in its turn, and only for somebody whom the pool knows', async () => {
    const { db } = database;
    const first = await messageOf(db, ann.address, PAUSE);
    await record(ann, first);
    await expect(record(ann, first)).rejects.toMatchObject({ code: 'WISH_REPLAYED' });
    const ahead = { ...first, nonce: first.nonce + 2 };
    await expect(record(ann, ahead)).rejects.toMatchObject({ code: 'WISH_OUT_OF_TURN' });
    const stranger = { ...first, payee: randomAddress() };
    await expect(record(ann, stranger)).rejects.toMatchObject({ code: 'PAYEE_UNKNOWN' });
    expect((await wishesOf(db, [ann.address])).get(ann.address)?.pausedSince).not.toBeNull();
  });

  it('counts once although it comes ten times at once', async () => {
    const bob = await createPayee(database.db);
    const message = await messageOf(database.db, bob.address, PAUSE);
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => record(bob, message)));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await readSettings(database.db, bob.address)).nextNonce).toBe(1);
  });

  it('is one of at most fifty a day', async () => {
    const bob = await createPayee(database.db);
    for (let wish = 0; wish < 50; wish += 1) await wishSigned(database.db, bob, PAUSE);
    const last = wishSigned(database.db, bob, PAUSE);
    await expect(last).rejects.toMatchObject({ code: 'WISH_TOO_MANY' });
  });

  it('never pays the pool’s own wallet, who refused a payout, or who was paid past the ledger', async () => {
    const { db } = database;
    const [wallet, refusing, paid] = [randomAddress(), await credit(db, [1n]), randomAddress()];
    await db.execute(sql`
      INSERT INTO paying_wallet (no, chain_id, address, actor, reason)
      VALUES (1, 31337, ${wallet}, 'test', 'the first')`);
    await db.execute(sql`
      UPDATE payee SET unpayable_code = 'REFUSED_ON_CHAIN', unpayable_reason = 'it refused',
                       unpayable_at = now() WHERE address = ${refusing}`);
    await db.execute(sql`
      INSERT INTO foreign_transaction (chain_id, hash, sender, nonce, destination, value_wei, succeeded,
                                       block_number, block_hash, gas_used, gas_price_wei, verdict, actor, reason)
      VALUES (31337, ${`0x${'12'.repeat(32)}`}, ${wallet}, 0, ${paid}, 5, true, 1, ${`0x${'34'.repeat(32)}`},
              21000, 1, 'pays-nobody', 'test', 'looked at it')`);
    for (const destination of [wallet, refusing, paid]) {
      const wish = wishSigned(db, ann, { kind: 'destination', destination });
      await expect(wish).rejects.toMatchObject({ code: 'WISH_DESTINATION_REFUSED' });
    }
  });
});

describe('a change of destination', () => {
  const confirm = (chainNow: Pick<ChainClient, 'agreed'> = rpc) =>
    confirmRedirects({
      db: database.db,
      poolId: TEST_POOL_ID,
      chainId: 31_337,
      chain: chainNow,
      coolDownMs: A_WEEK_MS,
    });
  const told = async (payee: Address) => {
    const { rows } = await database.db.execute<{ facts: { to: string; effectiveAt: string } }>(
      sql`SELECT facts FROM notice WHERE payee = ${payee} AND kind = 'destination' ORDER BY id`,
    );
    return rows.map(({ facts }) => [facts.to, facts.effectiveAt !== null]);
  };

  it('begins its cool-down when a worker has confirmed it, is told, and can be revoked', async () => {
    const { db } = database;
    const bob = await createPayee(db);
    const destination = randomAddress();
    const revoke = () => wishSigned(db, bob, { kind: 'revoke-destination' });
    await expect(revoke()).rejects.toMatchObject({ code: 'WISH_NOTHING_TO_REVOKE' });
    await wishSigned(db, bob, { kind: 'destination', destination });
    expect((await readSettings(db, bob.address)).pending).toEqual({
      destination,
      effectiveAt: null,
    });
    expect(await confirm()).toEqual({ confirmed: 1, refused: 0, waiting: 0 });
    expect(await confirm()).toEqual({ confirmed: 0, refused: 0, waiting: 0 });
    const waits = await readSettings(db, bob.address);
    expect(waits).toMatchObject({ destination: bob.address, pending: { destination } });
    const leftMs = (waits.pending?.effectiveAt?.getTime() ?? 0) - Date.now();
    expect(leftMs / A_WEEK_MS).toBeCloseTo(1, 2);
    await revoke();
    expect(await readSettings(db, bob.address)).toMatchObject({
      destination: bob.address,
      pending: null,
    });
    expect(await told(bob.address)).toEqual([
      [destination, true],
      [destination, false],
    ]);
    await expect(revoke()).rejects.toMatchObject({ code: 'WISH_NOTHING_TO_REVOKE' });
  });

  it('is refused by the worker when the API wrote what nobody signed', async () => {
    const { db } = database;
    const [bob, carl] = [await createPayee(db), await createPayee(db)];
    const mine = { kind: 'destination', destination: randomAddress() } as const;
    const honest = await messageOf(db, bob.address, mine);
    const signature = await signMessage(bob.key, honest);
    const theirs = randomAddress();
    const forge = (payee: Address, destination: Address, signed: unknown) =>
      db.insert(payeeWish).values({
        payee,
        nonce: 0,
        kind: 'destination' as const,
        destination,
        signed,
        signature,
        proof: 'key' as const,
      });
    // The row says another address than the message.
    await forge(bob.address, theirs, typedDataOf(honest));
    // The message says another address than the signature.
    const other = { ...honest, payee: carl.address };
    await forge(carl.address, mine.destination, typedDataOf(other));
    expect(await confirm()).toEqual({ confirmed: 0, refused: 2, waiting: 0 });
    for (const { address } of [bob, carl]) {
      expect(await readSettings(db, address)).toMatchObject({
        destination: address,
        pending: null,
        refused: { refusal: expect.any(String) },
      });
      expect(await told(address)).toEqual([]);
    }
  });

  it('of a key is confirmed although more contracts than are looked at at once cannot be asked', async () => {
    const { db } = database;
    const [from, to] = [Math.floor(Date.now() / 1_000), Math.floor(Date.now() / 1_000) + 60];
    for (let n = 0; n < 100; n += 1) {
      const safe = await credit(db, [1n]);
      const wish = { kind: 'destination', destination: randomAddress() } as const;
      const message = await messageOf(db, safe, wish, { issuedAt: from, expiresAt: to });
      await recordWish(db, message, { signature: '0x12', proof: 'contract' });
    }
    const bob = await createPayee(db);
    await wishSigned(db, bob, { kind: 'destination', destination: randomAddress() });
    expect(await confirm(ofTwoMinds())).toMatchObject({ confirmed: 1, refused: 0 });
    expect((await readSettings(db, bob.address)).pending?.effectiveAt).not.toBeNull();
    expect(await confirm()).toEqual({ confirmed: 0, refused: 100, waiting: 0 });
  });

  it('of a contract waits while the chain cannot be asked, and is tried again', async () => {
    const { db } = database;
    const safe = await deploy(chain, WALLET_CODE);
    await credit(db, [1n], safe);
    const wish = { kind: 'destination', destination: randomAddress() } as const;
    const message = await messageOf(db, safe, wish);
    const signature = digestOf(typedDataOf(message));
    await recordWish(db, message, { signature, proof: 'contract' });
    expect(await confirm(silent())).toEqual({ confirmed: 0, refused: 0, waiting: 1 });
    expect((await readSettings(db, safe)).pending?.effectiveAt).toBeNull();
    expect(await confirm()).toEqual({ confirmed: 1, refused: 0, waiting: 0 });
  });
});
