/**
 * Each alert rule on a real fault: a pool is well, something breaks, and Prometheus' own promtool judges what the API
 * said before and during the fault. Exactly the alerts that the fault deserves fire.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { auditPool } from '../../core/checks/audit/audit.js';
import { reconcile } from '../../core/checks/reconciliation.js';
import { judgeWorkers } from '../../core/guard/judging.js';
import { GUARD_DEFAULTS } from '../../core/guard/rules/settings.js';
import { noteWorker } from '../../core/ledger/store/worker-processes.js';
import { writeNotices } from '../../core/notices/store/outbox.js';
import { haltWallet } from '../../core/payouts/store/wallet/wallets.js';
import { walletKeyOf } from '../../core/payouts/wallet/money-deps.js';
import { PLAIN_TERMS, toJson } from '../../core/policies/rules/pool-terms.js';
import { lookAtSources } from '../../core/sentinel/looking.js';
import { recordHeld } from '../../core/standing/store/held-elsewhere.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, rpc, startChain } from '../../dev/stack/chain-node.js';
import { createLog } from '../../start/log.js';
import { createProcessMetrics } from '../../start/process-metrics.js';
import { TEST_POOL_ID } from '../../test/harness/database.js';
import { failInEveryTask } from '../../test/harness/failing-worker.js';
import {
  createPayer,
  createTestWallet,
  reserveFor,
  sendForeign,
  type TestWallet,
} from '../../test/harness/money.js';
import {
  expectAlerts,
  promtoolPath,
  RULES,
  type Scrape,
  samplesOf,
} from '../../test/harness/promtool.js';
import { ALICE, T0, useSyncWorld } from '../../test/harness/sync-world.js';
import { poolOf } from '../../test/kit/silent-temporal.js';
import { addressOf, TEST_SENTINEL, TEST_WALLET, testConfig } from '../../test/kit/test-pool.js';
import { startPreferred } from '../preferred/serve.js';
import { startApi } from '../serve.js';

const { world, transcode, pass } = useSyncWorld();
const MINUTE_MS = 60_000;
/** The built-in policy, which leaves the states to the guard. */
const PLAIN_CHOICE = {
  module: null,
  baseDir: '/',
  options: toJson({ ...PLAIN_TERMS, defaults: { commissionBps: 0 } }),
};
const RESERVE = { address: addressOf(901), kind: 'balance' } as const;
const minutesAgo = (minutes: number) => new Date(T0 - minutes * MINUTE_MS).toISOString();

let chain: LocalChain;
let wallet: TestWallet;
let api: Awaited<ReturnType<typeof startApi>>;
let preferred: Awaited<ReturnType<typeof startPreferred>>;

beforeAll(async () => {
  chain = await startChain({ blockTimeSeconds: 0 });
});
afterAll(() => chain.stop());

