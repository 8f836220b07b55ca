/** Tests the upgrade of a ledger of the previous version, with payouts that it would have signed twice. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { closeDatabase, type Database, openDatabase } from '../../db/database.js';
import { payingWallet } from './wallet/paying-wallet.js';

const MIGRATION = '0013_bind_payouts_and_wallets.sql';
const dir = new URL('../../db/migrations/', import.meta.url);
const [FIRST, SECOND] = [`0x${'a'.repeat(40)}`, `0x${'b'.repeat(40)}`];

let url: string;
let client: pg.Client;
let db: Database;

async function admin(statement: string): Promise<void> {
  const one = new pg.Client({ connectionString: inject('postgresUrl') });
  await one.connect();
  await one.query(statement).finally(() => one.end());
}

beforeEach(async () => {
  const name = `upgrade_${randomBytes(6).toString('hex')}`;
  await admin(`CREATE DATABASE ${name}`);
  const copy = new URL(inject('postgresUrl'));
  copy.pathname = `/${name}`;
  url = copy.toString();
  client = new pg.Client({ connectionString: url });
  await client.connect();
  const before = readdirSync(dir)
    .filter((file) => file.endsWith('.sql') && file < MIGRATION)
    .sort();
  for (const file of before) await client.query(readFileSync(new URL(file, dir), 'utf8'));
  db = openDatabase({ url });
});
afterEach(async () => {
  await client.end();
  await closeDatabase(db);
});

async function upgrade(): Promise<void> {
  const rest = readdirSync(dir).filter((file) => file.endsWith('.sql') && file >= MIGRATION);
  for (const file of rest.sort()) await client.query(readFileSync(new URL(file, dir), 'utf8'));
}

async function addWallet(address: string, nextNonce: number, minutesAgo: number): Promise<void> {
  await client.query(
    `INSERT INTO wallet (chain_id, address, next_nonce, opening_nonce, opening_block, opening_balance_wei, created_at)
     VALUES (1, $1, $2, 0, 0, 0, now() - $3 * interval '1 minute')`,
    [address, nextNonce, minutesAgo],
  );
}

interface OldSlot {
  readonly nonce: number;
  readonly state: 'open' | 'mined' | 'failed';
}

/** Writes a payout of 100 wei as the previous version left it in the tables. */
async function addPayout(n: number, state: string, slots: readonly OldSlot[]): Promise<string> {
  const id = randomUUID();
  const payee = `0x${String(n).padStart(40, '0')}`;
  await client.query('INSERT INTO payee (address) VALUES ($1)', [payee]);
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO remote_worker (payee, node_type, region) VALUES ($1, 'ai', 'eu') RETURNING id`,
    [payee],
  );
  const worker = rows[0]?.id;
  await client.query(
    `INSERT INTO payout (id, payee, destination, amount_wei, state, origin, gas_limit)
     VALUES ($1, $2, $2, 100, $3, 'round', $4)`,
    [id, payee, state, slots.some((slot) => slot.state === 'failed') ? 52_500 : null],
  );
  await client.query('INSERT INTO payout_allocation VALUES ($1, $2, 100)', [id, worker]);
  const held = [
    ['adjust', 'adjustment', 'pending'],
    ['reserve', 'pending', 'reserved'],
    ...(state === 'paid' ? [['settle', 'reserved', 'paid']] : []),
  ];
  for (const [kind, from = '', to] of held) {
    const poolSide = from === 'adjustment' ? 0 : worker;
    await client.query(
      `WITH made AS (INSERT INTO posting (kind, payout_id, settlement_no, reference)
                     VALUES ($1, $2, 1, $3) RETURNING id)
       INSERT INTO ledger_entry SELECT id, account, worker, wei FROM made,
         (VALUES ($4::text, $5::bigint, -100), ($6, $7, 100)) AS entry (account, worker, wei)`,
      [
        kind,
        kind === 'adjust' ? null : id,
        kind === 'adjust' ? id : null,
        from,
        poolSide,
        to,
        worker,
      ],
    );
  }
  for (const { nonce, state: slotState } of slots) {
    const hash = `0x${String(nonce).padStart(64, '0')}`;
    await client.query(
      `INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id, state, mined_hash, gas_used,
              gas_price_wei, created_at, closed_at)
       VALUES (1, $1, $2::bigint, $3, $4, $5, 26250, 2, now() + $2::bigint * interval '1 second', now())`,
      [FIRST, nonce, id, slotState, slotState === 'open' ? null : hash],
    );
    await client.query(
      `INSERT INTO attempt (hash, chain_id, wallet, nonce, n, raw, gas_limit, max_fee_per_gas_wei, max_priority_fee_per_gas_wei)
       VALUES ($1, 1, $2, $3, 1, '\\x00', 26250, 1, 1)`,
      [hash, FIRST, nonce],
    );
  }
  return id;
}

const stateOf = async (id: string) =>
  (await client.query<{ state: string }>('SELECT state FROM payout WHERE id = $1', [id])).rows[0]
    ?.state;

describe('a ledger of the previous version', () => {
  it('keeps payouts with two nonces, and ends the one that would have been signed again', async () => {
    await addWallet(FIRST, 5, 10);
    const resent = await addPayout(1, 'paid', [
      { nonce: 0, state: 'failed' },
      { nonce: 1, state: 'mined' },
    ]);
    const underWay = await addPayout(2, 'signed', [
      { nonce: 2, state: 'failed' },
      { nonce: 3, state: 'open' },
    ]);
    const sentBack = await addPayout(3, 'reserved', [{ nonce: 4, state: 'failed' }]);
    const fresh = await addPayout(4, 'reserved', []);
    await upgrade();
    expect(await Promise.all([resent, underWay, sentBack, fresh].map(stateOf))).toEqual([
      ...['paid', 'signed', 'failed', 'reserved'],
    ]);
    expect(await checkInvariants(db)).toEqual([]);
    const { rows } = await client.query(
      `SELECT gas_limit, burnt_gas_wei AS burnt FROM payee WHERE address LIKE '%3'`,
    );
    expect(rows).toEqual([{ gas_limit: '52500', burnt: '52500' }]);
    for (const id of [resent, underWay, sentBack]) {
      const again = client.query(
        'INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id) VALUES (1, $1, 5, $2)',
        [FIRST, id],
      );
      await expect(again).rejects.toThrow('PAYOUT_SECOND_NONCE');
    }
  });

  it('pays from the wallet that was opened last, as that version did', async () => {
    await addWallet(FIRST, 0, 20);
    await addWallet(SECOND, 0, 10);
    await upgrade();
    expect(await payingWallet(db)).toEqual({ chainId: 1, address: SECOND });
    const fresh = await reserveNow();
    const old = client.query(
      'INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id) VALUES (1, $1, 0, $2)',
      [FIRST, fresh],
    );
    await expect(old).rejects.toThrow('WALLET_REPLACED');
  });

  /** Reserves a payout with this version. */
  async function reserveNow(): Promise<string> {
    const id = randomUUID();
    const payee = `0x${'4'.repeat(40)}`;
    await client.query('INSERT INTO payee (address) VALUES ($1)', [payee]);
    await client.query(
      `INSERT INTO payout (id, payee, destination, amount_wei, state, origin)
       VALUES ($1, $2, $2, 100, 'reserved', 'round')`,
      [id, payee],
    );
    return id;
  }
});
