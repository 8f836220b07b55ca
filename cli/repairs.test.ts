/** An operator's repairs on the command line, with a worker, a chain, and somebody else who uses the wallet's key. */
import { sql } from 'drizzle-orm';
import { Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../api/app.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { findWallet, haltWallet } from '../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../core/payouts/wallet/money-deps.js';
import { type LocalChain, rpc } from '../dev/stack/chain-node.js';
import type { TestDatabase } from '../test/harness/database.js';
import { ingestSaid, inventEvents } from '../test/harness/event-world.js';
import {
  paidByLedger,
  reserveFor,
  sendForeign,
  setBalance,
  stateOf,
  type TestWallet,
} from '../test/harness/money.js';
import { type OperatedPool, startOperatedPool } from '../test/harness/operated-pool.js';
import { poolOf } from '../test/kit/silent-temporal.js';

const GWEI = 10n ** 9n;

let pool: OperatedPool;
let chain: LocalChain;
let database: TestDatabase;
let wallet: TestWallet;
beforeAll(async () => {
  const retention = { keepMonths: 2, archiveDir: 'archive' };
  pool = await startOperatedPool({ blockTimeSeconds: 0, retention });
  ({ chain, database, wallet } = pool);
});
afterAll(() => pool.stop());

const openpool = (...words: readonly string[]) => pool.openpool(...words);

/** Adds a posting that is balanced but wrong: nothing that happened explains it. */
const damage = () =>
  database.db.execute(sql`
    WITH made AS (INSERT INTO posting (kind, source_id, batch, terms_id) VALUES ('jobs', 'one', 0, 1)
                  RETURNING id)
    INSERT INTO ledger_entry (posting_id, account, amount_wei)
    SELECT id, e.account, e.wei FROM made, (VALUES ('revenue', -7), ('commission', 7)) AS e (account, wei)`);

const toFinality = () => rpc(chain.rpcUrl, 'anvil_mine', ['0x8']);

describe('repairs on the command line', () => {
  it('reconcile, adopt what is foreign after a dry run, and let payouts go on', async () => {
    await toFinality();
    expect(await openpool('reconcile')).toMatchObject({ code: 0, answer: { ok: true } });
    await sendForeign(chain, wallet, 0);
    await toFinality();
    expect(await openpool('reconcile')).toMatchObject({
      code: 3,
      answer: { ok: false, findings: [{ code: 'TRANSACTION_UNKNOWN' }] },
    });
    const dry = await openpool('wallet', 'adopt', '--dry-run', '--reason', 'a look');
    expect(dry).toMatchObject({ code: 0, answer: { applied: false, complete: true } });
    const key = walletKeyOf(wallet.deps);
    expect((await findWallet(database.db, key))?.nextNonce).toBe(0);
    const done = await openpool('wallet', 'adopt', '--reason', 'a test of the key');
    expect(done).toMatchObject({
      code: 0,
      answer: { applied: true, findings: [{ nonce: 0, verdict: 'pays-nobody' }] },
    });
    expect(await openpool('wallet', 'resume', '--reason', 'adopted')).toMatchObject({
      answer: { changed: true, halted: false },
    });
    expect(await openpool('reconcile')).toMatchObject({ code: 0, answer: { ok: true } });
    const log = await listAuditLog(database.db, { limit: 20, cursor: null });
    expect(log.items.map(({ action, reason }) => `${action}: ${reason}`)).toContain(
      'wallet.adopt: a test of the key',
    );
  });

  it('refuse to adopt while the wallet may sign', async () => {
    const said = await openpool('wallet', 'adopt', '--reason', 'too early');
    expect(said).toMatchObject({ code: 1 });
    expect(said.error).toContain('WALLET_NOT_HALTED');
  });

  it('book a payment made elsewhere, once, and release what nothing can pay', async () => {
    // Halted, so that the saga which the sweeper starts cannot sign meanwhile.
    const key = walletKeyOf(wallet.deps);
    await haltWallet(database.db, key, { code: 'HALTED_BY_OPERATOR', reason: 'a look' });
    const { payoutId, payee } = await reserveFor(database.db, 1_000n);
    const outside = Wallet.createRandom();
    await setBalance(chain, outside.address.toLowerCase() as `0x${string}`, 10n ** 18n);
    const raw = await outside.signTransaction({
      ...{ type: 2, chainId: chain.chainId, nonce: 0, to: payee, value: 1_000n, gasLimit: 21_000n },
      ...{ maxFeePerGas: 50n * GWEI, maxPriorityFeePerGas: GWEI },
    });
    const tx = (await rpc(chain.rpcUrl, 'eth_sendRawTransaction', [raw])) as string;
    const book = ['payout', 'paid-elsewhere', payoutId, '--tx', tx, '--reason', 'by hand'];
    const early = await openpool(...book);
    expect(early).toMatchObject({ code: 1 });
    expect(early.error).toContain('PAYMENT_UNPROVEN');
    await toFinality();
    expect(await openpool(...book, '--dry-run')).toMatchObject({ answer: { applied: false } });
    expect(await stateOf(database.db, payoutId)).toBe('reserved');
    expect(await openpool(...book)).toMatchObject({ code: 0, answer: { applied: true } });
    expect((await paidByLedger(database.db)).get(payee)).toBe(1_000n);
    const again = await openpool(...book);
    expect(again.error).toContain('PAYOUT_ALREADY_CLOSED');

    const other = await reserveFor(database.db, 2_000n);
    const release = ['payout', 'release', other.payoutId, '--reason', 'moved away'];
    expect(await openpool(...release, '--dry-run')).toMatchObject({ answer: { applied: false } });
    expect(await openpool(...release)).toMatchObject({ code: 0, answer: { applied: true } });
    expect(await stateOf(database.db, other.payoutId)).toBe('cancelled');
  });
});

describe('the history on the command line', () => {
  it('is archived, read again and brought back; differences are named with exit code 3 and corrected', async () => {
    const span = { fromMs: Date.parse('2026-01-10T00:00:00Z'), count: 40, stepMs: 86_400_000 };
    await ingestSaid(database.db, 'one', inventEvents(4, span));
    await database.db.execute(
      sql`UPDATE pool_event SET received_at = dt; UPDATE source SET deep_from_dt = NULL`,
    );
    const archived = await openpool('archive', 'run');
    expect(archived).toMatchObject({
      ...{ code: 0, answer: { archived: [{ month: '2026-01' }, { month: '2026-02' }] } },
    });
    await damage();
    const found = await openpool('rebuild');
    expect(found).toMatchObject({ code: 3, answer: { ok: false, applied: false } });
    expect(JSON.stringify(found.answer)).toContain('its events are worth nothing');
    const applied = await openpool('rebuild', '--apply', '--reason', 'a test of damage');
    expect(applied).toMatchObject({
      code: 0,
      answer: { applied: true, corrections: { postings: 1 } },
    });
    const restored = await openpool('archive', 'restore', '2026-01', '--reason', 'a question');
    expect(restored.code).toBe(0);
    const app = createApp(poolOf(database.db));
    const read = async (path: string) => (await app.request(path)).json();
    expect(await read('/v1/archives')).toMatchObject({
      items: [
        { month: '2026-01', state: 'restored' },
        { month: '2026-02', state: 'archived' },
      ],
    });
    expect(await read('/v1/rebuild')).toMatchObject({ latest: { ok: true, actor: 'cli' } });
  }, 120_000);
});
