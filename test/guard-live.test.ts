/**
 * The performance guard in a pool that runs: a worker and an API as processes, a Temporal dev server, a Postgres, a chain, the process
 * that orchestrators ask for preferred workers, and an orchestrator that obeys what it says, and then ignores it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLedger } from '../core/ledger/store/identity.js';
import { createRandom } from '../dev/kit/random.js';
import { until } from '../dev/kit/until.js';
import { RoutedJobs, type RoutedWorker } from '../dev/simulator/routed-jobs.js';
import { type Orchestrator, startOrchestrator } from '../dev/simulator/simulator.js';
import { SimulatedRouting } from '../dev/simulator/simulator-routing.js';
import { type LocalChain, startChain } from '../dev/stack/chain-node.js';
import { singleWorkflowId } from '../workflows/contract.js';
import { judge, NOTHING_WRONG } from './faults/verdict.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from './harness/database.js';
import { createTestWallet, PASSPHRASE, randomAddress, type TestWallet } from './harness/money.js';
import { createTestNamespace, type TestNamespace } from './harness/namespace.js';
import { type PoolProcess, startPoolProcess } from './harness/pool-process.js';

const TEST_TIMEOUT_MS = 280_000;
const HOUR_MS = 3_600_000;
const TOKEN = 'token-of-the-operator';
/** A list reaches an orchestrator a moment after a state changed, and what it does until then says nothing. */
const LIST_DELAY_MS = 17_000;
const SLOW_MS = 6_000;
const FAST_MS = 300;
/** The time for which a worker is excluded is enough for both kinds of routing; the rest happens as soon as it may. */
const GUARD = {
  judgeInterval: '1s',
  responseTime: { good: '1s', warn: '2s', exclude: '4s' },
  warnAfter: '1s',
  excludeAfter: '3s',
  recoverAfter: '2s',
  excludeFor: '75s',
};

let dir: string;
let chain: LocalChain;
let database: TestDatabase;
let space: TestNamespace;
let wallet: TestWallet;
let orchestrator: Orchestrator;
let workers: readonly RoutedWorker[];
let slow: RoutedWorker;
let jobs: RoutedJobs;
let started: PoolProcess[] = [];
let api: string;
let webhook: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-guard-'));
  [chain, space, database] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    createTestNamespace(),
    createEmptyDatabase(),
  ]);
  orchestrator = await startOrchestrator({ name: 'one', journalPath: join(dir, 'one.ndjson') });
  slow = { address: randomAddress(), responseMs: SLOW_MS };
  const fast = Array.from({ length: 3 }, () => ({
    address: randomAddress(),
    responseMs: FAST_MS,
  }));
  workers = [slow, ...fast];
  jobs = new RoutedJobs({ orchestrator, workers, random: createRandom(7) });
  const elsewhere = await createTestDatabase();
  wallet = await createTestWallet(elsewhere.db, chain);
  await elsewhere.close();
  const files = { 'keystore.json': wallet.keystore, passphrase: `${PASSPHRASE}\n`, token: TOKEN };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text, { mode: 0o600 });
  }
});
afterEach(async () => {
  // The process that names preferred workers was started last, and needs what the others made.
  for (const { process } of started.reverse()) await process.stop();
  started = [];
  await Promise.all([chain.stop(), orchestrator.stop(), database.close(), space.close()]);
  await rm(dir, { recursive: true, force: true });
});

