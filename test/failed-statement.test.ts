/**
 * A statement that fails tells why, and its parameters appear nowhere: here the row that holds a signed
 * transaction is refused by Postgres, for a while.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../dev/kit/until.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase, type TestDatabase } from './harness/database.js';
import { recordTestTerms, reserveFor, setBalance, stateOf } from './harness/money.js';
import { createTestNamespace, type TestNamespace } from './harness/namespace.js';
import { type PoolProcess, startPoolProcess } from './harness/pool-process.js';
import { findSecrets, keyForms, type Trace, temporalTraces } from './harness/secret-search.js';

const AMOUNT_WEI = 77_000_000_000_000_001n;
const wallet = Wallet.createRandom();
const account = { address: wallet.address, privateKey: wallet.privateKey };

describe('a statement that fails', () => {
  let dir: string;
  let chain: LocalChain;
  let database: TestDatabase;
  let temporal: TestNamespace;
  let pool: PoolProcess;
  const histories: Trace[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-failed-'));
    [chain, database, temporal] = await Promise.all([
      startChain(),
      createTestDatabase(),
      createTestNamespace(),
    ]);
    const options = { scrypt: { N: 2 } };
    await writeFile(join(dir, 'keystore.json'), encryptKeystoreJsonSync(account, 'pass', options), {
      mode: 0o600,
    });
    await writeFile(join(dir, 'passphrase'), 'pass\n', { mode: 0o600 });
    await setBalance(chain, wallet.address.toLowerCase() as `0x${string}`, 10n ** 20n);
    await recordTestTerms(database.db);
    await database.db.$client.query(
      'ALTER TABLE attempt ADD CONSTRAINT no_attempts CHECK (false) NOT VALID',
    );
    const files = { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' };
    const changes = { log: { level: 'trace' } };
    pool = await startPoolProcess({ dir, chain, database, temporal }, { wallet: files, changes });
    await pool.says('openpool worker ready');
  }, 300_000);
  afterAll(async () => {
    await pool.process.stop();
    await Promise.all([chain.stop(), database.close(), temporal.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  it('says why in log and history, and shows no signed bytes there', async () => {
    const { payoutId } = await reserveFor(database.db, AMOUNT_WEI);
    const look = async () => {
      const traces = await temporalTraces(temporal.connection, temporal.namespace);
      histories.push(...traces.filter(({ place }) => place.includes(`payout/${payoutId}`)));
      return histories.some(({ bytes }) => bytes.includes('no_attempts'));
    };
    await until('the refusal', look, { withinMs: 120_000, everyMs: 500 });
    await pool.says('in insert into attempt');
    await database.db.$client.query('ALTER TABLE attempt DROP CONSTRAINT no_attempts');
    await until('the payout', async () => (await stateOf(database.db, payoutId)) === 'paid', {
      withinMs: 120_000,
      everyMs: 500,
    });
    await look();
    const printed = { place: 'the log', bytes: Buffer.from(pool.lines.join('\n')) };
    const all = [printed, ...histories];
    expect(findSecrets(all, keyForms(await signedPart()))).toEqual([]);
    for (const { place, bytes } of all) {
      expect(bytes.toString(), place).not.toMatch(/params|Failing row|Failed query/);
    }
    const told = /violates check constraint \\?"no_attempts\\?" \(23514\), in insert into attempt/;
    expect(pool.lines.join('\n')).toMatch(told);
    expect(Buffer.concat(histories.map(({ bytes }) => bytes)).toString()).toMatch(told);
  }, 300_000);

  /** What every attempt of this payout signs, whatever its fees: to whom, and how much. */
  async function signedPart(): Promise<string> {
    const { rows } = await database.db.$client.query<{ raw: Buffer }>('SELECT raw FROM attempt');
    const raw = rows[0]?.raw.toString('hex') ?? '';
    const [part = ''] = /94[0-9a-f]{40}88[0-9a-f]{16}80c0/.exec(raw) ?? [];
    expect(part).toHaveLength(64);
    return part;
  }
});
