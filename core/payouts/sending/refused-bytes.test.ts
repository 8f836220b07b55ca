/** Tests nodes that refuse signed bytes or their estimate: what is reported, and that one node alone delays nobody. */
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';

import {
  chainConfig,
  createPayer,
  createTestWallet,
  reserveFor,
  waitOf,
} from '../../../test/harness/money.js';
import { useSwitchedChain } from '../../../test/harness/switched-chain.js';
import { TEST_SENTINEL } from '../../../test/kit/test-pool.js';
import { createChainClient } from '../../chain/quorum.js';
import { lookAtSources } from '../../sentinel/looking.js';
import { findPayingWallet } from '../store/reads/wallet-reads.js';
import { walletKeyOf } from '../wallet/money-deps.js';

const AMOUNT_WEI = 31_000_000_000_000_007n;
const world = useSwitchedChain(3);

async function createPool() {
  const { deps } = await createTestWallet(world.db, world.chain);
  const config = chainConfig(world.chain, { rpcUrls: world.endpoints.map(({ url }) => url) });
  const payer = createPayer({ ...deps, rpc: createChainClient(config) });
  const { payoutId } = await reserveFor(world.db, AMOUNT_WEI);
  const shown = async () => (await waitOf(world.db, payoutId))?.code;
  const rpc = createChainClient(config);
  return { payer, payoutId, shown, money: { ...deps, rpc }, key: walletKeyOf(deps) };
}

describe('an endpoint that calls a full wallet empty', () => {
  it('or that refuses to estimate delays no payout', async () => {
    for (const words of ['insufficient funds for gas * price + value', 'method not whitelisted']) {
      world.endpoints[0]?.setMood({ refuses: { eth_estimateGas: words } });
      const { payer, payoutId } = await createPool();
      expect(await payer.pay(payoutId)).toMatchObject({ state: 'paid' });
    }
  });

  it('is believed if the balance that it shows is too low, whatever its error text is', async () => {
    const refuses = { eth_estimateGas: 'Cannot execute: 0x1f' };
    for (const one of world.endpoints) {
      one.setMood({ refuses, edit: (method, it) => (method === 'eth_getBalance' ? '0x5' : it) });
    }
    const { payer, payoutId } = await createPool();
    expect(await payer.sender.send(payoutId)).toMatchObject({ wait: { code: 'WALLET_EMPTY' } });
  });

  it('is contradicted by the balance that a quorum sees, even if all endpoints say so', async () => {
    for (const one of world.endpoints)
      one.setMood({ refuses: { eth_estimateGas: 'insufficient funds' } });
    const { payer, payoutId } = await createPool();
    const sent = await payer.sender.send(payoutId);
    expect(sent).toMatchObject({
      wait: {
        code: 'RPC_UNREACHABLE',
        reason: expect.stringMatching(/insufficient funds, although a quorum sees [\d.]+ ETH/),
      },
    });
  });
});

describe('bytes that the nodes refuse', () => {
  it('wait with the text of a node, become a finding when that lasts, and go on once a node accepts them', async () => {
    const said = 'transaction type not supported';
    for (const one of world.endpoints) one.setMood({ refuses: { eth_sendRawTransaction: said } });
    const { payer, payoutId, shown } = await createPool();
    const paid = payer.pay(payoutId);
    await expect.poll(shown, { timeout: 15_000 }).toBe('BROADCAST_REFUSED');
    expect((await waitOf(world.db, payoutId))?.reason).toMatch(
      new RegExp(`^sent .* with nonce 0, and not taken \\(\\S+ refused it: ${said}\\)`),
    );
    const look = () =>
      lookAtSources({
        db: world.db,
        settings: TEST_SENTINEL,
        sources: [],
        roundIntervalMs: null,
      }).then(({ findings }) => findings);
    expect(await look()).toEqual([]);
    await world.db.execute(
      sql`UPDATE attempt SET first_sent_at = first_sent_at - interval '16 minutes'`,
    );
    expect(await look()).toEqual([
      {
        ...{ code: 'PAYOUTS_NOT_TAKEN', sourceId: '' },
        words: expect.stringContaining('no node has taken 1 signed payout'),
      },
    ]);
    for (const one of world.endpoints) one.setMood();
    expect(await paid).toMatchObject({ state: 'paid' });
    expect(await look()).toEqual([]);
  });
});

describe('a check of the sentinel', () => {
  it('asks every endpoint, stores the balance that they show, and reports who was silent for long', async () => {
    const { money, key } = await createPool();
    const silences = () => [{ name: 'node:1', silentMs: 16 * 60_000, why: 'HTTP 403' }];
    const look = (rpc: typeof money.rpc) =>
      lookAtSources({
        db: world.db,
        settings: TEST_SENTINEL,
        sources: [],
        roundIntervalMs: null,
        money: { ...money, rpc },
      });
    expect((await look(money.rpc)).findings).toEqual([]);
    const wallet = await findPayingWallet(world.db, key.chainId);
    expect(wallet?.balance?.wei).toBeGreaterThan(0n);
    expect((await look({ ...money.rpc, silences })).findings).toMatchObject([
      { code: 'RPC_SILENT', words: expect.stringContaining('node:1 has given no usable answer') },
    ]);
    expect((await look(money.rpc)).findings).toEqual([]);
  });
});