/** Starts the pool on an orchestrator whose workers did the hour before this one as fast as they are. */
async function startPool(mode: 'off' | 'exclude'): Promise<void> {
  const beforeMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS / 2;
  jobs.connect(beforeMs);
  const nobody = new SimulatedRouting({
    webhook: 'http://127.0.0.1:9',
    random: createRandom(11),
    obeys: true,
  });
  await jobs.handOut(400, nobody, () => beforeMs + 60_000);
  const changes = {
    sources: [
      {
        id: 'one',
        region: 'eu',
        nodeType: 'ai',
        from: 'beginning',
        options: { endpoint: orchestrator.url },
      },
    ],
    pool: {
      syncInterval: '1s',
      payoutInterval: '10s',
      minPayoutInterval: '1s',
      payoutThreshold: '0.000001 ETH',
    },
    guard: { ...GUARD, mode, preferredWorkers: { port: 0, refresh: '200ms' } },
    api: { port: 0, tokenFile: 'token' },
  };
  const keys = { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' };
  const parts = { dir, chain, database, temporal: space };
  const pool = await startPoolProcess(parts, { wallet: keys, changes });
  started.push(pool);
  await pool.says('openpool worker ready');
  await pool.says('openpool api listening');
  api = pool.apiUrl();
  const entry = 'api/preferred/main.ts';
  const preferred = await startPoolProcess(parts, { wallet: keys, changes, entry });
  started.push(preferred);
  await preferred.says('preferred workers listening');
  webhook = `${/listening on (\S+)/.exec(preferred.lines.join('\n'))?.[1]}/preferred-workers`;
}

async function ask<Answer>(path: string): Promise<Answer> {
  const answer = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(answer.status, path).toBe(200);
  return (await answer.json()) as Answer;
}

interface Standing {
  readonly ethAddress: string;
  readonly state: string;
  readonly reason: string;
  readonly lifts: string | null;
}

const standingOf = async (worker: RoutedWorker) =>
  (await ask<{ workers: Standing[] }>('/v1/guard')).workers.find(
    ({ ethAddress }) => ethAddress.toLowerCase() === worker.address,
  );
const becomes = (state: string) =>
  until(`the slow worker ${state}`, async () => (await standingOf(slow))?.state === state, {
    everyMs: 200,
  });

/** The slow worker's states in their order, as notices tell them, and what each says lifts it. */
async function told() {
  const { rows } = await database.db.$client.query<{
    state: string;
    lifts: string | null;
    payee: string;
  }>(
    "SELECT payee, facts ->> 'state' AS state, facts ->> 'lifts' AS lifts FROM notice WHERE kind = 'worker-state' ORDER BY id",
  );
  return rows;
}

async function preferred(): Promise<readonly string[]> {
  const answer = await fetch(`${webhook}?pipeline=llm&modelID=own/er`);
  const list = (await answer.json()) as readonly { readonly ethAddress: string }[];
  return list.map(({ ethAddress }) => ethAddress.toLowerCase()).sort();
}
const addresses = (some: readonly RoutedWorker[]) => some.map(({ address }) => address).sort();
const routingThat = (obeys: boolean) =>
  new SimulatedRouting({ webhook, random: createRandom(obeys ? 13 : 17), obeys });

const verdicts = async () =>
  (await ask<{ hours: { verdict: string; toExcluded: number }[] }>('/v1/guard/effect')).hours;
const page = async () => (await fetch(`${api}/payees/${slow.address}`)).text();

async function paidTo(worker: RoutedWorker): Promise<bigint> {
  const { rows } = await database.db.execute<{ wei: string }>(
    sql`SELECT coalesce(sum(amount_wei), 0) AS wei FROM payout WHERE payee = ${worker.address} AND state = 'paid'`,
  );
  return BigInt(rows[0]?.wei ?? 0);
}

const allIsPaid = () =>
  until('everything paid, and the chain agrees', async () => {
    const { rows } = await database.db.execute<{ open: string }>(
      sql`SELECT count(*) AS open FROM balance WHERE account IN ('pending', 'reserved') AND amount_wei <> 0`,
    );
    const verdict = await judge(chain, database.db, wallet.address);
    return rows[0]?.open === '0' && JSON.stringify(verdict) === JSON.stringify(NOTHING_WRONG);
  });

describe('the guard in a pool that runs', () => {
  it(
    'warns a slow worker, excludes it, tells who obeys, and takes it back when it has improved; payouts go on',
    async () => {
      await startPool('exclude');
      await becomes('excluded');
      expect(await standingOf(slow)).toMatchObject({
        reason: expect.stringMatching(/response time .* above 4000 ms/),
        lifts: expect.stringContaining('time: it gets jobs again'),
      });
      await until('the list without it', async () => (await preferred()).length === 3);
      expect(await preferred()).toEqual(addresses(workers.slice(1)));
      expect(await page()).toMatch(/excluded from new jobs[\s\S]*response time of the slowest/);
      const paidBefore = await paidTo(slow);

      // Its owner puts a new card in. Nobody knows yet, as it gets no jobs.
      slow.responseMs = FAST_MS;
      await new Promise((resolve) => setTimeout(resolve, LIST_DELAY_MS));
      const obeyed = await jobs.handOut(240, routingThat(true));
      expect(obeyed.get(slow.address)).toBeUndefined();
      await until('obeyed', async () => (await verdicts())[0]?.verdict === 'obeyed');
      expect((await verdicts())[0]?.toExcluded).toBe(0);
      const ignored = await jobs.handOut(240, routingThat(false));
      expect(ignored.get(slow.address)).toBeGreaterThan(30);
      await until('ignored', async () => (await verdicts())[0]?.verdict === 'ignored');
      await until('it is paid while it is excluded', async () => (await paidTo(slow)) > paidBefore);
      // All of that was one exclusion.
      expect((await standingOf(slow))?.state).toBe('excluded');

      await until('it on the list again', async () => (await preferred()).length === 4, {
        withinMs: 120_000,
      });
      expect(['probation', 'good']).toContain((await standingOf(slow))?.state);
      await until('the slow worker good', async () => {
        await jobs.handOut(40, routingThat(true));
        return (await standingOf(slow))?.state === 'good';
      });
      expect(await page()).not.toContain('excluded from new jobs');
      expect(await preferred()).toEqual(addresses(workers));

      const notices = await told();
      expect(notices.map(({ payee, state }) => [payee, state])).toEqual(
        ['warned', 'excluded', 'probation', 'good'].map((state) => [slow.address, state]),
      );
      expect(notices.map(({ lifts }) => lifts === null)).toEqual([false, false, false, true]);
      await allIsPaid();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'judges nobody while it is off, which is the control',
    async () => {
      await startPool('off');
      await until('paid', async () => (await paidTo(slow)) > 0n);
      const poolId = (await findLedger(database.db))?.poolId ?? '';
      const id = singleWorkflowId(poolId, 'guard');
      await space.client.schedule.getHandle(id).trigger();
      await until('a judging that has ended', async () => {
        for await (const run of space.client.workflow.list()) {
          if (run.workflowId.startsWith(id) && run.status.name === 'COMPLETED') return true;
        }
        return false;
      });
      expect(await told()).toEqual([]);
      expect(await standingOf(slow)).toBeUndefined();
      expect(await preferred()).toEqual(addresses(workers));
      expect((await jobs.handOut(40, routingThat(true))).get(slow.address)).toBeGreaterThan(0);
      expect(await page()).not.toContain('How your workers do');
      await allIsPaid();
    },
    TEST_TIMEOUT_MS,
  );
});
