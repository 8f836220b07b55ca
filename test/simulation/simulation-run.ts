/** Plays a plan with the orchestrators, their server and one manager, and judges the result. */

import type { Evidence, RecordedTerms } from './evidence.js';
import { createFaultTally, type FaultTally } from './fault-classes.js';
import type { Manager, ManagerScene } from './manager.js';
import { createOrchestrator, type Orchestrator } from './orchestrator.js';
import { type OrchestratorServer, serveOrchestrators } from './orchestrator-server.js';
import type { PassOutcome } from './pass.js';
import type { Action, PlannedPass, SimulationPlan } from './simulation-plan.js';
import { makeReport, type SimulationReport } from './simulation-report.js';
import { FIRST_CAP_WEI } from './traffic.js';
import { judge } from './verdict.js';

export interface SimulationOptions {
  readonly plan: SimulationPlan;
  startManager(scene: ManagerScene): Promise<Manager>;
}

/** Plays the seed's plan and judges the result. */
export async function runSimulation(options: SimulationOptions): Promise<SimulationReport> {
  const startedMs = performance.now();
  const { plan } = options;
  const orchestrators = plan.sources.map(({ id }) => createOrchestrator(id));
  const server = await serveOrchestrators(orchestrators);
  const tally = createFaultTally();
  const scene = { sources: plan.sources, server, tally };
  const manager = await options.startManager(scene);
  try {
    const simulation = new Simulation(plan, { orchestrators, server, tally, manager });
    const evidence = await simulation.live();
    const books = await manager.books();
    return makeReport({
      plan,
      evidence,
      verdict: judge(evidence, books),
      injected: tally.counts(),
      broken: simulation.broken,
      elapsedMs: performance.now() - startedMs,
    });
  } finally {
    await manager.stop();
    await server.stop();
  }
}

const HOUR_MS = 3_600_000;
/** How far back a clock is set, so that its times meet those of an earlier datadir. */
const REUSE_WITHIN_MS = 4 * 24 * HOUR_MS;
const MOST_TRIES = 3;

interface World {
  readonly orchestrators: readonly Orchestrator[];
  readonly server: OrchestratorServer;
  readonly tally: FaultTally;
  readonly manager: Manager;
}

class Simulation {
  /** Invariants that did not hold during the run. */
  readonly broken: string[] = [];
  private readonly outcomes: PassOutcome[] = [];
  private readonly terms: RecordedTerms[] = [];
  private readonly unsureClocks = new Set<string>();
  private readonly aheadSources = new Set<string>();
  private readonly aheadReaders = new Set<string>();
  private lastCapWei = FIRST_CAP_WEI;

  constructor(
    private readonly plan: SimulationPlan,
    private readonly world: World,
  ) {}

  async live(): Promise<Evidence> {
    const { plan, world } = this;
    await this.setTerms(0, plan.firstBps);
    for (const action of plan.actions) {
      for (const orchestrator of world.orchestrators) orchestrator.advance(action.atMs);
      await this.act(action);
    }
    await this.comeToRest();
    this.noteWhatCame();
    return {
      sources: plan.sources,
      windowMs: HOUR_MS,
      orchestrators: world.orchestrators,
      offers: world.server.offers,
      outcomes: this.outcomes,
      terms: this.terms,
      firstCapWei: FIRST_CAP_WEI,
      lastCapWei: this.lastCapWei,
      unsureClocks: this.unsureClocks,
      leadingCursors: new Set([...this.aheadSources].filter((id) => this.aheadReaders.has(id))),
    };
  }

  private async act(action: Action): Promise<void> {
    const { manager, tally } = this.world;
    switch (action.kind) {
      case 'write':
        for (const note of action.notes) tally.note(note);
        return this.orchestrator(action.source).write(action.happening, action.atMs);
      case 'poll':
        for (const pass of action.passes) this.noteClock(pass);
        this.outcomes.push(...(await manager.poll({ ...action, nowMs: action.atMs })));
        return;
      case 'sigkill':
        this.outcomes.push(...(await manager.sigkill({ ...action, nowMs: action.atMs })));
        return;
      case 'clock':
        return this.setClock(this.orchestrator(action.source), action.offsetMs);
      case 'dialect':
        this.orchestrator(action.source).isLowerCase = action.isLowerCase;
        return;
      case 'wipe':
        return this.wipe(action);
      case 'terms':
        return this.setTerms(action.atMs, action.commissionBps);
      case 'cap':
        tally.note('capRaised');
        this.lastCapWei = action.maxJobFeeWei;
        return manager.setCap(action.maxJobFeeWei);
      case 'version':
        tally.note('versionChanged');
        return manager.setVersion(action.version);
      case 'note':
        return tally.note(action.fault);
      case 'look':
        this.broken.push(...(await manager.look()));
    }
  }

