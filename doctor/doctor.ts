/** `openpool doctor`: all checks, and which of them depends on which. Nothing is written, signed or locked. */
import type { Connection } from '@temporalio/client';
import type { Config } from '../config/config.js';
import type { Address } from '../core/base/address.js';
import { closeDatabase } from '../core/db/database.js';
import { readDatabaseTimeMs } from '../core/db/database-fit.js';
import type { CheckRow } from '../core/diagnosis/rules/checks.js';
import { newestHeadMs } from '../core/diagnosis/rules/heads.js';
import type { Ledger } from '../core/ledger/store/identity.js';
import { payingWallet } from '../core/payouts/store/wallet/paying-wallet.js';
import { NOBODY, type RightEndpoint, surveyEndpoints } from '../start/checking/endpoint-survey.js';
import { Examination, type Findings, type Step } from './examination.js';
import { compareWithPostgres, tellClocks } from './probes/clocks.js';
import { probeConfiguration, probeDirectories } from './probes/configuration.js';
import * as endpoints from './probes/endpoints.js';
import * as postgres from './probes/postgres.js';
import { probeReplay } from './probes/replay.js';
import { probeOptions, probeReading, probeStanding } from './probes/sources.js';
import * as temporal from './probes/temporal.js';
import * as wallet from './probes/wallet.js';

export interface DoctorOptions {
  readonly configPath: string;
  /** Checks only whether running workflows replay, and what that depends on. @default false */
  readonly replayOnly?: boolean;
  /** Replays all running workflows instead of the newest of each type. @default false */
  readonly replayAll?: boolean;
  /** This machine's clock. @default the system's */
  readonly now?: () => Date;
  /** How long a check may take. Replaying may take ten times as long. @default 8000 */
  readonly limitMs?: number;
}

const LIMIT_MS = 8_000;

/** Runs all checks at once, and returns what they found in the order of the checks. */
export async function examine(options: DoctorOptions): Promise<readonly CheckRow[]> {
  const { configPath, now = () => new Date(), limitMs = LIMIT_MS } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const exam = new Examination(limitMs);
  const config = exam.step('configuration', (findings) => probeConfiguration(configPath, findings));
  const start = { exam, config, closing, now };
  const isAll = options.replayAll === true;
  if (options.replayOnly === true) {
    // Asked before an upgrade: the tables and search attributes of the new version are not there yet.
    const ledger = examineLedgerAlone(start);
    replay(exam, examineNamespace(start, ledger).pool, isAll);
  } else {
    const inPostgres = examinePostgres(start);
    const inTemporal = examineTemporal(start, inPostgres.ledger);
    replay(exam, inTemporal.attributed, isAll);
    examineRest({ ...start, ...inPostgres, ...inTemporal, configPath, limitMs });
  }
  try {
    return await exam.rows();
  } finally {
    await Promise.all(closing.map((close) => close()));
  }
}

interface Start {
  readonly exam: Examination;
  readonly config: Step<Config>;
  /** What has to be closed in the end. */
  readonly closing: (() => Promise<unknown>)[];
  readonly now: () => Date;
}

interface InPostgres {
  readonly reached: Step<postgres.Reached>;
  readonly ledger: Step<Ledger>;
}

interface InNamespace {
  readonly connection: Step<Connection>;
  readonly namespace: Step<void>;
  /** Waits for what a probe of the pool in Temporal needs. */
  readonly pool: (findings: Findings) => Promise<temporal.InTemporal>;
}

interface InTemporal extends InNamespace {
  readonly attributes: Step<void>;
  /** Waits for the search attributes as well. */
  readonly attributed: (findings: Findings) => Promise<temporal.InTemporal>;
}

function connect({ exam, config, closing }: Start): Step<postgres.Reached> {
  return exam.step('postgres.connection', async (findings) => {
    const db = postgres.openRunningDatabase(await findings.need(config));
    if (db !== undefined) closing.push(() => closeDatabase(db));
    return postgres.probeConnection(db, findings);
  });
}

