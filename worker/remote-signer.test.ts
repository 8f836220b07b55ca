/** The worker process with a remote signer that is unreachable at first, does not have the key, or lies. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  startSignerService,
  type TestSignerService,
} from '../core/chain/signer/testing/test-signer-service.js';
import { payoutProgress } from '../core/payouts/store/payout-progress.js';
import { findWallet } from '../core/payouts/store/wallet/wallets.js';
import { waitUntil } from '../dev/kit/process.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { holdPort } from '../test/harness/held-port.js';
import {
  paidByChain,
  recordTestTerms,
  reserveFor,
  setBalance,
  stateOf,
} from '../test/harness/money.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';
import { type PoolProcess, startPoolProcess } from '../test/harness/pool-process.js';

const AMOUNT_WEI = 77_000_000_000_000_001n;
const wallet = Wallet.createRandom();
const address = wallet.address.toLowerCase() as `0x${string}`;

describe('the worker with a remote signer', () => {
  let dir: string;
  let chain: LocalChain;
  let database: TestDatabase;
  let temporal: TestNamespace;
  let service: TestSignerService | undefined;
  const started: PoolProcess[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-remote-'));
    [chain, database, temporal] = await Promise.all([
      startChain(),
      createTestDatabase(),
      createTestNamespace(),
    ]);
    await writeFile(join(dir, 'token'), 'hush-hush-0451\n', { mode: 0o600 });
    await setBalance(chain, address, 10n ** 20n);
    await recordTestTerms(database.db);
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(({ process }) => process.stop()));
    await service?.stop();
    service = undefined;
  });
  afterAll(async () => {
    await Promise.all([chain.stop(), database.close(), temporal.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  async function start(port: number): Promise<PoolProcess> {
    const remote = { url: `http://127.0.0.1:${port}`, tokenFile: 'token', timeout: '1s' };
    const pool = await startPoolProcess(
      { dir, chain, database, temporal },
      { wallet: { signer: 'web3signer', address, remote } },
    );
    started.push(pool);
    return pool;
  }

  it('starts without it, says so, counts on and waits; pays once when it is there', async () => {
    const { port, release } = await holdPort();
    const { payoutId, payee } = await reserveFor(database.db, AMOUNT_WEI);
    const pool = await start(port);
    await pool.says('openpool worker ready');
    await pool.says('SIGNER_UNREACHABLE');
    expect((await fetch(`${pool.apiUrl()}/status`)).status).toBe(200);
    const key = { chainId: chain.chainId, address };
    expect(await findWallet(database.db, key)).toMatchObject({ nextNonce: 0, halt: null });
    await waitUntil({
      what: 'the reason of the wait',
      timeoutMs: 30_000,
      intervalMs: 100,
      ready: async () =>
        (await payoutProgress(database.db, [payoutId]))[0]?.wait?.code === 'SIGNER_UNREACHABLE',
    });
    const shown = await fetch(`${pool.apiUrl()}/v1/payouts/${payoutId}`);
    expect(await shown.text()).toContain('nothing is signed, and it is asked again');
    expect((await paidByChain(chain, address)).size).toBe(0);
    const { chainId } = chain;
    await release();
    service = await startSignerService({ privateKey: wallet.privateKey, chainId, port });
    await waitUntil({
      what: 'the payment',
      timeoutMs: 40_000,
      intervalMs: 100,
      ready: async () => (await stateOf(database.db, payoutId)) === 'paid',
    });
    expect(await paidByChain(chain, address)).toEqual(new Map([[payee, AMOUNT_WEI]]));
    expect(service.tokens.every((token) => token === 'Bearer hush-hush-0451')).toBe(true);
    expect(pool.lines.join('\n')).not.toContain('hush-hush');
  });

  it('does not start with a signer that does not have the key', async () => {
    const { privateKey } = Wallet.createRandom();
    service = await startSignerService({ privateKey, chainId: chain.chainId });
    const pool = await start(service.port);
    expect(await pool.process.ended).toBe(1);
    expect(pool.lines.join('\n')).toContain('SIGNER_ADDRESS_MISSING');
    expect(pool.lines.join('\n')).toContain(`has no key of ${address}: it holds 1 other key`);
  });

  it('ends when one that was away at first turns out not to have the key', async () => {
    const { port, release } = await holdPort();
    const pool = await start(port);
    await pool.says('openpool worker ready');
    const { privateKey } = Wallet.createRandom();
    await release();
    service = await startSignerService({ privateKey, chainId: chain.chainId, port });
    expect(await pool.process.ended).toBe(1);
    expect(pool.lines.join('\n')).toContain('SIGNER_ADDRESS_MISSING');
  });
});
