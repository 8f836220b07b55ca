/** Adds up what an answer is worth while it is written, without any code of the manager. */

/** What the ledger must say when everything is counted. Amounts are decimal strings. */
export interface Expected {
  /** Duplicates included. */
  readonly elements: number;
  readonly distinct: number;
  /** The jobs among the distinct events. */
  readonly jobs: number;
  readonly aiJobs: number;
  readonly boundAiJobs: number;
  /** The key is the address in lower case. */
  readonly netWei: Readonly<Record<string, string>>;
  readonly jobsOf: Readonly<Record<string, number>>;
  readonly commissionWei: string;
  readonly unattributedWei: string;
}

export class AnswerTally {
  elements = 0;
  distinct = 0;
  private jobs = 0;
  private aiJobs = 0;
  private boundAiJobs = 0;
  private commissionWei = 0n;
  private unattributedWei = 0n;
  private readonly netWei = new Map<string, bigint>();
  private readonly jobsOf = new Map<string, number>();

  constructor(private readonly commissionBps: number) {}

  /** A job whose worker is known when it comes. */
  earned(payee: string, feeWei: bigint): void {
    this.jobs += 1;
    this.credit(payee, feeWei);
  }

  /** An AI job after its received half. */
  bound(payee: string, feeWei: bigint): void {
    this.aiJobs += 1;
    this.boundAiJobs += 1;
    this.earned(payee, feeWei);
  }

  /** An AI job whose received half comes later, or never. */
  waits(feeWei: bigint): void {
    this.jobs += 1;
    this.aiJobs += 1;
    this.unattributedWei += feeWei;
  }

  /** The received half of an AI job that waited. */
  boundLate(payee: string, feeWei: bigint): void {
    this.boundAiJobs += 1;
    this.unattributedWei -= feeWei;
    this.credit(payee, feeWei);
  }

  result(): Expected {
    const { elements, distinct, jobs, aiJobs, boundAiJobs } = this;
    return {
      elements,
      distinct,
      jobs,
      aiJobs,
      boundAiJobs,
      netWei: Object.fromEntries([...this.netWei].map(([payee, wei]) => [payee, wei.toString()])),
      jobsOf: Object.fromEntries(this.jobsOf),
      commissionWei: this.commissionWei.toString(),
      unattributedWei: this.unattributedWei.toString(),
    };
  }

  private credit(payee: string, feeWei: bigint): void {
    const key = payee.toLowerCase();
    const commissionWei = (feeWei * BigInt(this.commissionBps)) / 10_000n;
    this.commissionWei += commissionWei;
    this.netWei.set(key, (this.netWei.get(key) ?? 0n) + feeWei - commissionWei);
    this.jobsOf.set(key, (this.jobsOf.get(key) ?? 0) + 1);
  }
}
