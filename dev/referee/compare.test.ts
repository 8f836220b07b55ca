import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createTestDatabase,
  forgePayouts,
  type TestDatabase,
} from '../../test/harness/database.js';
import { appendJournal, type Truth } from '../simulator/simulator-journal.js';
import { type LocalChain, rpc, startChain } from '../stack/chain-node.js';
import { plainShare } from './commission-rules.js';
import { compare } from './compare.js';
import { comparisonTable, eth } from './compare-table.js';

const ALICE = `0x${'a1'.repeat(20)}`;
const BOB = `0x${'b0'.repeat(20)}`;
const CAROL = `0x${'ca'.repeat(20)}`;
const WALLET = `0x${'77'.repeat(20)}`;

let chain: LocalChain;
let test_: TestDatabase;
let dir: string;

beforeAll(async () => {
  chain = await startChain();
});
afterAll(async () => {
  await chain.stop();
});

// Alice earned 1001 (commission 250, net 751, paid 700 of it); Bob 4 through an AI job (1, 3);
// 9 belong to nobody.
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'openpool-compare-'));
  test_ = await createTestDatabase(2);
  emit('transcode', { type: 'job-processed', job: 1, worker: ALICE, grossWei: '1001' });
  emit('transcode', { type: 'malformed', malformed: true });
  emit('ai', { type: 'job-processed', job: 1, worker: BOB, grossWei: '4' });
  emit('ai', { type: 'job-received', job: 1, worker: BOB });
  emit('ai', { type: 'job-processed', job: 2, worker: BOB, grossWei: '9' });
  await sql(`
    INSERT INTO source (id, kind, reads_from) VALUES ('transcode', 'x', 'a'), ('ai', 'x', 'b');
    INSERT INTO payee (address) VALUES ('${ALICE}'), ('${BOB}');
    INSERT INTO remote_worker (payee, node_type, region)
      VALUES ('${ALICE}', 'transcode', 'eu'), ('${BOB}', 'ai', 'eu');
    INSERT INTO pool_event (source_id, dt, event_id, seq, batch, event_type, version, payload)
      VALUES ('transcode', now(), '1', 1, 1, 'x', 1, ''), ('ai', now(), '1', 1, 1, 'x', 1, ''),
        ('ai', now(), '2', 2, 1, 'x', 1, ''), ('ai', now(), '3', 3, 1, 'x', 1, '');
    INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
      VALUES ('transcode', '', '', '', '', '', '')`);
  await post('jobs', 1, { revenue: -1001, commission: 250, 'pending:1': 751 });
  await post('jobs', 2, { revenue: -4, commission: 1, 'pending:2': 3 });
  await post('unattributed', null, { revenue: -9, unattributed: 9 });
  await post('reserve', null, { 'pending:1': -700, 'reserved:1': 700 });
  await post('settle', null, { 'reserved:1': -700, 'paid:1': 700 });
  await setBalance(ALICE, 700);
  await setBalance(BOB, 0);
  await setBalance(CAROL, 0);
  return async () => {
    await test_.close();
    rmSync(dir, { recursive: true });
  };
});

const journal = (source: string) => join(dir, `${source}.ndjson`);
let nextId = 0;
function emit(source: string, truth: Truth): void {
  nextId += 1;
  appendJournal(journal(source), [{ kind: 'event', db: 0, id: nextId, dt: '', raw: '', truth }]);
}
const sql = (text: string) => test_.db.$client.query(text);
const setBalance = (address: string, wei: number) =>
  rpc(chain.rpcUrl, 'anvil_setBalance', [address, `0x${wei.toString(16)}`]);
let nextBatch = 0;
async function post(
  kind: string,
  worker: number | null,
  amounts: Readonly<Record<string, number>>,
): Promise<void> {
  nextBatch += 1;
  const entries = Object.entries(amounts).map(([key, amount]) => {
    const [account, row = '0'] = key.split(':');
    return `('${account}', ${row}, ${amount})`;
  });
  await sql(`
    WITH p AS (INSERT INTO posting (kind, batch, remote_worker_id)
      VALUES ('${kind}', ${nextBatch}, ${worker}) RETURNING id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
      SELECT p.id, e.* FROM p, (VALUES ${entries.join(', ')}) AS e`);
}
const run = () =>
  compare({
    journals: [
      { sourceId: 'transcode', nodeType: 'transcode', region: 'eu', path: journal('transcode') },
      { sourceId: 'ai', nodeType: 'ai', region: 'eu', path: journal('ai') },
    ],
    databaseUrl: test_.url,
    rpcUrl: chain.rpcUrl,
    wallet: WALLET,
    commissionOf: plainShare(2_500),
  });

test('a day that fits has no drift and no findings', async () => {
  const comparison = await run();
  expect(comparison).toMatchObject({ driftWei: 0n, findings: [], events: 4, unattributedWei: 9n });
  expect(comparison.payees[0]).toMatchObject({ earnedWei: 1001n, pendingWei: 51n, paidWei: 700n });
  expect(comparisonTable(comparison, new Map([[ALICE, 'a note']]))).toContain('a note');
});

