/** A manager as the simulation drives it: the product, or a control that must be caught. */
import type { Books } from './books.js';
import type { FaultTally } from './fault-classes.js';
import type { OrchestratorServer } from './orchestrator-server.js';
import type { PassOutcome } from './pass.js';
import type { PlannedPass, PlannedSource } from './simulation-plan.js';
import type { KillPlan } from './wire-tap.js';

/** What a manager is given: its sources and settings. */
export interface ManagerScene {
  readonly sources: readonly PlannedSource[];
  readonly server: OrchestratorServer;
  readonly tally: FaultTally;
}

export interface Poll {
  readonly nowMs: number;
  readonly passes: readonly PlannedPass[];
  /** True when all sources are synced at the same time. Several passes over one source always run at the same time. */
  readonly atOnce: boolean;
}

export interface Manager {
  poll(poll: Poll): Promise<readonly PassOutcome[]>;
  /** Runs a separate process that syncs all sources and is killed. */
  sigkill(pass: {
    readonly nowMs: number;
    readonly batchSize: number;
    readonly kill: KillPlan;
  }): Promise<readonly PassOutcome[]>;
  /** Changes the terms from now on. Returns the first later batch of each source. */
  setTerms(nowMs: number, commissionBps: number): Promise<ReadonlyMap<string, number>>;
  setCap(maxJobFeeWei: bigint): void;
  setVersion(version: string): void;
  /** Returns the manager's own invariants that do not hold. */
  look(): Promise<readonly string[]>;
  books(): Promise<Books>;
  stop(): Promise<void>;
}