function examineLedgerAlone(start: Start): Step<Pick<Ledger, 'poolId'>> {
  const reached = connect(start);
  return start.exam.step('postgres.ledger', async (findings) =>
    postgres.probePoolId(await findings.need(reached), await findings.need(start.config), findings),
  );
}

function examinePostgres(start: Start): InPostgres {
  const { exam, config } = start;
  const reached = connect(start);
  const schema = exam.step('postgres.schema', async (findings) =>
    postgres.probeSchema(await findings.need(reached), findings),
  );
  const ledger = exam.step('postgres.ledger', async (findings) => {
    await findings.need(schema);
    return postgres.probeLedger(
      await findings.need(reached),
      await findings.need(config),
      findings,
    );
  });
  return { reached, ledger };
}

function examineNamespace(
  { exam, config, closing }: Start,
  ledger: Step<Pick<Ledger, 'poolId'>>,
): InNamespace {
  const connection = exam.step('temporal.connection', async (findings) => {
    const opened = await temporal.probeServer(await findings.need(config), findings);
    closing.push(() => opened.close());
    return opened;
  });
  const both = async (findings: Findings) => {
    const opened = await findings.need(connection);
    return { opened, config: await findings.need(config) };
  };
  const namespace = exam.step('temporal.namespace', async (findings) => {
    const { opened, config } = await both(findings);
    await temporal.probeNamespace(opened, config, findings);
  });
  const pool = async (findings: Findings) => {
    await findings.need(namespace);
    const { opened, config } = await both(findings);
    const { poolId } = await findings.need(ledger);
    return { connection: opened, config, poolId };
  };
  return { connection, namespace, pool };
}

function examineTemporal(start: Start, ledger: Step<Ledger>): InTemporal {
  const { exam, config } = start;
  const inNamespace = examineNamespace(start, ledger);
  const { connection, namespace, pool } = inNamespace;
  const attributes = exam.step('temporal.search-attributes', async (findings) => {
    await findings.need(namespace);
    const opened = await findings.need(connection);
    await temporal.probeAttributes(opened, await findings.need(config), findings);
  });
  const attributed = async (findings: Findings) => {
    await findings.need(attributes);
    return pool(findings);
  };
  return { ...inNamespace, attributes, attributed };
}

function replay(exam: Examination, pool: InNamespace['pool'], isAll: boolean): void {
  exam.step('temporal.replay', async (findings) => {
    const inPool = await pool(findings);
    await findings.takeLonger(() => probeReplay(inPool, isAll, findings));
  });
}

interface Rest extends Start, InPostgres, InTemporal {
  readonly configPath: string;
  readonly limitMs: number;
}

function examineRest(rest: Rest): void {
  const { exam, config, reached } = rest;
  exam.step('postgres.server', async (findings) =>
    postgres.probeServer(await findings.need(reached), findings),
  );
  exam.step('postgres.sessions', async (findings) =>
    postgres.probeSessions(await findings.need(reached), findings),
  );
  exam.step('postgres.rights', async (findings) =>
    postgres.probeRights(await findings.need(reached), findings),
  );
  exam.step('directories', async (findings) =>
    probeDirectories(await findings.need(config), findings),
  );
  const schedules = examineWorkers(rest);
  const right = examineMoney(rest);
  examineSources(rest);
  exam.step('clocks', async (findings) => {
    const heads = (await findings.want(right)) ?? [];
    const { maxHeadAgeMs } = (await findings.need(config)).chain;
    const times = await findings.want(schedules);
    const inPostgres = await findings.want(reached);
    const compared = inPostgres && (await compareWithPostgres(inPostgres.db, rest.now));
    const nowMs = compared?.nowMs ?? rest.now().getTime();
    // Bounds that were read a while ago: time has gone on since.
    const sinceMs = times === undefined ? 0 : nowMs - times.readAtMs;
    const evidence = {
      nowMs,
      postgresMs: compared?.postgresMs ?? null,
      temporalAfterMs: times?.lastMs ?? null,
      temporalBeforeMs: times?.nextMs == null ? null : times.nextMs + sinceMs,
      headMs: newestHeadMs(heads),
      maxHeadAgeMs,
    };
    tellClocks(evidence, findings);
  });
}