test('a bonus out of the commission is no drift', async () => {
  await post('bonus', 1, { commission: -20, 'pending:1': 20 });
  const comparison = await run();
  expect(comparison).toMatchObject({ driftWei: 0n, findings: [] });
  expect(comparison.payees[0]).toMatchObject({ earnedWei: 1001n, pendingWei: 71n });
});

test('a job that the ledger misses is drift of its gross and names the payee and the source', async () => {
  emit('transcode', { type: 'job-processed', job: 2, worker: ALICE, grossWei: '100' });
  const comparison = await run();
  expect(comparison.driftWei).toBe(100n);
  expect(comparison.findings).toEqual([
    expect.stringContaining(`${ALICE}: earned net`),
    expect.stringContaining(`${ALICE}: commission`),
    'transcode: emitted 2 events, stored 1',
  ]);
});

test('a payment made twice is drift of its amount', async () => {
  await setBalance(ALICE, 1400);
  expect((await run()).driftWei).toBe(700n);
});

test('a payment to somebody whom nothing was owed is drift', async () => {
  await setBalance(BOB, 5);
  expect((await run()).driftWei).toBe(5n);
});

/** Lets Alice have been paid her 700 wei at this address, because she signed for it unless told otherwise. */
async function paidElsewhere(destination: string, signedFor: string = destination): Promise<void> {
  const signed = JSON.stringify({ message: { destination: signedFor } });
  await forgePayouts(test_.db, async (tx) => {
    await tx.execute(`
      INSERT INTO payee_wish (payee, nonce, kind, destination, signed, signature, proof)
        VALUES ('${ALICE}', 0, 'destination', '${destination}', '${signed}', '0x', 'key');
      INSERT INTO payee_redirect (payee, nonce, destination, confirmed_at, effective_at)
        VALUES ('${ALICE}', 0, '${destination}', now(), now());
      INSERT INTO payout (id, payee, destination, amount_wei, state, origin, request_id, reason)
        VALUES (gen_random_uuid(), '${ALICE}', '${destination}', 700, 'paid', 'manual', 'r', 'r')`);
  });
}

test('what a payee chose to be paid at another address is compared there', async () => {
  await paidElsewhere(CAROL);
  await setBalance(ALICE, 0);
  await setBalance(CAROL, 700);
  const comparison = await run();
  expect(comparison).toMatchObject({ driftWei: 0n, findings: [] });
  expect(comparison.destinations).toEqual([
    { destination: CAROL, sentWei: 700n, onChainWei: 700n },
  ]);
  expect(comparison.payees[0]).toMatchObject({ paidWei: 700n, onChainWei: 0n, driftWei: 0n });
  expect(comparisonTable(comparison, new Map())).toContain('chosen');
});

test('of payees who are paid at the address of another one, each side is told apart', async () => {
  await paidElsewhere(BOB);
  await setBalance(ALICE, 0);
  await setBalance(BOB, 700);
  expect(await run()).toMatchObject({ driftWei: 0n, findings: [], destinations: [] });
});

test('what was paid at the old address in spite of a redirect is drift on both sides', async () => {
  await paidElsewhere(CAROL);
  await setBalance(CAROL, 0);
  const comparison = await run();
  expect(comparison.driftWei).toBe(1400n);
  expect(comparison.findings).toEqual([
    expect.stringContaining(`${ALICE}: paid, ledger against chain: 0 wei, 700 wei`),
    `${CAROL}: sent, ledger against chain: 700 wei, 0 wei`,
  ]);
});

test('a payout to an address for which the payee never signed is found', async () => {
  await paidElsewhere(CAROL, BOB);
  await setBalance(ALICE, 0);
  await setBalance(CAROL, 700);
  expect((await run()).findings).toEqual([
    `${ALICE}: was paid at ${CAROL} without having signed for it`,
  ]);
});

test('a commission that is one wei too high is drift on both sides of the split', async () => {
  await post('jobs', 1, { commission: 1, 'pending:1': -1 });
  expect((await run()).driftWei).toBe(2n);
});

test('a job credited to another worker is drift of both, though the sums are right', async () => {
  writeFileSync(journal('ai'), '');
  emit('ai', { type: 'job-processed', job: 1, worker: ALICE, grossWei: '4' });
  emit('ai', { type: 'job-received', job: 1, worker: ALICE });
  emit('ai', { type: 'job-processed', job: 2, worker: ALICE, grossWei: '9' });
  expect((await run()).driftWei).toBe(8n);
});

test('an unattributed job that nobody kept is drift', async () => {
  await post('unattributed', null, { revenue: 9, unattributed: -9 });
  expect((await run()).driftWei).toBe(9n);
});

test('a transaction that the ledger does not know is found', async () => {
  await rpc(chain.rpcUrl, 'anvil_setNonce', [WALLET, '0x1']);
  expect((await run()).findings).toEqual([
    'the wallet has sent 1 transactions, the ledger knows 0',
  ]);
  await rpc(chain.rpcUrl, 'anvil_setNonce', [WALLET, '0x0']);
});

test('ETH are shown with six digits', () => {
  expect(eth(1_234_567_890_123_456_789n)).toBe('1.234567');
  expect(eth(-1_000_000_000_000n)).toBe('-0.000001');
});
