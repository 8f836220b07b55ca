/** An orchestrator's AI jobs whose workers its routing picks, one after the other. */
import type { Random } from '../kit/random.js';
import type { Happening, Orchestrator } from './simulator.js';
import { happening } from './simulator-jobs.js';
import type { SimulatedRouting } from './simulator-routing.js';

const MODEL = { pipeline: 'llm', modelID: 'own/er' } as const;
const UNITS = 1_000n;
const PRICE_WEI = 1_000_000_000_000n;
const NS_PER_MS = 1_000_000;

export interface RoutedWorker {
  /** In lower case. */
  readonly address: string;
  /** How long it takes for a job. It may change: a machine can become faster. */
  responseMs: number;
}

export class RoutedJobs {
  private made: number;

  constructor(
    private readonly options: {
      readonly orchestrator: Orchestrator;
      readonly workers: readonly RoutedWorker[];
      readonly random: Random;
    },
  ) {
    this.made = options.orchestrator.lastJob();
  }

  /** Connects all workers. */
  connect(atMs: number): void {
    const { orchestrator, workers } = this.options;
    const connected = workers.map(({ address: ethAddress }, n) => {
      const connection = `10.0.0.${n}:1024`;
      const truth = { worker: ethAddress, connection };
      return happening(atMs, 'worker-connected', { ethAddress, connection }, truth);
    });
    orchestrator.insert([happening(atMs, 'orchestrator-reset', {}), ...connected]);
  }

  /** Hands out this many jobs, each of which is processed, and returns how many each worker got, by its address. */
  async handOut(
    jobs: number,
    routing: SimulatedRouting,
    atMs: () => number = Date.now,
  ): Promise<ReadonlyMap<string, number>> {
    const { orchestrator, workers } = this.options;
    const addresses = workers.map(({ address }) => address);
    const got = new Map<string, number>();
    for (let n = 0; n < jobs; n += 1) {
      const picked = await routing.pick(addresses, MODEL);
      const worker = workers.find(({ address }) => address === picked);
      if (worker === undefined) throw new RangeError(`nobody is ${picked}`);
      orchestrator.insert(this.halves(worker, atMs()));
      got.set(picked, (got.get(picked) ?? 0) + 1);
    }
    return got;
  }

  private halves({ address, responseMs }: RoutedWorker, atMs: number): readonly Happening[] {
    this.made += 1;
    const job = this.made;
    const requestID = `${job.toString(16).padStart(6, '0')}${this.options.random.hex(4)}`;
    const fees = UNITS * PRICE_WEI;
    const processed = {
      ...MODEL,
      requestID,
      fees,
      computeUnits: UNITS,
      pricePerComputeUnit: PRICE_WEI,
      responseTime: responseMs * NS_PER_MS,
    };
    const truth = { job, worker: address };
    return [
      happening(atMs, 'job-received', { ...MODEL, requestID, ethAddress: address }, truth),
      happening(atMs, 'job-processed', processed, { ...truth, grossWei: String(fees) }),
    ];
  }
}