const mine = (blocks: number) => rpc(chain.rpcUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
const run = (statement: string) => world.database.db.$client.query(statement);

/** A pool that is well: its source was read, a payout was paid, everything was checked. */
beforeEach(async () => {
  const { db } = world.database;
  wallet = await createTestWallet(db, chain);
  transcode(-5, ALICE, 10n ** 16n);
  await pass(0);
  await noteWorker(db, {
    id: '0191a6e0-0000-7000-8000-000000000001',
    version: '1',
    sources: [world.config.id],
    host: 'here',
  });
  await pay();
  await check();
  const now = () => new Date(T0);
  const processMetrics = createProcessMetrics(db);
  await recordHeld(db, chain.chainId, [{ ...RESERVE, amountWei: 0n }]);
  const solvency = { ...testConfig().solvency, alsoHeldBy: [RESERVE.address] };
  const preferredWorkers = { host: '127.0.0.1', port: 0, refreshMs: 100 };
  const guard = { ...testConfig().guard, mode: 'exclude' as const, preferredWorkers };
  const config = { ...testConfig(), solvency, guard };
  api = await startApi({ ...poolOf(db, { now, processMetrics }), config });
  preferred = await startPreferred({
    config,
    db,
    ledger: { poolId: TEST_POOL_ID },
    log: createLog({ level: 'fatal' }),
    signal: new AbortController().signal,
  });
  return () => Promise.all([api.stop(), preferred.stop()]);
});

async function pay(): Promise<void> {
  const mining = setInterval(() => void mine(1), 60);
  const { payoutId } = await reserveFor(world.database.db, 1_000n);
  expect(await createPayer(wallet.deps).pay(payoutId)).toMatchObject({ state: 'paid' });
  clearInterval(mining);
  await mine(8);
}

/** What the clockwork does: reconciliation, audit, sentinel, guard. */
async function check(): Promise<void> {
  const { db } = world.database;
  await reconcile(wallet.deps, { fromOpening: false });
  await auditPool(wallet.deps, { withEvents: false }, () => undefined);
  await lookAtSources({
    db,
    settings: TEST_SENTINEL,
    sources: [world.config],
    roundIntervalMs: null,
    now: () => new Date(T0),
  });
  await run(`UPDATE ledger_audit SET checked_at = '${minutesAgo(10)}'`);
  await judgeWorkers({
    db,
    settings: { ...GUARD_DEFAULTS, mode: 'exclude' },
    answerMs: 60 * MINUTE_MS,
    choiceOf: () => PLAIN_CHOICE,
    now: () => new Date(T0),
  });
}

/** What Prometheus has after a scrape: the samples, or only that nothing answers. */
async function scrape(): Promise<Scrape> {
  try {
    const response = await fetch(`${api.url}/metrics`);
    const lists = await (await fetch(`${preferred.url}/metrics`)).text();
    return new Map([
      ...samplesOf(await response.text()),
      ...samplesOf(lists),
      ['up{job="openpool"}', '1'],
    ]);
  } catch {
    return new Map([['up{job="openpool"}', '0']]);
  }
}

interface Fault {
  readonly what: string;
  readonly inject: () => Promise<unknown>;
  readonly alerts: readonly string[];
}

const faults: readonly Fault[] = [
  { what: 'none, which is the control', inject: async () => undefined, alerts: [] },
  {
    what: 'the API has ended',
    inject: () => api.stop(),
    alerts: ['OpenpoolUnreachable'],
  },
  {
    what: 'the only worker was killed ten minutes ago',
    inject: () => run(`UPDATE worker_process SET turned_at = now() - interval '10 minutes'`),
    alerts: ['OpenpoolWorkerSilent'],
  },
  {
    what: 'an operator halts the wallet',
    inject: () =>
      haltWallet(wallet.deps.db, walletKeyOf(wallet.deps), {
        code: 'HALTED_BY_OPERATOR',
        reason: 'test',
      }),
    alerts: ['OpenpoolWalletHalted'],
  },
  {
    what: 'somebody else has the key of the wallet and pays with it',
    inject: async () => {
      await sendForeign(chain, wallet, 1);
      await mine(8);
      await check();
    },
    alerts: ['OpenpoolReconciliationWrong', 'OpenpoolWalletHalted'],
  },
  {
    what: 'a balance was changed by hand',
    inject: async () => {
      await run(`UPDATE balance SET amount_wei = amount_wei + 1 WHERE account = 'commission'`);
      await check();
    },
    alerts: ['OpenpoolAuditWrong', 'OpenpoolWalletHalted'],
  },
  {
    what: 'what is shown by day was changed by hand, which is no reason to pay nobody',
    inject: async () => {
      await run('UPDATE worker_earned SET gross_wei = gross_wei + 1');
      await check();
    },
    alerts: ['OpenpoolAuditWrong'],
  },
  {
    what: 'no audit has ended since the morning',
    inject: () => run(`UPDATE ledger_audit SET checked_at = '${minutesAgo(240)}'`),
    alerts: ['OpenpoolAuditOld'],
  },
  {
    what: 'the sentinel has not run for an hour',
    inject: () =>
      run(`UPDATE setting SET value = '${minutesAgo(60)}' WHERE key = 'sentinel.looked-at'`),
    alerts: ['OpenpoolSentinelBlind'],
  },
  {
    what: 'a source sends an event that cannot be read',
    inject: async () => {
      transcode(-4, 'nobody', 1n);
      await pass(0);
      await check();
    },
    alerts: ['OpenpoolFinding'],
  },
  {
    what: 'the pool owes more than it has',
    inject: async () => {
      transcode(-4, ALICE, 10n ** 16n);
      await pass(0);
      await run('UPDATE wallet_balance SET balance_wei = 0');
    },
    alerts: ['OpenpoolNotCovered'],
  },
  {
    what: 'the orchestrator is down',
    inject: async () => {
      await world.orchestrator.stop();
      await expect(pass(0)).rejects.toThrow();
    },
    alerts: ['OpenpoolSourceFailing'],
  },
  {
    what: 'a transfer is not mined',
    inject: async () => {
      const { payoutId } = await reserveFor(world.database.db, 1_000n);
      await createPayer(wallet.deps).sender.send(payoutId);
    },
    alerts: ['OpenpoolPayoutsStuck'],
  },
  {
    what: 'a payout has been held for two days',
    inject: async () => {
      await reserveFor(world.database.db, 1_000n);
      await run(`UPDATE payout SET created_at = '${minutesAgo(2 * 24 * 60)}'`);
    },
    alerts: ['OpenpoolPayoutOld'],
  },
  {
    what: 'the guard has not judged for an hour',
    inject: () =>
      run(`UPDATE setting SET value = '${minutesAgo(60)}' WHERE key = 'guard.judged-at'`),
    alerts: ['OpenpoolGuardBlind'],
  },
  {
    what: 'every AI worker that is connected is excluded',
    inject: excludeEverybody,
    alerts: ['OpenpoolGuardExcludesAll'],
  },
  {
    what: 'the receiver of the notices has been down for two hours',
    inject: () => leave('waiting'),
    alerts: ['OpenpoolNoticesWait'],
  },
  {
    what: 'the receiver of the notices refuses them',
    inject: () => leave('dead'),
    alerts: ['OpenpoolNoticesDead'],
  },
  {
    what: 'a table is gone that the API needs, not the metrics',
    inject: async () => {
      await run('ALTER TABLE terms RENAME TO elsewhere');
      for (let i = 0; i < 5; i += 1) {
        const { status } = await fetch(`${api.url}/v1/terms`);
        expect(status).toBe(500);
      }
    },
    alerts: ['OpenpoolApiFails'],
  },
  {
    what: 'somebody tries tokens',
    inject: async () => {
      for (let guess = 0; guess < 60; guess += 1) {
        const headers = { authorization: `Bearer guess-number-${guess}` };
        await fetch(`${api.url}/v1/audit-log`, { headers });
      }
    },
    alerts: ['OpenpoolTokensGuessed'],
  },
];

/** Excludes the only AI worker, and waits until the list of preferred workers knows. */
async function excludeEverybody(): Promise<void> {
  await run(`INSERT INTO payee (address) VALUES ('${RESERVE.address}')`);
  await run(`INSERT INTO remote_worker (payee, node_type, region, last_event_at)
    VALUES ('${RESERVE.address}', 'ai', 'eu', now())`);
  await run(`INSERT INTO worker_state (remote_worker_id, pipeline, model_id, state, since, reason, figures, decided_by, judged_at)
    SELECT id, 'llm', 'm', 'excluded', now(), 'slow', 'null', 'guard', now() FROM remote_worker WHERE payee = '${RESERVE.address}'`);
  const asked = `${preferred.url}/preferred-workers?pipeline=llm&modelID=m`;
  await until(
    'the only worker on the list',
    async () => (await (await fetch(asked)).text()) !== '[]',
  );
  expect(await (await fetch(`${preferred.url}/metrics`)).text()).toMatch(
    /openpool_preferred_fallback_answers_total\{.*\} [1-9]/,
  );
}

/** Leaves a notice of two hours ago where it is. */
async function leave(state: 'waiting' | 'dead'): Promise<void> {
  const { db } = world.database;
  const facts = { code: 'HALTED_BY_OPERATOR', reason: 'x', wallet: TEST_WALLET };
  await writeNotices(db, [{ key: 'halted/test', kind: 'halted', facts }]);
  await run(`INSERT INTO notice_delivery (notice_id, target_id, state, since)
    SELECT id, 'ops', '${state}', now() - interval '2 hours' FROM notice`);
}

describe.skipIf(promtoolPath === undefined)('the alerts', () => {
  it('fire as they should: the code of a saga fails', async () => {
    const before = await scrape();
    const during = new Map([...(await scrape()), ...(await failInEveryTask())]);
    await expectAlerts(before, during, ['OpenpoolWorkflowsFail']);
  });

  it.each(faults)('fire as they should: $what', async ({ inject, alerts }) => {
    const before = await scrape();
    await inject();
    await expectAlerts(before, await scrape(), alerts);
  });
});

interface Rule {
  readonly alert: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}
const read = (name: string) => readFileSync(join(dirname(RULES), name), 'utf8');

describe('what stands in monitoring', () => {
  const { groups } = parse(read('alerts.yml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  it('has a fault, a made-up test and words for every alert', () => {
    const tried = new Set([...faults.flatMap(({ alerts }) => alerts), 'OpenpoolWorkflowsFail']);
    expect(rules.map(({ alert }) => alert).sort()).toEqual([...tried].sort());
    for (const { alert, annotations } of rules) {
      expect([alert, annotations.summary, annotations.description]).toEqual([
        alert,
        expect.stringMatching(/\S/),
        expect.stringMatching(/\.$/),
      ]);
      expect(read('alerts.test.yml')).toContain(`alertname: ${alert},`);
    }
  });

  it.each(['alerts.yml', 'dashboard.json'])(
    '%s asks for metrics that a scrape has',
    async (name) => {
      const asked = new Set(
        [...read(name).matchAll(/openpool_[a-z_]+/g)].map(([metric]) =>
          metric.replace(/_(bucket|count)$/, ''),
        ),
      );
      expect(asked.size).toBeGreaterThan(10);
      // Figures without a value are left out of a scrape: these need a payout, a set-aside event and known prices.
      await reserveFor(world.database.db, 1_000n);
      transcode(-4, 'nobody', 1n);
      await pass(0);
      await run(`INSERT INTO job_price SELECT '${world.config.id}', '${minutesAgo(0)}'::timestamptz - hours * interval '1 hour',
                 'ai', 'text-to-image', 'sdxl', 20, 1000000, 1000 FROM generate_series(0, 200) AS hours`);
      await run(`INSERT INTO guard_effect (hour, pipeline, model_id, jobs, to_excluded, expected_micro)
                 VALUES ('${minutesAgo(30)}', 'llm', 'm', 400, 0, 80000000)`);
      const texts = [api.url, preferred.url].map(async (url) =>
        (await fetch(`${url}/metrics`)).text(),
      );
      const text = (await Promise.all(texts)).join('\n');
      expect(text).toMatch(/openpool_guard_effect\{verdict="obeyed",.*\} 1/);
      const scraped = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, metric]) => metric));
      expect([...asked].filter((metric) => !scraped.has(metric))).toEqual([]);
    },
  );
});