function examineWorkers({ exam, config, connection, namespace, pool, reached, now }: Rest) {
  exam.step('temporal.retention', async (findings) => {
    await findings.need(namespace);
    const opened = await findings.need(connection);
    await temporal.probeRetention(opened, await findings.need(config), findings);
  });
  exam.step('temporal.workers', async (findings) => {
    const inPool = await pool(findings);
    await temporal.probeWorkers(inPool, (await findings.need(reached)).db, findings);
  });
  return exam.step('temporal.schedules', async (findings) => {
    const inPool = await pool(findings);
    const readAtMs = now().getTime();
    return { ...(await temporal.probeSchedules(inPool, findings)), readAtMs };
  });
}

/** Looks at wallet and endpoints, and returns the endpoints of our chain. */
function examineMoney(rest: Rest): Step<readonly RightEndpoint[]> {
  const { exam, config, configPath, reached, ledger } = rest;
  const key = exam.step('wallet.key', async (findings) =>
    wallet.probeKey(configPath, await findings.need(config), findings),
  );
  exam.step('wallet.ledger', async (findings) => {
    const address = await findings.need(key);
    const { chainId } = await findings.need(ledger);
    await wallet.probeOwner((await findings.need(reached)).db, { chainId, address }, findings);
  });
  exam.step('wallet.halts', async (findings) => {
    await findings.need(ledger);
    const { db } = await findings.need(reached);
    await wallet.probeHalts(db, await findings.need(config), findings);
  });
  const survey = exam.step('endpoints.connection', async (findings) => {
    const configured = await findings.need(config);
    const asker = await askerOf(rest, key, findings);
    const seen = await surveyEndpoints(configured.chain, asker);
    await endpoints.probeAnswering(seen, configured, findings);
    return { seen, wallet: asker.wallet };
  });
  const right = exam.step('endpoints.chain', async (findings) => {
    const { seen } = await findings.need(survey);
    return endpoints.probeChain(seen, await findings.need(config), findings);
  });
  exam.step('endpoints.answers', async (findings) =>
    endpoints.probeQuestions(await findings.need(right), findings),
  );
  const current = exam.step('endpoints.lag', async (findings) =>
    endpoints.probeLag(await findings.need(right), await findings.need(config), findings),
  );
  const view = exam.step('endpoints.agreement', async (findings) => {
    const asked = await findings.need(current);
    const of = {
      wallet: (await findings.need(survey)).wallet,
      config: await findings.need(config),
    };
    return endpoints.probeAgreement(asked, of, findings);
  });
  exam.step('wallet.balance', async (findings) => {
    const seen = await findings.need(view);
    await findings.need(ledger);
    const { db } = await findings.need(reached);
    // Without either, the endpoints were asked about nobody's wallet.
    if ((await payingWallet(db)) === undefined) await findings.need(key);
    await wallet.probeBalance(db, await findings.need(config), seen, findings);
  });
  return right;
}

/** Which wallet the endpoints are asked about, and the block by which the ledger knows its chain. */
async function askerOf({ reached, ledger }: Rest, key: Step<Address>, findings: Findings) {
  const known = await findings.want(ledger);
  const inPostgres = await findings.want(reached);
  const paying = known && inPostgres && (await payingWallet(inPostgres.db))?.address;
  const address = paying ?? (await findings.want(key)) ?? NOBODY;
  return { wallet: address, anchor: known?.anchor ?? null };
}

function examineSources({ exam, config, reached, ledger, now, limitMs }: Rest): void {
  const made = exam.step('sources.options', async (findings) =>
    probeOptions(await findings.need(config), findings),
  );
  exam.step('sources.reading', async (findings) => {
    const asking = { now: now(), patienceMs: limitMs / 2 };
    await probeReading(await findings.need(made), asking, findings);
  });
  exam.step('sources.standing', async (findings) => {
    await findings.need(ledger);
    const { db } = await findings.need(reached);
    const atMs = await readDatabaseTimeMs(db);
    await probeStanding(db, await findings.need(config), new Date(atMs), findings);
  });
}
