/** Runs the product under test: processes on one database, which are killed and started again. */
import { spawn } from 'node:child_process';
import type { MockActivityEnvironment } from '@temporalio/testing';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { type RebuildOrder, rebuildBalances } from '../../core/history/rebuild/rebuild.js';
import { scriptArgs } from '../../dev/kit/script.js';
import { recordTerms } from '../harness/terms.js';
import { readBooks } from './books.js';
import { setDatabaseClock, simulateClock } from './database-clock.js';
import { roundsUp } from './evidence.js';
import type { KilledSyncJob } from './killed-sync.js';
import type { Manager, ManagerScene, Poll } from './manager.js';
import type { PassOutcome } from './pass.js';
import type { PlannedPass } from './simulation-plan.js';
import {
  quietEnvironment,
  type SyncProcess,
  startSyncProcess,
  stopSyncProcess,
  syncOnce,
} from './sync-process.js';
import { FIRST_CAP_WEI } from './traffic.js';
import type { Trap } from './wire-tap.js';

export async function startProduct(scene: ManagerScene, databaseUrl: string): Promise<Manager> {
  const product = new ProductManager(scene, databaseUrl);
  await product.register();
  return product;
}

/** Rebuilds without writing. Nothing is archived here. */
const REBUILD: RebuildOrder = {
  archiveDir: '/',
  actor: 'simulation',
  apply: null,
  keep: false,
  onProgress: () => undefined,
};

class ProductManager implements Manager {
  /** The connection that reads and configures. It is never killed. */
  private readonly observer: Database;
  private readonly processes = new Map<number, SyncProcess>();
  private readonly configs: readonly SourceConfig[];
  private readonly terminations: Promise<unknown>[] = [];
  private version = '1.0.0';
  private maxJobFeeWei = FIRST_CAP_WEI;
  private passes = 0;

  constructor(
    private readonly scene: ManagerScene,
    private readonly databaseUrl: string,
  ) {
    this.observer = openDatabase({ url: databaseUrl, maxConnections: 2 });
    this.configs = scene.sources.map(({ id, region, nodeType }) => ({
      id,
      region,
      nodeType,
      kind: 'orchestrator-http',
      module: null,
      baseDir: '/',
      from: null,
      syncIntervalMs: 60_000,
      options: { endpoint: scene.server.endpointOf(id), idleTimeout: '30s' },
    }));
  }

  async register(): Promise<void> {
    await simulateClock(this.observer);
    const registered = this.configs.map(async (config) => ({
      ...config,
      readsFrom: (await createEventSource(config)).readsFrom,
    }));
    await registerSources(this.observer, await Promise.all(registered));
  }

  async poll({ nowMs, passes, atOnce }: Poll): Promise<readonly PassOutcome[]> {
    await setDatabaseClock(this.observer, nowMs);
    const bySource = this.scene.sources.map((_, i) => passes.filter(({ source }) => source === i));
    const outcomes: PassOutcome[] = [];
    const run = async (some: readonly PlannedPass[]) => {
      if (some.length > 1) this.scene.tally.note('concurrentPasses');
      outcomes.push(...(await Promise.all(some.map((pass) => this.pass(pass, nowMs)))));
    };
    if (atOnce) await Promise.all(bySource.map(run));
    else for (const some of bySource) await run(some);
    await Promise.all(this.terminations.splice(0));
    await this.buryTheDead();
    return outcomes;
  }

