/**
 * Seeds faults into a healthy pool of real parts, one after another. The doctor must name each one, blame nothing else, and
 * say of the checks behind it that they were not made.
 */
import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ScheduleSummary } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../config/config.js';
import { resumeWallet } from '../core/checks/store/resuming.js';
import { type CheckRow, isHealthy } from '../core/diagnosis/rules/checks.js';
import { noteWorker } from '../core/ledger/store/worker-processes.js';
import { haltWallet } from '../core/payouts/store/wallet/wallets.js';
import { until } from '../dev/kit/until.js';
import { startChain } from '../dev/stack/chain-node.js';
import { createEmptyDatabase, TEST_POOL_ID } from '../test/harness/database.js';
import {
  BEHIND_LEDGER,
  BEHIND_NAMESPACE,
  BEHIND_POSTGRES,
  BEHIND_SCHEMA,
  found,
  nobody,
  type Seeded,
  unchecked,
  useDoctoredPool,
} from '../test/harness/doctored-pool.js';
import { PASSPHRASE, setBalance } from '../test/harness/money.js';
import type { TestNamespace } from '../test/harness/namespace.js';
import { startPooler } from '../test/harness/pooler.js';
import { compiled } from '../test/harness/script.js';
import { addConnection, addressOf, addWorker } from '../test/kit/test-pool.js';
import { applySchedules } from '../worker/temporal/schedules.js';
import { payoutWorkflowId, poolIdKey, singleWorkflowId } from '../workflows/contract.js';

const { get, fault, named, run } = useDoctoredPool();

describe('a healthy pool', () => {
  it('is called healthy, with every check made and none of them silent', async () => {
    const rows = await get().examine();
    expect(found(rows)).toEqual([]);
    expect(unchecked(rows)).toEqual([]);
    expect(isHealthy(rows)).toBe(true);
    expect(new Set(rows.map(({ check }) => check)).size).toBe(28);
  });
});

describe('the command', () => {
  const doctor = async (...words: readonly string[]) => {
    const args = [compiled('cli/main.ts'), ...words];
    const began = performance.now();
    const { code, stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      timeout: 60_000,
    }).then(
      (said) => ({ code: 0, ...said }),
      (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error,
    );
    return { code, out: stdout, err: stderr, tookMs: performance.now() - began };
  };

  it('exits with 0 within ten seconds when the pool is healthy', async () => {
    const config = await get().configure();
    const out = expect.stringMatching(/\n\nhealthy\n$/);
    // A shared machine may stand still, so the quickest of a few runs counts.
    for (const isLast of [false, false, true]) {
      const said = await doctor('--config', config, 'doctor');
      expect(said).toMatchObject({ code: 0, err: '', out });
      if (said.tookMs < 10_000) return;
      if (isLast) expect(said.tookMs).toBeLessThan(10_000);
    }
  });

  it('exits with 3 when something failed, and shows no secret', async () => {
    const secrets = ['hunter2-of-rpc', 'KEY12345678', 'hunter2-of-source', 'hunter2-of-the-api'];
    const [rpc = '', key = '', source = '', token = ''] = secrets;
    const options = {
      endpoint: `http://${await nobody()}`,
      basicAuth: { user: 'openpool', password: source },
    };
    const config = await get().configure({
      chain: {
        ...get().healthy.chain,
        rpcUrls: [...get().healthy.chain.rpcUrls, `http://me:${rpc}@${await nobody()}/v2/${key}`],
      },
      sources: [{ ...get().healthy.sources[0], options }],
      api: { port: 0, token },
    });
    const said = await doctor('--config', config, '--json', 'doctor');
    expect(said.code).toBe(3);
    const { healthy, checks } = JSON.parse(said.out) as {
      readonly healthy: boolean;
      readonly checks: readonly CheckRow[];
    };
    expect(healthy).toBe(false);
    const named = [
      'endpoints.connection ENDPOINT_SILENT',
      'sources.reading EVENT_SOURCE_UNREACHABLE',
    ];
    expect(found(checks)).toEqual(named);
    const all = said.out + said.err;
    const { key: wallet } = get().wallet;
    for (const secret of [...secrets, PASSPHRASE, wallet.privateKey.slice(2)]) {
      expect(all).not.toContain(secret);
    }
  });
});

const BEHIND_CONFIGURATION = expect.arrayContaining(['postgres.connection', 'clocks']);

