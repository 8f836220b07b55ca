/** The command line as operators run it: in a process of its own, against a real database. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Address } from '../core/base/address.js';
import { REFUSALS } from '../core/events/rules/reading/refusals.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { payee } from '../core/ledger/store/tables.js';
import { markUnpayable } from '../core/payouts/store/open-slots.js';
import { payout } from '../core/payouts/store/tables.js';
import { findWallet, openWalletRow, recordBalance } from '../core/payouts/store/wallet/wallets.js';
import { recordLook } from '../core/sentinel/store/findings.js';
import { freePort } from '../dev/kit/ports.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { addTerms, addWorker } from '../test/kit/test-pool.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PASSPHRASE = 'hush-hush-passphrase';
const TOKEN = 'hush-hush-hush-token';
const CHAIN_ID = 31_337;
const PAYEE: Address = `0x${'ab'.repeat(20)}`;

describe('the command line', () => {
  const key = Wallet.createRandom();
  const wallet = { chainId: CHAIN_ID, address: key.address.toLowerCase() as Address };
  const payoutId = randomUUID();
  let dir: string;
  let database: TestDatabase;
  let silentTemporal: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-cli-'));
    database = await createTestDatabase();
    silentTemporal = `127.0.0.1:${await freePort()}`;
    const { address, privateKey } = key;
    const keystore = encryptKeystoreJsonSync({ address, privateKey }, PASSPHRASE, {
      scrypt: { N: 2, r: 8, p: 1 },
    });
    await writeFile(join(dir, 'keystore.json'), keystore, { mode: 0o600 });
    await writeFile(join(dir, 'passphrase'), PASSPHRASE, { mode: 0o600 });
    await writeFile(join(dir, 'token'), TOKEN, { mode: 0o600 });
    await writeConfig('pool.yaml', silentTemporal);
    await writeConfig('reachable.yaml', inject('temporalAddress'));
    const { db } = database;
    const opening = { nonce: 0, block: 1, balanceWei: 0n };
    await openWalletRow(db, wallet, { opening, halt: null });
    await db.insert(payee).values({ address: PAYEE });
    await db.insert(payout).values({
      id: payoutId,
      payee: PAYEE,
      destination: PAYEE,
      amountWei: 12_000_000_000_000_000_001n,
      state: 'reserved',
      origin: 'manual',
      reason: 'asked for',
    });
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function writeConfig(name: string, temporalAddress: string): Promise<void> {
    const config = {
      sources: [
        {
          ...{ id: 'one', region: 'eu', nodeType: 'ai', from: 'beginning' },
          options: { endpoint: 'https://one.example.com' },
        },
      ],
      database: { url: database.url },
      temporal: { address: temporalAddress },
      chain: { id: CHAIN_ID, rpcUrls: ['http://127.0.0.1:1'] },
      wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
      api: { tokenFile: 'token' },
    };
    await writeFile(join(dir, name), stringify(config));
  }

  async function run(args: readonly string[], config = 'pool.yaml') {
    const said = await runOpenpool([...args, '--config', join(dir, config)]);
    return { ...said, json: () => JSON.parse(said.out) as Record<string, unknown> };
  }

  it('is a program with exit codes, help and a version', async () => {
    const program = (...words: readonly string[]) =>
      new Promise<{ readonly code: unknown; readonly out: string }>((resolve) => {
        const line = ['--import', 'tsx', 'cli/main.ts', ...words];
        execFile(process.execPath, line, { cwd: ROOT }, (failure, out) =>
          resolve({ code: failure?.code ?? 0, out }),
        );
      });
    const shown = await program('wallet', 'show', '--config', join(dir, 'pool.yaml'));
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('next nonce') });
    expect(shown.out).toMatch(/balance +not seen yet/);
    await recordBalance(database.db, wallet, { wei: 5n * 10n ** 17n, block: 1, baseFeeWei: null });
    const seen = await run(['wallet', 'show']);
    expect(seen.out).toMatch(/balance +0\.5 ETH \(500000000000000000 wei\), seen 20/);
    expect(await program('wallet', 'stop')).toMatchObject({ code: 2 });
    const help = await program('--help');
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes') });
  });

  it('halts and resumes the wallet with Temporal down, and keeps who and why', async () => {
    const halted = await run(['wallet', 'halt', '--reason', 'the key may be known']);
    expect(halted).toMatchObject({ code: 0 });
    expect(await findWallet(database.db, wallet)).toMatchObject({
      halt: { code: 'HALTED_BY_OPERATOR', reason: 'the key may be known' },
    });
    const shown = await run(['wallet', 'show']);
    expect(shown.out).toContain('the key may be known');
    const dry = await run(['wallet', 'resume', '--dry-run', '--reason', 'a look', '--json']);
    expect(dry.json()).toMatchObject({ dryRun: true, changed: true, halted: false });
    expect((await findWallet(database.db, wallet))?.halt).not.toBeNull();
    await run(['wallet', 'resume', '--reason', 'it is not']);
    expect(await findWallet(database.db, wallet)).toMatchObject({ halt: null });
    const { items } = await listAuditLog(database.db, { limit: 2, cursor: null });
    expect(items.map((entry) => [entry.actor, entry.action, entry.reason])).toEqual([
      ['cli', 'wallet.resume', 'it is not'],
      ['cli', 'wallet.halt', 'the key may be known'],
    ]);
  });

  it('shows payouts as a table with ETH and exact wei, and as JSON', async () => {
    const table = await run(['payout', 'list', '--state', 'reserved']);
    expect(table.out).toContain('12.000000000000000001 ETH (12000000000000000001 wei)');
    expect(table.out).toContain(payoutId);
    const json = (await run(['payout', 'show', payoutId, '--json'])).json();
    expect(json).toMatchObject({
      amountWei: '12000000000000000001',
      payee: '0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB',
      state: 'reserved',
      workflowId: `${TEST_POOL_ID}/payout/${payoutId}`,
    });
  });

  it('says with its code why a payout waits, and shows no halt that is over', async () => {
    const setWait = (code: string, reason: string) =>
      database.db.execute(sql`UPDATE payout SET wait_code = ${code}, wait_reason = ${reason}`);
    const waits = async () => (await run(['payout', 'list'])).out.split('\n')[1];
    await setWait('WALLET_EMPTY', `wallet ${PAYEE} holds nothing`);
    expect(await waits()).toMatch(
      / WALLET_EMPTY wallet 0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB /,
    );
    await setWait('WALLET_HALTED', 'the wallet is halted: lunch');
    await run(['wallet', 'halt', '--reason', 'lunch']);
    expect(await waits()).toMatch(/ WALLET_HALTED the wallet is halted: lunch$/);
    const resumed = await run(['wallet', 'resume', '--reason', 'fed']);
    expect(resumed.out).toContain('resumed: payouts go on within a minute');
    expect(await waits()).toMatch(/ -$/);
    await database.db.execute(sql`UPDATE payout SET wait_code = NULL, wait_reason = NULL`);
  });

  it('says what can be done about an event that was set aside', async () => {
    await database.db.execute(sql`
      INSERT INTO source (id, kind, reads_from) VALUES ('one', 'orchestrator-http', 'x')`);
    await database.db.execute(sql`
      INSERT INTO set_aside (source_id, place, code, reason, raw, raw_hash, tried_version)
      VALUES ('one', 'element 1', 'EVENT_ADDRESS_MALFORMED', 'no address', '{}', 'h', '1')`);
    const shown = await run(['set-aside', 'show', '1']);
    expect(shown.out).toMatch(/what helps +The worker was started with an address that is none/);
    expect((await run(['set-aside', 'show', '1', '--json'])).json()).toMatchObject({
      code: 'EVENT_ADDRESS_MALFORMED',
      help: REFUSALS.EVENT_ADDRESS_MALFORMED.help,
    });
  });

  it('refuses a misspelt source or code, which would match nothing', async () => {
    for (const list of ['unattributed', 'set-aside', 'finding']) {
      const refused = await run([list, 'list', '--source', 'oen']);
      expect(refused, list).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toMatch(/SOURCE_UNKNOWN: .*known are one/);
      expect(await run([list, 'list', '--source', 'one'])).toMatchObject({ code: 0 });
    }
    const nonsense = await run(['set-aside', 'list', '--code', 'NONSENSE']);
    expect(nonsense.err).toMatch(/REQUEST_INVALID: .*EVENT_NOT_JSON, EVENT_NOT_OBJECT/);
  });

  it('steers a payout that is not signed although Temporal is away', async () => {
    expect(await run(['payout', 'hold', payoutId, '--reason', 'a look'])).toMatchObject({
      code: 0,
    });
    const shown = (await run(['payout', 'show', payoutId, '--json'])).json();
    expect(shown).toMatchObject({ holdReason: 'a look', waitCode: 'PAYOUT_HELD' });
    expect(await run(['payout', 'resume', payoutId, '--reason', 'fine'])).toMatchObject({
      code: 0,
    });
  });

  it('shows what a message to a payout would do, or why it would be refused, and does nothing', async () => {
    const rehearsed = (name: string) =>
      run(['payout', name, payoutId, '--dry-run', '--reason', 'a look', '--json']);
    const shown = async () => (await run(['payout', 'show', payoutId, '--json'])).json();
    const before = await shown();
    for (const [name, state] of [
      ['hold', 'reserved'],
      ['approve', 'reserved'],
      ['cancel', 'cancelled'],
    ] as const) {
      const dry = await rehearsed(name);
      expect(dry.json()).toMatchObject({ id: payoutId, applied: false, state });
    }
    expect((await rehearsed('bump')).err).toContain('PAYOUT_NOT_SIGNED');
    expect((await rehearsed('resume')).err).toContain('PAYOUT_NOT_HELD');
    expect(await shown()).toEqual(before);
    const { items } = await listAuditLog(database.db, { limit: 200, cursor: null });
    const done = items.filter(({ subject }) => subject === payoutId);
    expect(done.map(({ action }) => action)).toEqual(['payout.resume', 'payout.hold']);
  });

  it('refuses by name what does not exist, and what has no reason', async () => {
    const unknown = await run(['payout', 'show', randomUUID(), '--json']);
    expect(unknown.code).toBe(1);
    expect(JSON.parse(unknown.err)).toMatchObject({ code: 'PAYOUT_NOT_FOUND' });
    expect((await run(['wallet', 'halt', '--reason', ' '])).err).toContain('REASON_MISSING');
    expect(await run(['wallet', 'halt'])).toMatchObject({ code: 2 });
    expect(await run(['payee', 'show', '0x12'])).toMatchObject({ code: 2 });
  });

  it('releases a payee whose destination had refused', async () => {
    await database.db.transaction((tx) =>
      markUnpayable(tx, PAYEE, { code: 'TRANSFER_REFUSED', reason: 'it reverted' }),
    );
    expect((await run(['payee', 'show', PAYEE])).out).toContain('no: TRANSFER_REFUSED it reverted');
    const dry = await run(['payee', 'release', PAYEE, '--dry-run', '--reason', 'a look', '--json']);
    expect(dry.json()).toEqual({ applied: false, changed: true });
    expect((await run(['payee', 'show', PAYEE])).out).toContain('it reverted');
    await run(['payee', 'release', PAYEE, '--reason', 'it was mended']);
    expect((await run(['payee', 'show', PAYEE])).out).toMatch(/payable +yes/);
  });

  it('tells the status, with exit code 3 when something is wrong', async () => {
    const away = await run(['status', '--json']);
    expect(away.code).toBe(3);
    expect(away.json()).toMatchObject({ temporal: 'unreachable', wallet: { halts: [] } });
    const well = await run(['status'], 'reachable.yaml');
    expect(well).toMatchObject({ code: 0 });
    expect(well.out).toMatch(/in 1 payout\n/);
  });

  it('lists findings and acknowledges them with Temporal down; the status shows them and stays well', async () => {
    const seen = {
      sourceId: 'one',
      severity: 'grave',
      measure: 3,
      figures: { events: 3 },
    } as const;
    const what = { code: 'EVENTS_SET_ASIDE', subject: 'EVENT_CHANGED', words: '3 events' } as const;
    expect((await run(['finding', 'list'])).out).toMatch(/^none\n\nthe sentinel looked at nothing/);
    await recordLook(database.db, [{ ...seen, ...what }], new Date());
    expect((await run(['finding', 'list'])).out).toMatch(
      /one +EVENTS_SET_ASIDE .* grave +3 events/,
    );
    const [row] = (await run(['finding', 'list', '--json'])).json()['items'] as { id: number }[];
    const id = String(row?.id);
    const status = await run(['status'], 'reachable.yaml');
    expect(status).toMatchObject({ code: 0 });
    expect(status.out).toContain('EVENTS_SET_ASIDE');
    const because = ['--reason', 'a broken dump'];
    expect(await run(['finding', 'acknowledge', id, '--reason', ' '])).toMatchObject({ code: 2 });
    expect((await run(['finding', 'acknowledge', '77', ...because])).err).toContain(
      'FINDING_NOT_FOUND',
    );
    expect(await run(['finding', 'acknowledge', id, ...because])).toMatchObject({ code: 0 });
    expect((await run(['finding', 'list', '--source', 'one'])).out).toContain(
      'acknowledged by cli',
    );
    const { items } = await listAuditLog(database.db, { limit: 1, cursor: null });
    expect(items).toMatchObject([
      { actor: 'cli', action: 'finding.acknowledge', subject: id, reason: 'a broken dump' },
    ]);
    await recordLook(database.db, [], new Date());
    expect((await run(['finding', 'list', '--all'])).out).toMatch(/EVENTS_SET_ASIDE .* ended 2/);
    expect((await run(['finding', 'acknowledge', id, ...because])).err).toContain(
      'FINDING_RESOLVED',
    );
  });

  it('previews a round: who would be paid, and who not and why', async () => {
    const [rich, poor] = [`0x${'cd'.repeat(20)}`, `0x${'ef'.repeat(20)}`] as const;
    await addTerms(database.db, 500n);
    await addWorker(database.db, { payee: rich, pendingWei: 5_000_000_000_000_000_001n });
    await addWorker(database.db, { payee: poor, pendingWei: 499n });
    const table = (await run(['round', 'preview'])).out;
    expect(table).toMatch(/5\.000000000000000001 ETH .* waits +PAYOUT_ABOVE_CAP .*pool\.maxPayout/);
    expect(table).toMatch(/499 wei\) +not-due +BELOW_THRESHOLD/);
    expect(table).toMatch(/left of the day +10 ETH/);
    const { totals, payees } = (await run(['round', 'preview', '--json'])).json();
    expect(totals).toMatchObject({ waits: 1, waitsWei: '5000000000000000001', notDue: 1 });
    expect(payees).toHaveLength(2);
  });

  it('checks the configuration without telling its secrets', async () => {
    const checked = await run(['config', 'check']);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.out).toContain(key.address);
    expect(checked.out).toMatch(/(nothing here would|a start would not) be refused.*\n$/);
    for (const secret of [PASSPHRASE, TOKEN, key.privateKey.slice(2)]) {
      expect(checked.out + checked.err).not.toContain(secret);
    }
    const twice = parse(await readFile(join(dir, 'pool.yaml'), 'utf8'));
    twice.sources.push({ ...twice.sources[0], id: 'two' });
    await writeFile(join(dir, 'twice.yaml'), stringify(twice));
    const refused = await run(['config', 'check', '--json'], 'twice.yaml');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.json()).toMatchObject({ refused: [{ code: 'SOURCE_READ_TWICE' }] });
    await writeFile(join(dir, 'wrong.yaml'), 'pool:\n  comission: 25%\n');
    const wrong = await run(['config', 'check'], 'wrong.yaml');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('wrong.yaml:2 pool.comission');
    expect(wrong.err).toContain('did you mean "commission"?');
  });

  it('shows which files of a bucket are half or were overwritten, and says so with its exit code', async () => {
    await database.db.$client.query(`
      INSERT INTO source (id, kind, reads_from) VALUES ('bucket', 's3', 's3://host/bucket/');
      INSERT INTO source_object (source_id, key, version, size_bytes, failure_code, failure,
        failed_since, due_at, read_at)
      VALUES ('bucket', 'torn.json', 'v1', 7, 'EVENT_SOURCE_TRUNCATED', 'cut', now(), now(), now());
      INSERT INTO source_object_change (source_id, key, old_version, new_version, old_size_bytes,
        new_size_bytes, was_whole, seen_at) VALUES ('bucket', 'b.json', 'v1', 'v2', 1, 2, true, now())`);
    const objects = await run(['source', 'objects', 'bucket']);
    const list = await run(['source', 'list']);
    const unknown = await run(['source', 'objects', 'nobody']);
    expect(objects).toMatchObject({ code: 3 });
    expect(objects.out).toMatch(/torn.json +7 .*EVENT_SOURCE_TRUNCATED cut/);
    expect(objects.out).toMatch(/b.json .* v1 +v2 +1 -> 2 +yes/);
    expect(list.out).toContain('1 not whole, 1 overwritten');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.err).toContain('SOURCE_UNKNOWN');
  });
});
