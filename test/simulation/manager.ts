/** A manager as the simulation drives it: the product, or a control that must be caught. */
import type { Books } from './books.js';
import type { FaultTally } from './fault-classes.js';
import type { OrchestratorServer } from './orchestrator-server.js';
import type { PassOutcome } from './pass.js';
import type { PlannedPass, PlannedSource } from './simulation-plan.js';
import type { KillPlan } from './wire-tap.js';

/** The world that a manager is put into. */
export interface ManagerScene {
  readonly sources: readonly PlannedSource[];
  readonly server: OrchestratorServer;
  readonly tally: FaultTally;
}

export interface Poll {
  readonly nowMs: number;
  readonly passes: readonly PlannedPass[];
  /** All sources at the same time. Several passes over one source always are. */
  readonly atOnce: boolean;
}

export interface Manager {
  poll(poll: Poll): Promise<readonly PassOutcome[]>;
  /** A process of its own goes over all sources and is killed. */
  sigkill(pass: {
    readonly nowMs: number;
    readonly batchSize: number;
    readonly kill: KillPlan;
  }): Promise<readonly PassOutcome[]>;
  /** From now on; returns the first batch of each source that comes after it. */
  setTerms(nowMs: number, commissionBps: number): Promise<ReadonlyMap<string, number>>;
  setCap(maxJobFeeWei: bigint): void;
  setVersion(version: string): void;
  /** Invariants of its own that do not hold. */
  look(): Promise<readonly string[]>;
  books(): Promise<Books>;
  stop(): Promise<void>;
}