describe('the file', () => {
  it('with a misspelt key: named with its line, and everything else is not checked', async () => {
    const rows = await get().examine({ pool: { comission: '25%' } });
    expect(found(rows)).toEqual(['configuration CONFIG_UNKNOWN_KEY']);
    expect(rows[0]?.what).toMatch(/pool-\d+\.yaml:2 pool\.comission: .*did you mean "commission"/);
    expect(unchecked(rows)).toEqual(BEHIND_CONFIGURATION);
    expect(rows.at(-1)?.what).toBe('not checked, because configuration failed');
    named.add('configuration CONFIG_UNKNOWN_KEY');
  });

  fault(
    'with an archive in a place that is no directory',
    'directories STATE_DIRECTORY_UNUSABLE',
    async () => {
      const path = await get().file('a-file', '');
      return { changes: { retention: { keepMonths: 3, archiveDir: `${path}/archive` } } };
    },
  );
});

describe('Postgres', () => {
  fault(
    'that is away',
    'postgres.connection DATABASE_UNREACHABLE',
    async () => ({ changes: { database: { url: `postgres://pool@${await nobody()}/pool` } } }),
    BEHIND_POSTGRES,
  );

  fault(
    'that does not know the database',
    'postgres.connection DATABASE_REFUSED',
    async () => {
      const url = new URL(get().database.url);
      url.pathname = '/nowhere';
      return { changes: { database: { url: url.toString() } } };
    },
    BEHIND_POSTGRES,
  );

  fault(
    'whose sessions only read, which is all that the doctor itself needs',
    'postgres.server DATABASE_READ_ONLY',
    async () => {
      const url = new URL(get().database.url);
      url.searchParams.set('options', '-c default_transaction_read_only=on');
      return { changes: { database: { url: url.toString() } } };
    },
  );

  fault('behind a pooler of transactions', 'postgres.sessions DATABASE_POOLED', async () => {
    const pooler = await startPooler(get().database.url, 'transaction');
    return { changes: { database: { url: pooler.url } }, undo: () => pooler.stop() };
  });

  fault('with a role that may only read', 'postgres.rights DATABASE_FORBIDDEN', async () => {
    const role = `poor_${new URL(get().database.url).pathname.slice(1)}`;
    await run(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
    await run(`GRANT USAGE ON SCHEMA public, drizzle TO ${role}`);
    await run(`GRANT SELECT ON ALL TABLES IN SCHEMA public, drizzle TO ${role}`);
    const url = new URL(get().database.url);
    [url.username, url.password] = [role, role];
    return { changes: { database: { url: url.toString() } } };
  });

  const shiftMigration = (byMs: number) =>
    run(`UPDATE drizzle.__drizzle_migrations SET created_at = created_at + ${byMs}
          WHERE created_at = (SELECT max(created_at) FROM drizzle.__drizzle_migrations)`);
  const shifted = async (byMs: number) => {
    await shiftMigration(byMs);
    return { undo: () => shiftMigration(-byMs) };
  };
  fault(
    'with tables of an earlier version',
    'postgres.schema DATABASE_SCHEMA_OLDER',
    () => shifted(-1),
    BEHIND_SCHEMA,
  );
  fault(
    'with tables of a later version',
    'postgres.schema DATABASE_SCHEMA_NEWER',
    () => shifted(1),
    BEHIND_SCHEMA,
  );

  fault(
    'with the ledger of another pool',
    'postgres.ledger LEDGER_OF_ANOTHER_POOL',
    async () => ({ changes: { pool: { id: 'somebody-else' } } }),
    BEHIND_LEDGER,
  );

  it('with a database that no worker has started on', async () => {
    const empty = await createEmptyDatabase();
    await empty.close();
    const rows = await get().examine({ database: { url: empty.url } });
    expect(found(rows)).toEqual(['postgres.ledger LEDGER_UNKNOWN']);
    named.add('postgres.ledger LEDGER_UNKNOWN');
  });
});

describe('Temporal', () => {
  const other = (changes: object) => ({ temporal: { ...get().healthy.temporal, ...changes } });

  fault(
    'without the namespace',
    'temporal.namespace TEMPORAL_NAMESPACE_MISSING',
    async () => ({ changes: other({ namespace: 'nowhere' }) }),
    BEHIND_NAMESPACE,
  );

  fault('that forgets too early', 'temporal.retention TEMPORAL_RETENTION_SHORT', async () => ({
    changes: other({ retention: '30d' }),
  }));

  const attributes = () => get().space.connection.operatorService;
  const addAttribute = (type: number) =>
    attributes().addSearchAttributes({
      namespace: get().space.namespace,
      searchAttributes: { WaitCode: type },
    });
  const removeAttribute = () =>
    attributes().removeSearchAttributes({
      namespace: get().space.namespace,
      searchAttributes: ['WaitCode'],
    });
  fault(
    'without a search attribute',
    'temporal.search-attributes SEARCH_ATTRIBUTE_MISSING',
    async () => {
      await removeAttribute();
      return { undo: () => addAttribute(2) };
    },
    ['temporal.replay'],
  );
  fault(
    'with a search attribute of another type',
    'temporal.search-attributes SEARCH_ATTRIBUTE_TYPE',
    async () => {
      await removeAttribute();
      await addAttribute(3);
      return {
        async undo() {
          await removeAttribute();
          await addAttribute(2);
        },
      };
    },
    ['temporal.replay'],
  );

  const sweep = () =>
    get().space.client.schedule.getHandle(singleWorkflowId(TEST_POOL_ID, 'sweep'));
  const untilListed = (isSo: (sweep: ScheduleSummary | undefined) => boolean) =>
    until('the list of schedules', async () => {
      const listed: ScheduleSummary[] = [];
      for await (const one of get().space.client.schedule.list()) listed.push(one);
      return isSo(listed.find(({ scheduleId }) => scheduleId === sweep().scheduleId));
    });
  fault('with a paused schedule', 'temporal.schedules SCHEDULE_PAUSED', async () => {
    await sweep().pause('a quiet night');
    await untilListed((sweep) => sweep?.state.paused === true);
    return {
      async undo() {
        await sweep().unpause();
        await untilListed((sweep) => sweep?.state.paused === false);
      },
    };
  });

  fault('without a schedule', 'temporal.schedules SCHEDULE_MISSING', async () => {
    // A worker puts its schedules back at once, so it must not look meanwhile.
    get().worker.process.kill('SIGSTOP');
    await sweep().delete();
    await untilListed((sweep) => sweep === undefined);
    return {
      async undo() {
        const config = await loadConfig(await get().configure());
        await applySchedules(get().space.client.schedule, { ...config, poolId: TEST_POOL_ID });
        await untilListed((sweep) => sweep !== undefined);
        get().worker.process.kill('SIGCONT');
      },
    };
  });

  fault(
    'whose schedules are not those of the file',
    'temporal.schedules SCHEDULE_DIFFERS',
    async () => ({ changes: { pool: { syncInterval: '10s', payoutInterval: '2d' } } }),
  );
});

describe('the endpoints', () => {
  const bent = async (bend: () => void): Promise<Seeded> => {
    bend();
    return {
      async undo() {
        get().third.setMood();
        get().third.turnTo(get().chain.rpcUrl);
        get().third.claimChainId(get().chain.chainId);
      },
    };
  };
  const urls = () => get().healthy.chain.rpcUrls;

  fault('of which one is silent', 'endpoints.connection ENDPOINT_SILENT', async () => ({
    changes: {
      chain: { ...get().healthy.chain, rpcUrls: [...urls(), `http://${await nobody()}`] },
    },
  }));

  fault('of which there is only one', 'endpoints.connection ENDPOINTS_TOO_FEW', async () => ({
    changes: { chain: { ...get().healthy.chain, rpcUrls: urls().slice(0, 1) } },
  }));

  fault('of which one serves another chain', 'endpoints.chain ENDPOINT_OF_ANOTHER_CHAIN', () =>
    bent(() => get().third.claimChainId(421_614)),
  );

  fault(
    'of which one shows a chain of the same id that was set up anew',
    'endpoints.chain ENDPOINT_OF_ANOTHER_CHAIN',
    async () => {
      const anew = await startChain({ blockTimeSeconds: 0.1 });
      const { undo = async () => undefined } = await bent(() => get().third.turnTo(anew.rpcUrl));
      return { undo: () => Promise.all([undo(), anew.stop()]) };
    },
  );

  fault('of which one lags by an hour', 'endpoints.lag ENDPOINT_LAGS', () =>
    bent(() =>
      get().third.setMood({
        edit: (method, result, [block]) =>
          method === 'eth_getBlockByNumber' && block === 'latest' ? hourOlder(result) : result,
      }),
    ),
  );

  fault('of which one tells another balance', 'endpoints.agreement ENDPOINTS_DISAGREE', () =>
    bent(() =>
      get().third.setMood({
        edit: (method, result) => (method === 'eth_getBalance' ? '0x1' : result),
      }),
    ),
  );

  fault('of which one takes three calls at most', 'endpoints.answers ENDPOINT_BATCHES_SMALL', () =>
    bent(() => get().third.setMood({ mostCalls: 3 })),
  );

  fault('of which one has forgotten old states', 'endpoints.answers ENDPOINT_WITHOUT_HISTORY', () =>
    bent(() =>
      get().third.setMood({
        // The chain is young, so that the state of six hours ago is that of its first block.
        edit: (method, result, [, block]) =>
          method === 'eth_getTransactionCount' && block === '0x0' ? 'missing trie node' : result,
      }),
    ),
  );
});

describe('the wallet', () => {
  const wallet = (changes: object) => ({ wallet: { ...get().healthy.wallet, ...changes } });

  fault(
    'with a wrong passphrase',
    'wallet.key KEYSTORE_PASSPHRASE_WRONG',
    async () => {
      await get().file('wrong-passphrase', 'something else');
      return { changes: wallet({ passphraseFile: 'wrong-passphrase' }) };
    },
    ['wallet.ledger'],
  );

  fault(
    'with a keystore that is none',
    'wallet.key KEYSTORE_MALFORMED',
    async () => {
      await get().file('no-keystore.json', '{"version": 3}');
      return { changes: wallet({ keystoreFile: 'no-keystore.json' }) };
    },
    ['wallet.ledger'],
  );

  fault(
    'with a keystore that others can read',
    'wallet.key CONFIG_FILE_EXPOSED',
    async () => {
      const path = await get().file('exposed.json', get().wallet.keystore);
      await chmod(path, 0o644);
      return { changes: wallet({ keystoreFile: 'exposed.json' }) };
    },
    ['wallet.ledger'],
  );

  fault('with the key of another wallet', 'wallet.ledger WALLET_NOT_OF_LEDGER', async () => ({
    changes: wallet({ keystoreFile: 'other-keystore.json' }),
  }));

  fault(
    'with another address in the file',
    'wallet.key WALLET_ADDRESS_WRONG',
    async () => ({
      changes: wallet({ address: '0x52908400098527886E0F7030069857D2E4169EE7' }),
    }),
    ['wallet.ledger'],
  );

  fault('that is empty', 'wallet.balance WALLET_EMPTY', async () => {
    await setBalance(get().chain, get().wallet.address, 0n);
    return { undo: () => setBalance(get().chain, get().wallet.address, 100n * 10n ** 18n) };
  });

  fault('that is halted', 'wallet.halts TRANSACTION_MISMATCH', async () => {
    const key = { chainId: get().chain.chainId, address: get().wallet.address };
    await haltWallet(get().database.db, key, { code: 'TRANSACTION_MISMATCH', reason: 'a test' });
    return {
      undo: () =>
        resumeWallet(get().database.db, key, {
          actor: 'test',
          reason: 'seen',
          onlyFrom: 'TRANSACTION_MISMATCH',
        }),
    };
  });
});

describe('a source', () => {
  afterEach(() => {
    get().orchestrator.answer = undefined;
    get().orchestrator.rows = [];
  });
  const reading = (endpoint: string, options: object = {}) => ({
    sources: [{ ...get().healthy.sources[0], options: { endpoint, ...options } }],
  });

  fault('that is away', 'sources.reading EVENT_SOURCE_UNREACHABLE', async () => ({
    changes: reading(`http://${await nobody()}`),
  }));

  fault('that lets nobody in', 'sources.reading EVENT_SOURCE_UNAUTHORIZED', async () => {
    get().orchestrator.answer = (_, response) => response.writeHead(401).end('who are you?');
    return {};
  });

  fault('that answers with something else', 'sources.reading SOURCE_GARBLED', async () => {
    get().orchestrator.answer = (_, response) => response.end('[{"hello": "world"}, 7]');
    return {};
  });

  fault('whose options make no sense', 'sources.options EVENT_SOURCE_OPTIONS', async () => ({
    changes: reading(get().orchestrator.url, { idleTimeout: 'soon' }),
  }));

  fault(
    'that still has the address of the example',
    'sources.options SOURCE_EXAMPLE',
    async () => ({
      changes: reading('https://orchestrator.example.com:7935'),
    }),
  );

  fault(
    'that no worker has been told of',
    ['temporal.schedules SCHEDULE_MISSING', 'sources.standing SOURCE_UNREAD'],
    async () => {
      const [first] = get().healthy.sources;
      const options = { endpoint: `${get().orchestrator.url}/second` };
      return { changes: { sources: [first ?? {}, { ...first, id: 'two', options }] } };
    },
  );
});

describe('the clocks', () => {
  it.each([
    ['fast', 'ahead of', 3_600_000],
    ['slow', 'behind', -3_600_000],
  ])('of which this machine’s is an hour %s', async (_, way, offMs) => {
    const rows = await get().examine({}, { now: () => new Date(Date.now() + offMs) });
    expect(found(rows)).toEqual(['clocks CLOCK_OFF']);
    const what = expect.stringMatching(`the clock of this machine is .* ${way} Postgres`);
    expect(rows.at(-1)).toMatchObject({ subject: 'this machine', what });
    named.add('clocks CLOCK_OFF');
  });
});

describe('a source that has fallen silent', () => {
  fault('while workers are connected to it', 'sources.standing SOURCE_SILENT', async () => {
    const { db } = get().database;
    const at = new Date();
    const workerId = await addWorker(db, { payee: addressOf(1), region: 'eu', nodeType: 'ai' });
    await addConnection(db, { sourceId: 'one', workerId, connection: 'gpu-1:443', at, seq: 1 });
    await run(
      `UPDATE source SET last_fresh_at = now() - interval '2 hours', newest_dt = now() - interval '2 hours'`,
    );
    return { undo: () => run('DELETE FROM connection') };
  });
  afterAll(() => run('UPDATE source SET last_fresh_at = NULL, newest_dt = NULL'));
});

describe('a saga of another build', () => {
  it('is named with what differs and with the command, and found by --replay alone', async () => {
    const { namespace, client } = get().space;
    const workflowId = payoutWorkflowId(TEST_POOL_ID, '00000000-0000-4000-8000-000000000001');
    await startEarlierSaga(get().space, workflowId);
    const rows = await get().examine();
    expect(found(rows)).toEqual(['temporal.replay REPLAY_FAILED']);
    const alone = await get().examine({}, { replayOnly: true });
    expect(alone.map(({ check }) => check.split('.')[0])).not.toContain('endpoints');
    const failed = alone.find(({ code }) => code === 'REPLAY_FAILED');
    expect(failed).toMatchObject({
      subject: workflowId,
      what: expect.stringMatching(
        /the payout test-pool\/payout\/0000.* does not replay in this build \([^ ]+\): .*Nondeterminism.*; `temporal workflow terminate .*--workflow-id test-pool\/payout\/0000/,
      ),
      todo: expect.stringMatching(/^Do not start workers of this build/),
    });
    expect(failed?.what).toContain(`--namespace ${namespace}`);
    named.add('temporal.replay REPLAY_FAILED');
    await client.workflow.getHandle(workflowId).terminate();
  });
});

describe('the workers', () => {
  const presence = { id: '00000000-0000-4000-8000-000000000002', host: 'test', sources: ['one'] };
  const forget = () => run(`DELETE FROM worker_process WHERE id = '${presence.id}'`);

  fault('of which one is of another version', 'temporal.workers WORKER_VERSIONS', async () => {
    await noteWorker(get().database.db, { ...presence, version: '0.0.9' });
    return { undo: forget };
  });

  it('that have all stopped are one finding, not one for each queue', async () => {
    await get().worker.process.stop();
    const rows = await get().examine();
    expect(found(rows)).toEqual(['temporal.workers WORKER_MISSING']);
    named.add('temporal.workers WORKER_MISSING');
  });
});

describe('all in all', () => {
  it('at least 24 different faults were named rightly, each with nothing healthy blamed', () => {
    expect(named.size).toBeGreaterThanOrEqual(24);
  });
});

/** The block as it would be if it had been made an hour earlier. */
function hourOlder(block: unknown): unknown {
  if (typeof block !== 'object' || block === null || !('timestamp' in block)) return block;
  return { ...block, timestamp: `0x${(Number(block.timestamp) - 3_600).toString(16)}` };
}

const START_TIMER = 3;

/**
 * Starts a saga and takes its first step as a worker of another build would, as Temporal sees it: with a timer, which today's
 * saga does not begin with.
 */
async function startEarlierSaga({ client, namespace }: TestNamespace, workflowId: string) {
  const taskQueue = 'earlier-build';
  const { workflowService } = client;
  await client.workflow.start('payout', {
    workflowId,
    taskQueue,
    args: [{ poolId: TEST_POOL_ID, payoutId: 'of another build' }],
    typedSearchAttributes: [{ key: poolIdKey, value: TEST_POOL_ID }],
  });
  const { taskToken } = await client.withDeadline(Date.now() + 30_000, () =>
    workflowService.pollWorkflowTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      identity: 'a worker of another build',
    }),
  );
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken,
    commands: [
      {
        commandType: START_TIMER,
        startTimerCommandAttributes: { timerId: '1', startToFireTimeout: msToTs('1 hour') },
      },
    ],
  });
  const query = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
  await until('it is listed', async () => {
    for await (const _ of client.workflow.list({ query })) return true;
    return false;
  });
}
