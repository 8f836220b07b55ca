/** An operator's commands about events and unattributed money, against a worker that is killed meanwhile. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApp } from '../api/app.js';
import { loadConfig } from '../config/config.js';
import { checkInvariants } from '../core/checks/audit/invariants.js';
import { query } from '../core/db/query.js';
import {
  answerText,
  rowText,
  startTestOrchestrator,
  type TestOrchestrator,
} from '../core/events/sources/testing/test-orchestrator.js';
import { BATCH_SIZE } from '../core/events/sync/batches.js';
import { listAuditLog } from '../core/ledger/store/audit-log-reads.js';
import { type GoObject, payloadText } from '../dev/kit/event-element.js';
import { waitUntil } from '../dev/kit/process.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { type ManagerProcess, startManagerProcess } from '../test/faults/worker-process.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../test/harness/database.js';
import { owed } from '../test/harness/jobs.js';
import { createTestWallet, recordTestTerms, type TestWallet } from '../test/harness/money.js';
import { createTestNamespace, type TestNamespace } from '../test/harness/namespace.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ALICE = '0x00000000000000000000000000000000000a11ce';
const BOB = '0x0000000000000000000000000000000000000b0b';
/** BOB's address with its checksum. */
const BOB_SHOWN = '0x0000000000000000000000000000000000000B0b';
const T0 = Date.parse('2026-03-01T12:00:00Z');

let chain: LocalChain;
let orchestrator: TestOrchestrator;
let database: TestDatabase;
let space: TestNamespace;
let wallet: TestWallet;
let worker: ManagerProcess;

const at = (seconds: number): string =>
  `${new Date(T0 + seconds * 1000).toISOString().slice(0, 19)}Z`;
function emit(seconds: number, type: string, fields: GoObject): void {
  const id = orchestrator.rows.length + 1;
  orchestrator.rows.push({ id, dt: at(seconds), payload: payloadText(type, fields) });
}

const startWorker = () =>
  startManagerProcess({
    ...{ databaseUrl: database.url, temporalAddress: inject('temporalAddress') },
    ...{ namespace: space.namespace, chain, keystore: wallet.keystore, endpoint: orchestrator.url },
    // The intervals are so long that no sync and no round runs meanwhile: all counts here come from a backfill.
    pool: { syncInterval: '365d', maxJobFee: '0.001 ETH', payoutInterval: '365d' },
  });

beforeAll(async () => {
  [chain, orchestrator, database, space] = await Promise.all([
    startChain({ blockTimeSeconds: 0 }),
    startTestOrchestrator(),
    createTestDatabase(),
    createTestNamespace(),
  ]);
  wallet = await createTestWallet(database.db, chain);
  await recordTestTerms(database.db);
  worker = await startWorker();
  await worker.says('openpool worker ready');
  // A new schedule triggers a sync at once; it must be over before there are any events.
  await until('the first sync', async () => {
    const rows = await query(
      database.db,
      sql`SELECT FROM source WHERE last_success_at IS NOT NULL`,
    );
    return rows.length > 0;
  });
});
afterAll(async () => {
  await worker.stop();
  await Promise.all([chain.stop(), orchestrator.stop(), database.close(), space.close()]);
});

const openpool = (...words: readonly string[]) =>
  runOpenpool(['--config', worker.config, ...words]);

async function json(...args: readonly string[]) {
  const { code, out, err } = await openpool('--json', ...args);
  return { code, err, answer: JSON.parse(out === '' ? '{}' : out) as Record<string, unknown> };
}

/** Runs a command in a process of its own, to which the test can send a signal. */
function watching(...args: readonly string[]) {
  const line = ['--import', 'tsx', 'cli/main.ts', '--config', worker.config, ...args];
  const child = spawn(process.execPath, line, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said: () => text, ended };
}

const until = (what: string, ready: () => boolean | Promise<boolean>) =>
  waitUntil({ what, timeoutMs: 60_000, intervalMs: 100, ready: async () => ready() });

const sound = async () =>
  expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);