  private orchestrator(index: number): Orchestrator {
    const orchestrator = this.world.orchestrators[index];
    if (orchestrator === undefined) throw new RangeError(`there is no source ${index}`);
    return orchestrator;
  }

  private setClock(orchestrator: Orchestrator, offsetMs: number): void {
    const { tally } = this.world;
    if (offsetMs > 0) {
      tally.note('clockAhead');
      this.aheadSources.add(orchestrator.sourceId);
      this.unsureClocks.add(orchestrator.sourceId);
    }
    if (offsetMs < 0) tally.note('clockBehind');
    if (offsetMs < orchestrator.clockOffsetMs) tally.note('clockBack');
    orchestrator.clockOffsetMs = offsetMs;
  }

  private noteClock({ clockOffMs, source }: PlannedPass): void {
    const { tally } = this.world;
    const { sourceId } = this.orchestrator(source);
    if (clockOffMs > 0) {
      tally.note('managerClockAhead');
      this.aheadReaders.add(sourceId);
    } else if (clockOffMs < 0) {
      tally.note('managerClockBehind');
      this.unsureClocks.add(sourceId);
    }
  }

  private wipe(action: Action & { readonly kind: 'wipe' }): void {
    const orchestrator = this.orchestrator(action.source);
    const { atMs } = action;
    const firstDt = orchestrator.firstDt();
    orchestrator.wipe();
    this.world.tally.note('wipe');
    const backMs = firstDt === undefined ? 0 : atMs - Date.parse(firstDt);
    if (backMs <= 0 || backMs > REUSE_WITHIN_MS) return;
    const offsetMs = orchestrator.clockOffsetMs;
    orchestrator.clockOffsetMs = -backMs;
    for (const { happening } of action.writes) orchestrator.write(happening, atMs);
    orchestrator.clockOffsetMs = offsetMs;
  }

  private async setTerms(atMs: number, commissionBps: number): Promise<void> {
    if (this.terms.at(-1)?.commissionBps === commissionBps) return;
    const firstBatch = await this.world.manager.setTerms(atMs, commissionBps);
    if (this.terms.length > 0) this.world.tally.note('termsChanged');
    this.terms.push({ fromMs: atMs, commissionBps, firstBatch });
  }

  /** Lets a quiet day pass, then makes one pass over everything, and another one that must find nothing new. */
  private async comeToRest(): Promise<void> {
    const { world, plan } = this;
    const restMs = plan.endMs + 26 * HOUR_MS;
    for (const orchestrator of world.orchestrators) orchestrator.advance(restMs);
    for (const source of plan.sources.keys()) {
      for (const nowMs of [restMs, restMs + HOUR_MS]) {
        const outcome = await this.passInPeace(source, nowMs);
        if (outcome.report === null) this.broken.push(`no pass in peace: ${outcome.failure}`);
        else if (nowMs > restMs && outcome.report.fresh > 0) {
          this.broken.push(
            `${outcome.sourceId}: the last pass found ${outcome.report.fresh} events`,
          );
        }
      }
    }
    this.broken.push(...(await world.manager.look()));
  }

  private async passInPeace(source: number, nowMs: number): Promise<PassOutcome> {
    const pass = { source, life: 0, clockOffMs: 0, batchSize: 10_000, fault: null, kill: null };
    for (let tries = 1; ; tries += 1) {
      const [outcome] = await this.world.manager.poll({ nowMs, passes: [pass], atOnce: false });
      if (outcome === undefined) throw new RangeError('a pass has an outcome');
      this.outcomes.push(outcome);
      if (outcome.report !== null || tries === MOST_TRIES) return outcome;
    }
  }

  /** Notes the faults that can be seen only at the end. */
  private noteWhatCame(): void {
    const { tally, server, orchestrators } = this.world;
    for (const [kind, fault] of [
      ['broken', 'connectionBroken'],
      ['endless', 'answerWithoutEnd'],
      ['status', 'httpError'],
      ['twins', 'duplicatedElement'],
      ['pieces', 'answerInPieces'],
    ] as const) {
      tally.note(fault, server.struck.get(kind) ?? 0);
    }
    for (const { shown } of orchestrators) {
      const payloads = new Map<string, string>();
      for (const { id, dt, payload } of shown) {
        const first = payloads.get(`${id} ${dt}`);
        if (first !== undefined && first !== payload) tally.note('wipeReusedIdentity');
        payloads.set(`${id} ${dt}`, payload);
      }
    }
  }
}
