/** Fills the tables with years of paid payouts, as the manager itself would have left them. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { rpc } from '../../dev/stack/chain-node.js';
import { forgePayouts } from '../../test/harness/database.js';
import { creditRegion } from './payout-credit.js';
import type { PayoutStack } from './payout-stack.js';

const PAYEES = 1_000;
const AMOUNT_WEI = '1000000000000000';
const CHUNK = 50_000;
const OLD_REGION = 'old';

/** Adds this many payouts and moves the wallet's nonce on, in the tables and on the chain. Nothing may be paid meanwhile. */
export async function addOldPayouts(
  stack: PayoutStack,
  count: number,
  say: (line: string) => void,
): Promise<void> {
  await addPayees(stack, count);
  for (let from = 0; from < count; from += CHUNK) {
    await writeOldPayouts(stack.db, Math.min(CHUNK, count - from), OLD_REGION);
    say(`${Math.min(from + CHUNK, count)} of ${count} old payouts written`);
  }
  const { rows } = await stack.db.$client.query<{ next_nonce: string }>(
    'SELECT next_nonce FROM wallet',
  );
  const nonce = `0x${Number(rows[0]?.next_nonce).toString(16)}`;
  await rpc(stack.chain.rpcUrl, 'anvil_setNonce', [stack.wallet, nonce]);
  await stack.db.$client.query('VACUUM ANALYZE');
}

/** Books what each of them earned in a posting of its own. */
async function addPayees({ db }: PayoutStack, count: number): Promise<void> {
  const earnedWei = BigInt(AMOUNT_WEI) * BigInt(Math.ceil(count / PAYEES));
  await db.transaction(async (tx) => {
    await tx.execute(sql`
      INSERT INTO payee (address)
      SELECT '0x0000' || lpad(to_hex(n), 36, '0') FROM generate_series(1, ${PAYEES}::int) n`);
    await tx.execute(sql`
      INSERT INTO remote_worker (payee, node_type, region)
      SELECT '0x0000' || lpad(to_hex(n), 36, '0'), 'ai', 'old' FROM generate_series(1, ${PAYEES}::int) n`);
    await creditRegion(tx, OLD_REGION, earnedWei);
  });
}

/** Adds paid payouts to the workers of a region in turn, from what is pending for them. */
export async function writeOldPayouts(db: Database, count: number, region: string): Promise<void> {
  await forgePayouts(db, async (tx) => {
    await tx.execute(sql`
      CREATE TEMP TABLE old ON COMMIT DROP AS
      SELECT gen_random_uuid() AS id, worker.id AS worker, worker.payee,
             wallet.next_nonce + row_number() OVER () - 1 AS nonce, wallet.chain_id, wallet.address,
             now() - n * interval '90 seconds' - interval '1 day' AS at
        FROM generate_series(1, ${count}::int) n
        JOIN (SELECT id, payee, row_number() OVER (ORDER BY id) - 1 AS position,
                     count(*) OVER () AS workers
                FROM remote_worker WHERE region = ${region}) worker ON worker.position = n % workers
       CROSS JOIN wallet`);
    await tx.execute(sql`
      INSERT INTO payout (id, payee, destination, amount_wei, state, origin, created_at, signed_at, closed_at)
      SELECT id, payee, payee, ${AMOUNT_WEI}::numeric, 'paid', 'round', at, at, at FROM old`);
    await tx.execute(sql`
      INSERT INTO payout_allocation SELECT id, worker, ${AMOUNT_WEI}::numeric FROM old`);
    await tx.execute(sql`
      INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id, state, mined_hash, block_number, block_hash,
             gas_used, gas_price_wei, created_at, closed_at, final_at)
      SELECT chain_id, address, nonce, id, 'mined', '0x' || lpad(to_hex(nonce), 64, '0'), 1,
             '0x' || repeat('0', 64), 21000, 1000000000, at, at, at FROM old`);
    await tx.execute(sql`
      INSERT INTO attempt (hash, chain_id, wallet, nonce, n, raw, gas_limit, max_fee_per_gas_wei,
             max_priority_fee_per_gas_wei, sends, first_sent_at, last_sent_at, created_at)
      SELECT '0x' || lpad(to_hex(nonce), 64, '0'), chain_id, address, nonce, 1,
             decode(repeat('ab', 115), 'hex'), 21000, 2000000000, 1000000000, 1, at, at, at FROM old`);
    for (const [kind, from, to] of [
      ['reserve', 'pending', 'reserved'],
      ['settle', 'reserved', 'paid'],
    ]) {
      await tx.execute(sql`
        WITH made AS (
          INSERT INTO posting (kind, payout_id, settlement_no) SELECT ${kind}::text, id, 1 FROM old
          RETURNING id, payout_id)
        INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
        SELECT made.id, side.account, old.worker, side.sign * ${AMOUNT_WEI}::numeric
          FROM made JOIN old ON old.id = made.payout_id
         CROSS JOIN (VALUES (${from}::text, -1), (${to}::text, 1)) AS side (account, sign)`);
    }
    await tx.execute(sql`UPDATE wallet SET next_nonce = next_nonce + ${count}`);
  });
}