  async sigkill(pass: Parameters<Manager['sigkill']>[0]): Promise<readonly PassOutcome[]> {
    const { nowMs, batchSize, kill } = pass;
    await setDatabaseClock(this.observer, nowMs);
    const job: KilledSyncJob = {
      databaseUrl: this.databaseUrl,
      kill,
      passes: this.configs.map((config) => ({
        config,
        settings: { passId: this.nextPassId(), nowMs, version: this.version, batchSize },
        maxJobFeeWei: this.maxJobFeeWei.toString(),
      })),
    };
    const { lines, signal } = await runKilledSync(job);
    if (signal === 'SIGKILL') this.scene.tally.note('sigkilled');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  async setTerms(nowMs: number, commissionBps: number): Promise<ReadonlyMap<string, number>> {
    const rounding = roundsUp(commissionBps) ? 'net-floor' : 'commission-floor';
    const terms = { commissionBps, rounding, thresholdWei: 1n, minIntervalMs: 0 } as const;
    await recordTerms(this.observer, terms, new Date(nowMs));
    const { rows } = await this.observer.$client.query('SELECT id, next_batch FROM source');
    return new Map(rows.map((row) => [String(row.id), Number(row.next_batch)]));
  }

  setCap(maxJobFeeWei: bigint): void {
    this.maxJobFeeWei = maxJobFeeWei;
  }

  setVersion(version: string): void {
    this.version = version;
  }

  async look(): Promise<readonly string[]> {
    const broken = await checkInvariants(this.observer, { withEvents: true });
    const rebuilt = await rebuildBalances(this.observer, REBUILD);
    return [...broken, ...rebuilt.findings].map(({ code, message }) => `${code}: ${message}`);
  }

  books() {
    return readBooks(this.databaseUrl);
  }

  async stop(): Promise<void> {
    for (const life of this.processes.values()) await stopSyncProcess(life);
    await closeDatabase(this.observer);
  }

  private async pass(pass: PlannedPass, trueMs: number): Promise<PassOutcome> {
    const config = this.configs[pass.source];
    if (config === undefined) throw new RangeError(`there is no source ${pass.source}`);
    const { version, maxJobFeeWei } = this;
    const settings = {
      passId: this.nextPassId(),
      nowMs: trueMs + pass.clockOffMs,
      version,
      maxJobFeeWei,
      batchSize: pass.batchSize,
    };
    if (pass.fault !== null) this.scene.server.arm(settings.passId, pass.fault);
    const environment = quietEnvironment();
    const life = this.lifeOf(pass.life);
    if (pass.kill !== null) life.tap.set(this.trap(pass.kill, life, environment));
    const outcome = await syncOnce(life, config, settings, environment);
    if (pass.kill !== null) life.tap.set(null);
    return outcome;
  }

  private trap(
    kill: NonNullable<PlannedPass['kill']>,
    life: SyncProcess,
    environment: MockActivityEnvironment,
  ): Trap {
    const { tally } = this.scene;
    const spring: Trap['spring'] = (client) => {
      if (kill.what === 'process') {
        tally.note(
          ({ before: 'killedBefore', during: 'killedDuring', after: 'killedAfter' } as const)[
            kill.when
          ],
        );
        life.isDead = true;
        life.tap.killAll('this process was killed');
      } else if (kill.what === 'connection') {
        tally.note('connectionLost');
        life.tap.cut(client);
      } else if (kill.what === 'backend') {
        tally.note('backendTerminated');
        const { processID } = client as unknown as { readonly processID: number };
        const statement = 'SELECT pg_terminate_backend($1)';
        this.terminations.push(this.observer.$client.query(statement, [processID]));
      } else {
        tally.note('cancelled');
        environment.cancel('CANCELLED');
      }
    };
    return { ...kill, spring };
  }

  private lifeOf(index: number): SyncProcess {
    const life = this.processes.get(index) ?? startSyncProcess(this.databaseUrl);
    this.processes.set(index, life);
    return life;
  }

  private async buryTheDead(): Promise<void> {
    for (const [index, life] of this.processes) {
      if (!life.isDead) continue;
      this.processes.delete(index);
      await stopSyncProcess(life);
    }
  }

  private nextPassId(): string {
    this.passes += 1;
    return `pass-${this.passes}`;
  }
}

function runKilledSync(
  job: KilledSyncJob,
): Promise<{ readonly lines: readonly string[]; readonly signal: NodeJS.Signals | null }> {
  const args = [...scriptArgs('test/simulation/killed-sync.ts'), JSON.stringify(job)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, complaints] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code !== 0 && signal !== 'SIGKILL')
        reject(new Error(`the process failed:\n${complaints}`));
      else resolve({ lines: out.split('\n'), signal });
    });
  });
}