describe('events and unattributed money on the command line', () => {
  it('a backfill shows how far it is, outlives Ctrl-C and a killed worker, and counts once', async () => {
    const total = BATCH_SIZE + BATCH_SIZE / 2;
    for (let i = 0; i < total; i += 1) {
      emit(i, 'job-processed', { ethAddress: ALICE, computeUnits: 1, fees: 100n });
    }
    const all = orchestrator.rows;
    const releases: (() => void)[] = [];
    // The orchestrator sends a little more than a batch, and then waits until the test releases it.
    orchestrator.answer = (_, response) => {
      const cut = all
        .slice(0, BATCH_SIZE + 1_000)
        .map(rowText)
        .join(',');
      response.write(`[${cut},`);
      releases.push(() =>
        response.end(
          `${all
            .slice(BATCH_SIZE + 1_000)
            .map(rowText)
            .join(',')}]`,
        ),
      );
    };
    const order = ['backfill', '--source', 'one', '--from', at(0), '--to', at(total - 1)];
    const first = watching(...order);
    await until('the first progress', () =>
      first.said().includes(`${BATCH_SIZE} events, ${BATCH_SIZE} fresh`),
    );
    const newest = at(BATCH_SIZE - 1).replace('Z', '.000Z');
    expect(first.said()).toMatch(new RegExp(`set aside, newest ${newest}, \\d+/s`));
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(130);
    expect(first.said()).toContain('it goes on without you');

    const other = await openpool('backfill', '--source', 'one', '--from', at(7));
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toContain('REPAIR_RUNNING');

    worker.process.kill('SIGKILL');
    const readersBefore = releases.length;
    const second = openpool(...order);
    worker = await startWorker();
    await until('the next attempt', () => releases.length > readersBefore);
    orchestrator.answer = undefined;
    for (const release of releases) release();
    const { code, out } = await second;
    expect(code).toBe(0);
    expect(out).toContain(`joined ${TEST_POOL_ID}/backfill/one`);
    expect(out).toMatch(new RegExp(`events read +${total}\n`));
    expect(out).toMatch(new RegExp(`known before +${BATCH_SIZE}\n`));
    expect(out).toMatch(new RegExp(`fresh +${total}\n`));
    expect(out).toMatch(/attempts +2\n/);

    const again = await json(...order);
    expect(again).toMatchObject({
      code: 0,
      answer: {
        events: total,
        fresh: 0,
        duplicates: total,
        attempts: 1,
        workflowId: `${TEST_POOL_ID}/backfill/one`,
      },
    });
    expect(await owed(database.db)).toEqual({
      ...{ [ALICE]: BigInt(total) * 75n, commission: BigInt(total) * 25n },
    });
    await sound();
  }, 180_000);

  it('a backfill that makes no sense is refused, and the refusal says why', async () => {
    const never = await openpool('backfill', '--source', 'one', '--from', 'last week');
    expect(never).toMatchObject({ code: 2 });
    expect(never.err).toContain('"last week" is no time');
    const nobody = await openpool('backfill', '--source', 'two', '--from', 'beginning');
    expect(nobody).toMatchObject({ code: 1 });
    expect(nobody.err).toContain('SOURCE_UNKNOWN');
    expect(nobody.out).toBe('');
  }, 180_000);

  it('unattributed jobs are listed, assigned and absorbed after a dry run, each once', async () => {
    orchestrator.rows = [];
    const far = 200_000;
    for (const [n, fees] of [1_000n, 2_000n, 3_000n, 0n].entries()) {
      emit(far + n, 'job-processed', { requestID: `r${n}`, pipeline: 'llm', modelID: 'm', fees });
    }
    emit(far + 7_000, 'job-received', {
      requestID: 'r0',
      ethAddress: BOB,
      pipeline: 'l',
      modelID: 'm',
    });
    await json('backfill', '--source', 'one', '--from', at(far));
    const list = await openpool('unattributed', 'list');
    const handles = [...list.out.matchAll(/^one\/\S+/gm)].map(([handle]) => handle);
    expect(handles).toHaveLength(4);
    expect(list.out).toMatch(/\(1000 wei\) +r0 +no-other-half +0x0{36}0?0?[bB]0[bB] 116m later/);
    const [first = '', second = ''] = handles;
    const before = await owed(database.db);
    const assign = ['unattributed', 'assign', first, second, '--to', BOB, '--reason', 'his log'];
    const dry = await openpool(...assign, '--dry-run');
    expect(dry.out).toMatch(/2 jobs of .*\(3000 wei\): .*\(2250 wei\) pending for 0x/);
    expect(dry.out).toContain(BOB_SHOWN);
    expect(dry.out).not.toContain(BOB);
    expect(dry.out).toContain('nothing was changed: a dry run');
    expect(await owed(database.db)).toEqual(before);
    expect(await json(...assign)).toMatchObject({
      code: 0,
      answer: { applied: true, jobs: 2, already: 0, netWei: '2250', commissionWei: '750' },
    });
    expect((await openpool(...assign)).out).toContain('2 jobs had been decided so before');
    const contrary = await openpool('unattributed', 'absorb', first, '--reason', 'no');
    expect(contrary).toMatchObject({ code: 1 });
    expect(contrary.err).toContain('JOB_ALREADY_DECIDED');
    expect(contrary.err).toContain(`assigned to ${BOB_SHOWN} `);
    const rest = ['unattributed', 'absorb', '--older-than', '1h', '--reason', 'nobody asked'];
    expect(await json(...rest)).toMatchObject({ answer: { jobs: 2, grossWei: '3000' } });
    expect((await openpool(...rest)).out).toContain('no unattributed job fits');
    expect((await openpool(...rest, '--source', 'oen')).err).toContain('known are one');
    expect((await openpool('unattributed', 'absorb', '--reason', 'all')).err).toContain(
      'either name',
    );
    const after = await owed(database.db);
    expect(after[BOB]).toBe(2_250n);
    expect(after['unattributed']).toBeUndefined();
    expect((after['commission'] ?? 0n) - (before['commission'] ?? 0n)).toBe(3_750n);
    await sound();
  });

  it('an adjustment is booked once, in ETH or wei, and never below zero unnoticed', async () => {
    const adjust = ['adjust', BOB, '--reason', 'agreed', '--reference', 'INV-1', '--amount'];
    expect((await openpool(...adjust, '5')).err).toContain('it has no unit');
    const dry = await openpool(...adjust, '0.000001 ETH', '--dry-run');
    expect(dry.out).toContain('0.000001 ETH (1000000000000 wei)');
    expect(await json(...adjust, '1 gwei')).toMatchObject({
      answer: { applied: true, already: false, pendingWei: '1000002250' },
    });
    expect(await json(...adjust, '1000000000 wei')).toMatchObject({
      answer: { applied: false, already: true },
    });
    expect((await openpool(...adjust, '2 gwei')).err).toContain('ADJUSTMENT_REFERENCE_USED');
    const back = ['adjust', BOB, '--reason', 'a slip', '--reference', 'INV-2', '--amount'];
    expect((await openpool(...back, '-1 ETH')).err).toContain('ADJUSTMENT_BELOW_ZERO');
    expect(await json(...back, '-1 gwei')).toMatchObject({ answer: { pendingWei: '2250' } });
    await sound();
  });

  it('what was set aside is shown in full and tried again, and tells why trying cannot help', async () => {
    orchestrator.rows = [];
    emit(300_000, 'job-processed', { ethAddress: BOB, computeUnits: 1, fees: 10n ** 16n });
    orchestrator.rows.push({
      id: 1,
      dt: at(0),
      payload: payloadText('transcode', { ethAddress: BOB, fees: 1 }),
    });
    orchestrator.answer = (_, response) => response.end(answerText(orchestrator.rows, null));
    await json('backfill', '--source', 'one', '--from', 'beginning');
    const rows = await query<{ id: string; code: string }>(
      database.db,
      sql`SELECT id, code FROM set_aside WHERE resolved_at IS NULL ORDER BY code`,
    );
    expect(rows.map(({ code }) => code)).toEqual(['EVENT_CHANGED', 'EVENT_FEE_ABOVE_CAP']);
    const [changed = '', dear = ''] = rows.map(({ id }) => id);
    const shown = await openpool('set-aside', 'show', changed);
    expect(shown.out).toMatch(/what helps +the same ID and time stood for another event/);
    expect(shown.out).toMatch(/what counts instead +\{ +"event_type": "job-processed"/);
    expect(await openpool('set-aside', 'show', '999')).toMatchObject({ code: 1 });
    const told = await json('set-aside', 'retry', changed, dear, '--reason', 'a look');
    expect(told).toMatchObject({ code: 3, answer: { outcomes: { hopeless: 1, refused: 1 } } });
    expect(
      await json('set-aside', 'retry', '--code', 'EVENT_NOT_JSON', '--reason', 'x'),
    ).toMatchObject({
      ...{ code: 0, answer: { looked: 0 } },
    });
    const actions = (await listAuditLog(database.db, { limit: 50, cursor: null })).items;
    expect(new Set(actions.map(({ actor, action }) => `${actor} ${action}`))).toEqual(
      new Set([
        ...['cli order.source.backfill', 'cli order.set-aside.retry'],
        ...['cli order.jobs.assign', 'cli unattributed.assign'],
        ...['cli order.jobs.absorb', 'cli unattributed.absorb'],
        ...['cli order.ledger.adjust', 'cli ledger.adjust'],
      ]),
    );
  });

  it('the API does the same with the token', async () => {
    const config = await loadConfig(worker.config);
    const api = { ...config.api, token: 'a-token' };
    const app = createApp({
      ...{ db: database.db, client: space.client, config: { ...config, api }, version: '1' },
      poolId: TEST_POOL_ID,
      answerTimeoutMs: 30_000,
    });
    const post = async (path: string, body: object, token = 'a-token') => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const response = await app.request(`/v1/${path}`, init);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const adjust = { payee: BOB, amountWei: '7', reference: 'API-1', reason: 'agreed' };
    expect(await post('adjustments', adjust, 'no-token')).toMatchObject({ status: 401 });
    expect(await post('adjustments', adjust)).toMatchObject({
      status: 200,
      body: {
        ...{ applied: true, payee: BOB_SHOWN, amountWei: '7', amountEth: '0.000000000000000007' },
        ...{ pendingWei: '2257', pendingEth: '0.000000000000002257' },
        words: expect.stringContaining(`7 wei) for ${BOB_SHOWN} (`),
      },
    });
    expect(await post('adjustments', { ...adjust, amountWei: '8' })).toMatchObject({
      ...{ status: 409, body: { code: 'ADJUSTMENT_REFERENCE_USED' } },
    });
    const job = { jobs: ['one/2026-01-01T00:00:00Z/1'], reason: 'mine' };
    for (const [path, body] of [
      ['unattributed/assign', { ...job, to: BOB }],
      ['unattributed/absorb', job],
    ] as const) {
      expect(await post(path, body)).toMatchObject({
        status: 404,
        body: { code: 'JOB_NOT_FOUND' },
      });
    }
    const [decided] = await query<{ job: string }>(
      database.db,
      sql`SELECT source_id || '/' || to_char(dt AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"/')
                 || event_id AS job FROM decided_job WHERE decision = 'assign' LIMIT 1`,
    );
    const again = { jobs: [decided?.job], reason: 'mine', to: BOB };
    expect(await post('unattributed/assign', again)).toMatchObject({
      ...{ status: 200, body: { jobs: 0, already: 1, grossWei: '0', netEth: '0' } },
    });
    const entries = await app.request('/v1/audit-log', {
      headers: { authorization: 'Bearer a-token' },
    });
    expect(await entries.json()).toMatchObject({
      entries: expect.arrayContaining([
        expect.objectContaining({ action: 'ledger.adjust', subject: BOB_SHOWN }),
      ]),
    });
    const [open] = await query<{ id: string }>(
      database.db,
      sql`SELECT id FROM set_aside WHERE resolved_at IS NULL LIMIT 1`,
    );
    expect(await post('set-aside/retry', { ids: [open?.id], reason: 'again' })).toMatchObject({
      ...{ status: 200, body: { shown: [{ id: open?.id }] } },
    });
    const retry = { ids: ['999'], reason: 'again' };
    expect(await post('set-aside/retry', retry)).toMatchObject({ status: 404 });
    expect(await post('sources/nobody/backfill', { from: 'beginning' })).toMatchObject({
      status: 404,
    });
    expect(await post('sources/one/backfill', { from: at(0), to: at(1) })).toMatchObject({
      ...{ status: 202, body: { workflowId: `${TEST_POOL_ID}/backfill/one`, created: true } },
    });
  });
});
